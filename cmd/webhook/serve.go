// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/admit"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/serving"
)

// serve runs until the context ends, and then for as long as API servers may still call.
func serve(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) error {
	o, help, err := parseServe(args, getenv, stderr)
	if help || err != nil {
		return err
	}
	if getenv("GOGC") == "" {
		debug.SetGCPercent(50) // a heap of a few megabytes: twice as many collections cost next to nothing
	}
	log := logr.FromSlogHandler(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: o.logLevel}))
	ctrl.SetLogger(log)
	klog.SetLogger(log)
	cfg, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the API server: %w", err)
	}
	cfg.UserAgent = contract.FieldManager + "/" + version
	cfg.QPS, cfg.Burst = 200, 400 // the API server's own priorities hold us back where needed
	mgr, drain, err := assemble(ctx, o, cfg, log)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go func() {
		<-ctx.Done()
		log.Info("Stopping soon", "delay", o.shutdownDelay.String())
		drain.Store(true)
		time.Sleep(o.shutdownDelay)
		stop()
	}()
	log.Info("Starting", "version", version, "namespace", o.namespace)
	if err := mgr.Start(running); err != nil {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// certificate is what gives the admission server its certificate.
type certificate interface {
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
	Ready(*http.Request) error
	manager.Runnable
}

// assemble wires everything together. While drain is true the replica is not ready.
func assemble(ctx context.Context, o serveOptions, cfg *rest.Config, log logr.Logger) (mgr ctrl.Manager, drain *atomic.Bool, err error) {
	scheme, err := newScheme()
	if err != nil {
		return nil, nil, fmt.Errorf("building the scheme: %w", err)
	}
	live, err := client.NewWithWatch(cfg, client.Options{Scheme: scheme, Mapper: newMapper()})
	if err != nil {
		return nil, nil, fmt.Errorf("building a client: %w", err)
	}
	hookKey, err := serving.EnsureHookKey(ctx, live, client.ObjectKey{Namespace: o.namespace, Name: o.hookSecret()})
	if err != nil {
		return nil, nil, err
	}
	policies, err := loadPolicy(o.policy, o.agentImage, metrics.Registry, log.WithName("policy"))
	if err != nil {
		return nil, nil, err
	}
	var recovery *provision.Recovery
	cert, err := newCertificate(o, live, func() { recovery.Wake() }, log)
	if err != nil {
		return nil, nil, err
	}
	server := webhook.NewServer(webhook.Options{Port: o.port, TLSOpts: []func(*tls.Config){func(c *tls.Config) {
		c.GetCertificate = cert.GetCertificate
		c.MinVersion = tls.VersionTLS12
		c.NextProtos = []string{"http/1.1"} // what API servers speak; less to attack
	}}})
	if mgr, err = newManager(o, cfg, live, server); err != nil {
		return nil, nil, err
	}
	labels := admit.CachedLabels(mgr.GetCache(), live)
	reviewer := admit.Reviewer{
		Policy: policies.Policy, NamespaceLabels: labels, SetLabels: admit.SetLabels(live), HookKey: hookKey, Version: version,
	}
	provisioner := provision.New(live, mgr.GetCache(), mgr.GetEventRecorder(contract.FieldManager), time.Now)
	(&admit.Server{Reviewer: reviewer, Provisioner: provisioner, Metrics: admit.NewMetrics(metrics.Registry), Log: log.WithName("admit"), Now: time.Now}).Register(server)

	everything := make(chan provision.Everything, 1)
	policies.changed = func() {
		select {
		case everything <- provision.Everything{}:
		default:
		}
	}
	recovery = provision.NewRecovery(live, func() error { return cert.Ready(nil) }, optedIn(labels), log.WithName("recovery"), time.Now)
	caches := &caches{informers: mgr.GetCache()}
	if err := provision.Register(mgr, provision.NewReconciler(provisioner, reviewer.GroupOf), everything); err != nil {
		return nil, nil, err
	}
	for _, runnable := range []manager.Runnable{cert, policies, recovery, caches} {
		if err := mgr.Add(runnable); err != nil {
			return nil, nil, fmt.Errorf("adding %T: %w", runnable, err)
		}
	}
	drain = &atomic.Bool{}
	return mgr, drain, addChecks(mgr, cert, caches, drain)
}

func newManager(o serveOptions, cfg *rest.Config, live client.Client, server webhook.Server) (ctrl.Manager, error) {
	grace := 20 * time.Second
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme:                        live.Scheme(),
		MapperProvider:                func(*rest.Config, *http.Client) (meta.RESTMapper, error) { return live.RESTMapper(), nil },
		Cache:                         provision.CacheOptions(),
		Metrics:                       metricsserver.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress:        o.healthAddress,
		WebhookServer:                 server,
		LeaderElection:                o.leaderElection,
		LeaderElectionID:              o.name + "-leader",
		LeaderElectionNamespace:       o.namespace,
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       &grace,
	})
	if err != nil {
		return nil, fmt.Errorf("building the manager: %w", err)
	}
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "redis_sentinel_webhook_build_info", Help: "1, by version."}, []string{"version"})
	metrics.Registry.MustRegister(info)
	info.WithLabelValues(version).Set(1)
	return mgr, nil
}

// newCertificate is the built-in certificate, or the files of --cert-dir.
func newCertificate(o serveOptions, live client.WithWatch, changed func(), log logr.Logger) (certificate, error) {
	if o.certDir == "" {
		return serving.NewKeeper(live, serving.Options{
			Secret: client.ObjectKey{Namespace: o.namespace, Name: o.authoritySecret()}, Names: o.dnsNames(),
			Configurations: o.configurations, LeafLifetime: o.leafLifetime, Changed: changed, Now: time.Now,
		}, serving.NewMetrics(metrics.Registry), log.WithName("serving")), nil
	}
	files, err := certwatcher.New(filepath.Join(o.certDir, "tls.crt"), filepath.Join(o.certDir, "tls.key"))
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of --cert-dir: %w", err)
	}
	return filedCertificate{files}, nil
}

// filedCertificate is kept by somebody else, and so is caBundle: it is ready once it could be read.
type filedCertificate struct{ *certwatcher.CertWatcher }

func (f filedCertificate) Ready(*http.Request) error {
	_, err := f.GetCertificate(nil)
	return err
}

// optedIn reads a Namespace's label; one that cannot be read has not asked for anything.
func optedIn(labels admit.Labels) func(ctx context.Context, namespace string) bool {
	return func(ctx context.Context, namespace string) bool {
		of, err := labels(ctx, namespace)
		return err == nil && of[contract.LabelOptIn] == contract.OptInEnabled
	}
}

func addChecks(mgr ctrl.Manager, cert certificate, caches *caches, drain *atomic.Bool) error {
	return errors.Join(
		mgr.AddHealthzCheck("ping", func(*http.Request) error { return nil }),
		mgr.AddReadyzCheck("listener", mgr.GetWebhookServer().StartedChecker()),
		mgr.AddReadyzCheck("certificate", cert.Ready),
		mgr.AddReadyzCheck("caches", caches.Ready),
		mgr.AddReadyzCheck("staying", func(*http.Request) error {
			if drain.Load() {
				return errors.New("the webhook is stopping")
			}
			return nil
		}),
	)
}
