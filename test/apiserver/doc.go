// SPDX-License-Identifier: Apache-2.0

// Package apiserver tests the webhook against a real API server, without nodes: registration, certificates, provisioning and
// the rights it needs.
//
// TEST_KUBECONFIG names a running API server on this machine, without a webhook of its own installed; otherwise
// KUBEBUILDER_ASSETS names a directory with etcd and kube-apiserver to start. With neither the tests are skipped, unless
// REQUIRE_APISERVER is 1.
package apiserver
