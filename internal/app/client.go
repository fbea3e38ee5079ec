// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"time"

	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// askWithin bounds all questions of one command to the API server.
const askWithin = 30 * time.Second

// findCluster reads the account of the pod, or else the kubeconfig.
func findCluster() (*rest.Config, error) {
	cfg, err := ctrl.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the API server: %w", err)
	}
	return cfg, nil
}

// newClient reads and writes without a cache.
func newClient(cfg *rest.Config) (client.WithWatch, error) {
	scheme, err := newScheme()
	if err != nil {
		return nil, fmt.Errorf("building the scheme: %w", err)
	}
	c, err := client.NewWithWatch(cfg, client.Options{Scheme: scheme, Mapper: newMapper()})
	if err != nil {
		return nil, fmt.Errorf("building a client: %w", err)
	}
	return c, nil
}

// connect is a client of the cluster that is found.
func connect() (client.WithWatch, error) {
	cfg, err := findCluster()
	if err != nil {
		return nil, err
	}
	return newClient(cfg)
}
