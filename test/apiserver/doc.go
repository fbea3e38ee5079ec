// SPDX-License-Identifier: Apache-2.0

// Package apiserver tests the webhook against a real API server, without nodes: registration, certificates, provisioning and
// the rights it needs.
//
// KUBEBUILDER_ASSETS names a directory with the etcd and the kube-apiserver to start, and helm; `make apiserver` sets it. Without it
// every test fails.
package apiserver
