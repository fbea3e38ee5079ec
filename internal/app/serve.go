// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/serving"
)

// serve runs until the context ends, and then for as long as API servers may still call.
func serve(ctx context.Context, p Process) error {
	o, err := parseServe(p)
	if err != nil {
		return err
	}
	if p.Getenv("GOGC") == "" {
		serving.PaceCollector(o.now)
	}
	log := logr.FromSlogHandler(slog.NewJSONHandler(p.Stderr, &slog.HandlerOptions{Level: o.logLevel}))
	ctrl.SetLogger(log)
	klog.SetLogger(log)
	cfg, err := findCluster()
	if err != nil {
		return err
	}
	cfg.UserAgent = contract.FieldManager + "/" + o.version
	cfg.QPS, cfg.Burst = 200, 400 // the API server's own priorities hold us back where needed
	stopping := &drain{}
	mgr, err := assemble(ctx, cfg, o, stopping, log)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		log.Info("Stopping soon", "delay", o.shutdownDelay.String())
		stopping.begin()
		time.Sleep(o.shutdownDelay)
		stop()
	})()
	log.Info("Starting", "version", o.version, "namespace", o.namespace)
	if err := mgr.Start(running); err != nil {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}
