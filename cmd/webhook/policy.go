// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/yaml"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// policyFile holds the policy of a file and follows its changes. A new text that cannot be used leaves the old policy.
type policyFile struct {
	path, agentImage string
	// changed is called after a new policy holds.
	changed func()
	log     logr.Logger
	valid   prometheus.Gauge
	reloads *prometheus.CounterVec

	now  atomic.Pointer[policy.Policy]
	text []byte
}

// loadPolicy reads the file once; without a file it uses the defaults.
func loadPolicy(path, agentImage string, r prometheus.Registerer, log logr.Logger) (*policyFile, error) {
	f := &policyFile{
		path: path, agentImage: agentImage, log: log, changed: func() {},
		valid: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "redis_sentinel_webhook_policy_valid", Help: "1 while the policy file as it is now is the policy that holds.",
		}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redis_sentinel_webhook_policy_reloads_total", Help: "Changes of the policy file by result: loaded or refused.",
		}, []string{"result"}),
	}
	r.MustRegister(f.valid, f.reloads)
	text, err := f.read()
	if err != nil {
		return nil, err
	}
	parsed, err := parsePolicy(text, agentImage)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.text = text
	f.now.Store(parsed)
	f.valid.Set(1)
	return f, nil
}

// Policy is the policy that holds now.
func (f *policyFile) Policy() *policy.Policy { return f.now.Load() }

// NeedLeaderElection is false: every replica answers by the policy.
func (f *policyFile) NeedLeaderElection() bool { return false }

// Start looks at the file every two seconds. A mounted ConfigMap changes by a symbolic link to a directory, which no watch
// of the file itself would tell; reading a few kilobytes does.
func (f *policyFile) Start(ctx context.Context) error {
	const pause = 2 * time.Second
	for f.path != "" {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
			f.look()
		}
	}
	<-ctx.Done()
	return nil
}

// look loads the file if its text changed.
func (f *policyFile) look() {
	text, err := f.read()
	if err == nil && bytes.Equal(text, f.text) {
		return
	}
	var parsed *policy.Policy
	if err == nil {
		f.text = text
		parsed, err = parsePolicy(text, f.agentImage)
	}
	if err != nil {
		f.valid.Set(0)
		f.reloads.WithLabelValues("refused").Inc()
		f.log.Error(err, "Policy file cannot be used, the old policy holds", "file", f.path)
		return
	}
	f.now.Store(parsed)
	f.valid.Set(1)
	f.reloads.WithLabelValues("loaded").Inc()
	f.log.Info("Loaded a changed policy file", "file", f.path)
	f.changed()
}

// emptyPolicy holds where there is no file: the Sentinel set of the chart watches everything.
const emptyPolicy = `apiVersion: redis-sentinel.dev/v1alpha1
kind: Policy
sentinelSets:
  - {namespace: redis-sentinel-system, name: redis-sentinel, namespaces: ["*"]}
`

func (f *policyFile) read() ([]byte, error) { return readPolicy(f.path) }

func readPolicy(path string) ([]byte, error) {
	if path == "" {
		return []byte(emptyPolicy), nil
	}
	text, err := os.ReadFile(path) //nolint:gosec // the administrator names the file
	if err != nil {
		return nil, fmt.Errorf("reading policy: %w", err)
	}
	return text, nil
}

// parsePolicy fills in the agent's image where the text names none.
func parsePolicy(text []byte, agentImage string) (*policy.Policy, error) {
	if agentImage == "" {
		return policy.Parse(text)
	}
	var loose struct {
		Defaults struct {
			Agent struct {
				Image string `json:"image"`
			} `json:"agent"`
		} `json:"defaults"`
	}
	if err := yaml.Unmarshal(text, &loose); err != nil || loose.Defaults.Agent.Image != "" {
		return policy.Parse(text)
	}
	var all map[string]any
	if err := yaml.Unmarshal(text, &all); err != nil || all == nil {
		return policy.Parse(text)
	}
	agent := child(child(all, "defaults"), "agent")
	agent["image"] = agentImage
	filled, err := yaml.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("filling in the agent's image: %w", err)
	}
	return policy.Parse(filled)
}

func child(parent map[string]any, name string) map[string]any {
	found, ok := parent[name].(map[string]any)
	if !ok {
		found = map[string]any{}
		parent[name] = found
	}
	return found
}
