// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/admit"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/serving"
)

// probes are what readiness asks beside the server itself.
type probes struct {
	stopping            *drain
	certificate, caches healthz.Checker
}

// listen opens the ports for admissions, probes and metrics.
func listen(ctx context.Context, o serveOptions, admissions *admit.Server, cert certificate, ask probes, log logr.Logger) ([]manager.Runnable, error) {
	secure, err := secured(o, cert)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	admissions.Register(mux)
	reviews, err := serving.Listen(ctx, "admissions", ":"+strconv.Itoa(o.port), secure, mux, o.now, log)
	if err != nil {
		return nil, err
	}
	health, err := serving.Listen(ctx, "probes", o.healthAddress, nil, healthOf(reviews, ask), o.now, log)
	if err != nil {
		return nil, err
	}
	servers := []manager.Runnable{reviews, health}
	if o.metricsAddress == "0" {
		return servers, nil
	}
	pages := http.NewServeMux()
	pages.Handle("/metrics", promhttp.HandlerFor(metrics.Registry, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError}))
	counted, err := serving.Listen(ctx, "metrics", o.metricsAddress, nil, pages, o.now, log)
	if err != nil {
		return nil, err
	}
	return append(servers, counted), nil
}

// secured is the TLS of the admission server.
func secured(o serveOptions, cert certificate) (*tls.Config, error) {
	config := &tls.Config{
		GetCertificate: cert.GetCertificate,
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"}, // what API servers speak; less to attack
		// An answer of 14 KB goes in one piece on a fresh connection too, not in ten.
		DynamicRecordSizingDisabled: true,
	}
	if o.clientCA == "" {
		return config, nil
	}
	authorities, err := os.ReadFile(o.clientCA)
	if err != nil {
		return nil, fmt.Errorf("reading --client-ca: %w", err)
	}
	if err := serving.RequireClients(config, authorities, o.clientNames); err != nil {
		return nil, fmt.Errorf("--client-ca %s: %w", o.clientCA, err)
	}
	return config, nil
}

func healthOf(reviews *serving.Server, ask probes) http.Handler {
	mux := http.NewServeMux()
	for path, checks := range map[string]map[string]healthz.Checker{
		"/healthz": {"ping": healthz.Ping},
		"/readyz": {
			"listener": reviews.Ready, "certificate": ask.certificate, "caches": ask.caches, "staying": ask.stopping.Ready,
		},
	} {
		handler := http.StripPrefix(path, &healthz.Handler{Checks: checks})
		mux.Handle(path, handler)
		mux.Handle(path+"/", handler)
	}
	return mux
}
