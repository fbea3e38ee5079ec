// SPDX-License-Identifier: Apache-2.0

// Package controlplane starts a real API server, without controllers and nodes, for the tests that need no more.
package controlplane

import (
	"fmt"
	"os"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// policy is the audit policy: who requested what, once for each request.
const policy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules: [{level: Metadata}]
`

// Start runs etcd and kube-apiserver from the directory that KUBEBUILDER_ASSETS names. The API server listens on the address;
// on loopback if it is empty. If audit names a file, every request is logged there when it has been answered. If clients names a
// directory, the API server presents to webhooks a certificate for ClientName, which the authority in its file ClientAuthority
// signed. A test cannot do anything about the error that stop returns.
func Start(address, audit, clients string) (config *rest.Config, stop func(), err error) {
	environment := &envtest.Environment{}
	server := environment.ControlPlane.GetAPIServer()
	// The ServiceAccount plugin is half of what injection has to coexist with.
	server.Configure().Disable("disable-admission-plugins")
	if audit != "" {
		if err = os.WriteFile(audit+".policy", []byte(policy), 0o644); err != nil {
			return nil, func() {}, fmt.Errorf("writing the audit policy: %w", err)
		}
		server.Configure().Set("audit-policy-file", audit+".policy").Set("audit-log-path", audit)
	}
	if clients != "" {
		var file string
		if file, err = writeClients(clients); err != nil {
			return nil, func() {}, err
		}
		server.Configure().Set("admission-control-config-file", file)
	}
	if address != "" {
		server.SecureServing.Address, server.SecureServing.Port = address, "6443" // the caller's alone, so it is free
	}
	config, err = environment.Start()
	if err != nil {
		return nil, func() {}, fmt.Errorf("starting an API server: %w", err)
	}
	config.QPS, config.Burst = 500, 1000
	return config, func() { _ = environment.Stop() }, nil
}
