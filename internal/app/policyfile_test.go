// SPDX-License-Identifier: Apache-2.0

package app

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
)

func TestPolicyFileIsFollowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte("apiVersion: redis-sentinel.dev/v1alpha1\nkind: Policy\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("sentinelSets: [{namespace: a, name: b}]\n")
	if _, err := newPolicyFile(policySource{path: path}, func() {}, prometheus.NewRegistry(), logr.Discard()); err == nil {
		t.Error("a first file without an agent's image was taken")
	}
	changes := 0
	f, err := newPolicyFile(policySource{path: path, agentImage: "image:1"}, func() { changes++ }, prometheus.NewRegistry(), logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name, text    string
		sets, changes int
	}{
		{"the same text changes nothing", "sentinelSets: [{namespace: a, name: b}]\n", 1, 0},
		{"an unusable text changes nothing", "sentinelSets: 7\n", 1, 0},
		{"a new text holds", "sentinelSets: [{namespace: a, name: b}, {namespace: a, name: c}]\n", 2, 1},
		{"an image of its own stays", "defaults: {agent: {image: own}}\n", 0, 2},
	} {
		write(step.text)
		f.reload()
		if got := len(f.Policy().Sets()); got != step.sets || changes != step.changes {
			t.Errorf("%s: %d sets after %d changes, want %d after %d", step.name, got, changes, step.sets, step.changes)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if f.reload(); f.Policy() == nil || changes != 2 {
		t.Error("a file that is gone took the policy with it")
	}
}
