// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// The corpus: a directory below testdata/pods or testdata/statefulsets joins by existing. settings.yaml says what the
// webhook knows beside the object; want.yaml is the whole answer, with the object as it is after the patch, never the
// patch. `go test ./internal/mutate -update` writes every want.yaml again: read the difference before it is committed.
var update = flag.Bool("update", false, "write want.yaml of every case again")

// testKey is the hook's key in all cases.
var testKey = []byte("a key for tests")

// testPolicy is laid below what settings.yaml says.
const testPolicy = `
apiVersion: redis-sentinel.dev/v1alpha1
kind: Policy
defaults: {agent: {image: "redis-sentinel-webhook:dev"}}
sentinelSets:
- {namespace: redis-sentinel-system, name: redis-sentinel, namespaces: ["*"]}
`

// caseSettings is settings.yaml.
type caseSettings struct {
	// About says what the case is for; it is the case's comment.
	About          string `json:"about"`
	Namespace      string `json:"namespace,omitempty"`
	NamespaceOptIn bool   `json:"namespaceOptIn,omitempty"`
	DryRun         bool   `json:"dryRun,omitempty"`
	NoAccount      bool   `json:"noAccount,omitempty"`
	NoKey          bool   `json:"noKey,omitempty"`
	// Replicas are those of the StatefulSet of a pod.
	Replicas int `json:"replicas,omitempty"`
	// Policy replaces testPolicy.
	Policy json.RawMessage `json:"policy,omitempty"`
}

// caseWant is want.yaml.
type caseWant struct {
	Reason   Reason          `json:"reason"`
	Denied   string          `json:"denied,omitempty"`
	Warnings []string        `json:"warnings,omitempty"`
	Group    *Group          `json:"group,omitempty"`
	Object   json.RawMessage `json:"object,omitempty"`
}

// fixture is one case of the corpus.
type fixture struct {
	dir      string
	settings caseSettings
	raw, old []byte
}

func fixtures(t testing.TB, kind, file string) []fixture {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join("testdata", kind, "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no cases in testdata/%s: %v", kind, err)
	}
	known := []string{file, "settings.yaml", "want.yaml", "old.yaml"}
	var out []fixture
	for _, dir := range dirs {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !slices.Contains(known, f.Name()) {
				t.Errorf("%s/%s is read by nothing", dir, f.Name())
			}
		}
		c := fixture{dir: dir, raw: readJSON(t, filepath.Join(dir, file))}
		if _, err := os.Stat(filepath.Join(dir, "old.yaml")); err == nil {
			c.old = readJSON(t, filepath.Join(dir, "old.yaml"))
		}
		settings := read(t, filepath.Join(dir, "settings.yaml"))
		if err := yaml.UnmarshalStrict(settings, &c.settings); err != nil || c.settings.About == "" {
			t.Fatalf("%s/settings.yaml: no about, or %v", dir, err)
		}
		out = append(out, c)
	}
	return out
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path) //nolint:gosec // test data
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func readJSON(t testing.TB, path string) []byte {
	t.Helper()
	out, err := yaml.YAMLToJSON(read(t, path))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out
}

func (c fixture) policy(t testing.TB) *policy.Policy {
	t.Helper()
	if c.settings.Policy == nil {
		return defaultPolicy()
	}
	p, err := policy.Parse(c.settings.Policy)
	if err != nil {
		t.Fatalf("%s: %v", c.dir, err)
	}
	return p
}

var defaultPolicy = sync.OnceValue(func() *policy.Policy {
	p, err := policy.Parse([]byte(testPolicy))
	if err != nil {
		panic(err)
	}
	return p
})

func (c fixture) namespace() string {
	if c.settings.Namespace == "" {
		return "shop"
	}
	return c.settings.Namespace
}

// pod runs the case as the webhook does.
func (c fixture) pod(t testing.TB, raw []byte) Result {
	t.Helper()
	in := Input{
		Namespace: c.namespace(), NamespaceOptIn: c.settings.NamespaceOptIn,
		DryRun: c.settings.DryRun, Replicas: c.settings.Replicas, AccountReady: !c.settings.NoAccount, HookKey: testKey, Version: "v0.0.0-test",
	}
	if c.settings.NoKey {
		in.HookKey = nil
	}
	pod, err := DecodePod(raw)
	if err != nil {
		t.Fatal(err)
	}
	in.Resolved, in.ResolveErr = c.policy(t).Resolve(policy.Object{Namespace: c.namespace(), PodLabels: pod.Labels, PodAnnotations: Effective(pod.Annotations, nil)})
	return ReviewPod(pod, in)
}

func (c fixture) set(t testing.TB, raw, old []byte) Result {
	t.Helper()
	in := SetInput{Namespace: c.namespace(), NamespaceOptIn: c.settings.NamespaceOptIn}
	set, before, err := decodeSets(raw, old)
	if err != nil {
		t.Fatal(err)
	}
	in.Resolved, in.ResolveErr = c.policy(t).Resolve(policy.Object{
		Namespace: c.namespace(), PodLabels: set.Spec.Template.Labels, PodAnnotations: PodAnnotations(set),
	})
	return ReviewStatefulSet(set, before, in)
}

// decodeSets decodes a StatefulSet as it is and, unless it is nil, as it was.
func decodeSets(raw, old []byte) (set, before *appsv1.StatefulSet, err error) {
	if set, err = DecodeStatefulSet(raw); err == nil && old != nil {
		before, err = DecodeStatefulSet(old)
	}
	return set, before, err
}

// apply is what the API server does with the answer.
func apply(t testing.TB, raw []byte, r Result) []byte {
	t.Helper()
	if r.Patch == nil {
		return raw
	}
	patch, err := jsonpatch.DecodePatch(r.Patch)
	if err != nil {
		t.Fatal(err)
	}
	out, err := patch.Apply(raw)
	if err != nil {
		t.Fatalf("applying %s: %v", r.Patch, err)
	}
	return out
}

func TestPodCorpus(t *testing.T) {
	for _, c := range fixtures(t, "pods", "pod.yaml") {
		t.Run(filepath.Base(c.dir), func(t *testing.T) { compare(t, c, c.pod(t, c.raw)) })
	}
}

func TestStatefulSetCorpus(t *testing.T) {
	for _, c := range fixtures(t, "statefulsets", "statefulset.yaml") {
		t.Run(filepath.Base(c.dir), func(t *testing.T) { compare(t, c, c.set(t, c.raw, c.old)) })
	}
}

func compare(t *testing.T, c fixture, r Result) {
	t.Helper()
	if r.Denied != "" && len(r.Patch) > 0 {
		t.Error("refused, and patched")
	}
	got := caseWant{Reason: r.Reason, Denied: r.Denied, Warnings: r.Warnings, Group: r.Group}
	if r.Denied == "" {
		got.Object = apply(t, c.raw, r)
	}
	text, err := yaml.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(c.dir, "want.yaml")
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil { //nolint:gosec // test data
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(string(read(t, path)), "\n"), strings.Split(string(text), "\n")); diff != "" {
		t.Errorf("%s (-want +got)\n%s", c.settings.About, diff)
	}
}
