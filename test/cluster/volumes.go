// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/node"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/volume"
)

// provideVolumes is a component of the node: "up" starts this very program
// again, to serve volume claims until it is killed.
func provideVolumes(ctx context.Context, env *environment, args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	l := env.node.Layout
	certificate, err := tls.LoadX509KeyPair(l.Certificate("admin"), l.Key("admin"))
	if err != nil {
		return fmt.Errorf("serving volume claims: %w", err)
	}
	authority, err := os.ReadFile(l.Certificate("ca"))
	if err != nil {
		return fmt.Errorf("serving volume claims: %w", err)
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(authority) {
		return errors.New("serving volume claims: no certificate in " + l.Certificate("ca"))
	}
	volume.Server{
		API: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
			Certificates: []tls.Certificate{certificate}, RootCAs: trusted, MinVersion: tls.VersionTLS12,
		}}},
		URL:    node.APIServer,
		Folder: l.Volumes(),
		Log:    env.stdout,
	}.Run(ctx)
	return nil
}
