// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/admit"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/serving"
)

// assemble wires everything together. Two things are told by channels, because who tells is made before who listens: the
// certificate wakes the recovery, and the policy file has every group looked at again.
func assemble(ctx context.Context, cfg *rest.Config, o serveOptions, stopping *drain, log logr.Logger) (ctrl.Manager, error) {
	live, err := newClient(cfg)
	if err != nil {
		return nil, err
	}
	hookKey, err := serving.EnsureKey(ctx, live, client.ObjectKey{Namespace: o.namespace, Name: o.hookSecret()})
	if err != nil {
		return nil, err
	}
	release, err := serving.EnsureKey(ctx, live, client.ObjectKey{Namespace: o.namespace, Name: o.keySecret()})
	if err != nil {
		return nil, err
	}
	everything, lookAtEverything := notices[provision.Everything]()
	policies, err := newPolicyFile(o.policy, lookAtEverything, metrics.Registry, log.WithName("policy"))
	if err != nil {
		return nil, err
	}
	wake, wakeRecovery := notices[struct{}]()
	cert, err := newCertificate(o, live, wakeRecovery, log)
	if err != nil {
		return nil, err
	}
	mgr, err := newManager(cfg, o, live)
	if err != nil {
		return nil, err
	}
	labels := admit.CachedLabels(mgr.GetCache(), live)
	provisioner := provision.New(live, mgr.GetCache(), mgr.GetEventRecorder(contract.FieldManager), provision.Options{
		Now: o.now, Random: rand.Text, LabelsRole: o.labelsRole(), Release: release,
	})
	reviewer := admit.Reviewer{
		Policy: policies.Policy, NamespaceLabels: labels, Live: live, Excluded: o.excluded(), AccountPresent: provisioner.AccountPresent,
		HookKey: hookKey, Version: o.version,
	}
	admissions := &admit.Server{
		Reviewer: reviewer, Provisioner: provisioner, Metrics: admit.NewMetrics(metrics.Registry), Log: log.WithName("admit"), Now: o.now,
		Events: mgr.GetEventRecorder(contract.FieldManager),
	}
	if err = provision.Register(mgr, provision.NewReconciler(provisioner, reviewer.GroupOf), everything); err != nil {
		return nil, err
	}
	if err = provision.NewHandovers(live, mgr.GetEventRecorder(contract.FieldManager), o.now).Register(mgr); err != nil {
		return nil, err
	}
	recovery := provision.NewRecovery(live, provision.RecoveryOptions{
		Ready: func() error { return cert.Ready(nil) }, OptedIn: optedIn(labels), Excluded: o.excluded(), Wake: wake, Now: o.now,
	}, log.WithName("recovery"))
	filled := &caches{informers: mgr.GetCache()}
	servers, err := listen(ctx, o, admissions, cert, probes{stopping: stopping, certificate: cert.Ready, caches: filled.Ready}, log.WithName("server"))
	if err != nil {
		return nil, err
	}
	for _, runnable := range append(servers, cert, policies, recovery, filled) {
		if err := mgr.Add(runnable); err != nil {
			return nil, fmt.Errorf("adding %T: %w", runnable, err)
		}
	}
	return mgr, nil
}

// notices returns a channel, and a function that puts a notice into it. A notice that was not taken yet stands for all
// that follow.
func notices[T any]() (taken <-chan T, give func()) {
	c := make(chan T, 1)
	return c, func() {
		var notice T
		select {
		case c <- notice:
		default:
		}
	}
}

// newManager builds a manager that serves nothing itself: its servers take any number of connections.
func newManager(cfg *rest.Config, o serveOptions, live client.Client) (ctrl.Manager, error) {
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme:                        live.Scheme(),
		MapperProvider:                func(*rest.Config, *http.Client) (meta.RESTMapper, error) { return live.RESTMapper(), nil },
		Cache:                         provision.CacheOptions(),
		Metrics:                       metricsserver.Options{BindAddress: "0"},
		LeaderElection:                o.leaderElection,
		LeaderElectionID:              o.name + "-leader",
		LeaderElectionNamespace:       o.namespace,
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       new(20 * time.Second),
	})
	if err != nil {
		return nil, fmt.Errorf("building the manager: %w", err)
	}
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "redis_sentinel_webhook_build_info", Help: "1, by version."}, []string{"version"})
	metrics.Registry.MustRegister(info)
	info.WithLabelValues(o.version).Set(1)
	return mgr, nil
}

// optedIn reads a Namespace's label; one that cannot be read has not asked for anything.
func optedIn(labels admit.Labels) func(ctx context.Context, namespace string) bool {
	return func(ctx context.Context, namespace string) bool {
		of, err := labels(ctx, namespace)
		return err == nil && of[contract.LabelOptIn] == contract.OptInEnabled
	}
}
