// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// The field: shapes in which people run Redis. The first lines of a file say what is special and which verdict is wanted; the .want file
// beside it has the whole answer.

// Verdicts.
const (
	adopted     = "adopt"
	adoptedWarn = "adopt with warning"
	refused     = "refuse"
)

// shape is a file of testdata/field.
type shape struct {
	path, wanted string
	set          []byte
}

func shapes(t *testing.T) []shape {
	t.Helper()
	files, err := filepath.Glob("testdata/field/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no shapes", err)
	}
	var out []shape
	for _, path := range files {
		text := read(t, path)
		s := shape{path: path}
		for line := range strings.Lines(string(text)) {
			if wanted, ok := strings.CutPrefix(line, "# wanted: "); ok {
				s.wanted, _, _ = strings.Cut(strings.TrimSpace(wanted), ":")
				s.wanted, _, _ = strings.Cut(s.wanted, " (")
			}
		}
		if !slices.Contains([]string{adopted, adoptedWarn, refused}, s.wanted) {
			t.Fatalf("%s: no verdict is wanted: %q", path, s.wanted)
		}
		for _, document := range bytes.Split(text, []byte("\n---\n")) {
			var kind struct{ Kind string }
			if err := yaml.Unmarshal(document, &kind); err == nil && kind.Kind == "StatefulSet" {
				if s.set, err = yaml.YAMLToJSON(document); err != nil {
					t.Fatal(path, err)
				}
			}
		}
		out = append(out, s)
	}
	return out
}

// fieldWant is a .want file.
type fieldWant struct {
	Verdict  string   `json:"verdict"`
	Denied   []string `json:"denied,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	Notes    []string `json:"notes,omitempty"`
	// Command and Args are those of the server's container, and Settings what its agent is told of it.
	Command  []string       `json:"command,omitempty"`
	Args     []string       `json:"args,omitempty"`
	Settings map[string]any `json:"settings,omitempty"`
}

// review admits the StatefulSet and then its first pod, as a cluster would.
func (s shape) review(t *testing.T) fieldWant {
	t.Helper()
	set, err := DecodeStatefulSet(s.set)
	if err != nil {
		t.Fatal(s.path, err)
	}
	in := SetInput{Namespace: "shop"}
	in.Resolved, in.ResolveErr = defaultPolicy().Resolve(policy.Object{Namespace: "shop", PodLabels: set.Spec.Template.Labels, PodAnnotations: PodAnnotations(set)})
	r := ReviewStatefulSet(set, nil, in)
	want := fieldWant{Verdict: adopted}
	for _, w := range r.Warnings {
		if note, ok := strings.CutPrefix(w, noted); ok {
			want.Notes = append(want.Notes, note)
		} else {
			want.Warnings, want.Verdict = append(want.Warnings, strings.TrimPrefix(w, "redis-sentinel: ")), adoptedWarn
		}
	}
	if r.Denied != "" {
		want.Verdict, want.Denied = refused, strings.Split(r.Denied, "; (")
		return want
	}
	pod := FirstPod(set)
	r = ReviewPod(pod, Input{
		Namespace: "shop", AccountReady: true, HookKey: testKey, Resolved: in.Resolved, ResolveErr: in.ResolveErr, Replicas: Replicas(set), SetAnnotations: set.Annotations,
	})
	if r.Denied != "" {
		t.Fatalf("%s: the StatefulSet is admitted and its pod is not: %s", s.path, r.Denied)
	}
	server := pod.Spec.Containers[slices.IndexFunc(pod.Spec.Containers, func(c corev1.Container) bool {
		return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == contract.ConfigVolume })
	})]
	want.Command, want.Args, want.Settings = server.Command, server.Args, settingsOf(t, pod)
	return want
}

// settingsOf are those settings of the agent that depend on the shape.
func settingsOf(t *testing.T, pod *corev1.Pod) map[string]any {
	t.Helper()
	agent := pod.Spec.InitContainers[slices.IndexFunc(pod.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == contract.AgentContainer })]
	at := slices.IndexFunc(agent.Env, func(e corev1.EnvVar) bool { return e.Name == contract.EnvSettings })
	var all struct{ Redis map[string]any }
	if err := json.Unmarshal([]byte(agent.Env[at].Value), &all); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"group", "recoveryTimeoutMs", "minReplicasToWrite"} {
		delete(all.Redis, name)
	}
	return all.Redis
}

func TestField(t *testing.T) {
	for _, s := range shapes(t) {
		t.Run(strings.TrimSuffix(filepath.Base(s.path), ".yaml"), func(t *testing.T) {
			got := s.review(t)
			if got.Verdict != s.wanted {
				t.Errorf("the verdict is %q, want %q", got.Verdict, s.wanted)
			}
			text, err := yaml.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			path := strings.TrimSuffix(s.path, ".yaml") + ".want"
			if *update {
				if err := os.WriteFile(path, text, 0o644); err != nil { //nolint:gosec // test data
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(string(read(t, path)), "\n"), strings.Split(string(text), "\n")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
