// SPDX-License-Identifier: Apache-2.0

// Package observe asks everyone at once, under one deadline, and writes down what was heard and what was silent.
//
// The Kubernetes API is watched, never polled: an idle group costs no request. Only where a decision depends on it (my
// mastership is unconfirmed, or the named master does not answer) is the record read live, once a turn.
package observe
