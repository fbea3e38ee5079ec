// SPDX-License-Identifier: Apache-2.0

// Package e2e holds the tests against a real cluster with a real kubelet and the chart installed. They run on
// that of KUBECONFIG, with TEST_MAY_CHANGE_CLUSTER=1, as make runs them; without one they fail and say so. TEST_CLUSTER_BIN names
// the program of test/cluster, for tests that kill processes from the node; without it those fail.
//
// The tests share one node with two cores, so they run one after another: `go test -p 1 ./test/e2e/...`. Each makes its
// own namespaces and removes them, even when it fails; then it first prints what the namespace looked like. Every wait
// has a deadline and prints what it measured. The tests that take the webhook or the whole release away put it back.
package e2e
