// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// policyPoll is the pause between two looks at the policy file. A mounted ConfigMap changes by a symbolic link to a
// directory, which a watch of the file itself would miss; reading a few kilobytes does not.
const policyPoll = 2 * time.Second

// policyFile holds the policy of a file and follows its changes. A new text that cannot be used leaves the old policy.
type policyFile struct {
	source policySource
	// changed is called after a new policy holds.
	changed func()
	log     logr.Logger
	valid   prometheus.Gauge
	reloads *prometheus.CounterVec

	current atomic.Pointer[policy.Policy]
	text    []byte
}

// newPolicyFile reads the file once; without a file it uses the defaults.
func newPolicyFile(source policySource, changed func(), r prometheus.Registerer, log logr.Logger) (*policyFile, error) {
	f := &policyFile{
		source: source, changed: changed, log: log,
		valid: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "redis_sentinel_webhook_policy_valid", Help: "1 while the policy file as it is now is the policy that holds.",
		}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redis_sentinel_webhook_policy_reloads_total", Help: "Changes of the policy file by result: loaded or refused.",
		}, []string{"result"}),
	}
	r.MustRegister(f.valid, f.reloads)
	var err error
	if f.text, err = source.read(); err != nil {
		return nil, err
	}
	parsed, err := source.parse(f.text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source.path, err)
	}
	f.current.Store(parsed)
	f.valid.Set(1)
	return f, nil
}

// Policy is the policy that holds now.
func (f *policyFile) Policy() *policy.Policy { return f.current.Load() }

// NeedLeaderElection is false: every replica answers by the policy.
func (f *policyFile) NeedLeaderElection() bool { return false }

// Start looks at the file, if there is one, until the context ends.
func (f *policyFile) Start(ctx context.Context) error {
	if f.source.path != "" {
		wait.UntilWithContext(ctx, func(context.Context) { f.reload() }, policyPoll)
	}
	<-ctx.Done()
	return nil
}

// reload loads the file if its text changed.
func (f *policyFile) reload() {
	text, err := f.source.read()
	if err == nil && bytes.Equal(text, f.text) {
		return
	}
	var parsed *policy.Policy
	if err == nil {
		f.text = text
		parsed, err = f.source.parse(text)
	}
	if err != nil {
		f.valid.Set(0)
		f.reloads.WithLabelValues("refused").Inc()
		f.log.Error(err, "Cannot use the policy file, the old policy stays in force", "file", f.source.path)
		return
	}
	f.current.Store(parsed)
	f.valid.Set(1)
	f.reloads.WithLabelValues("loaded").Inc()
	f.log.Info("Loaded a changed policy file", "file", f.source.path)
	f.changed()
}
