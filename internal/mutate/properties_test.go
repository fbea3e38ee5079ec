// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	psa "k8s.io/pod-security-admission/api"
	psapolicy "k8s.io/pod-security-admission/policy"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// What holds for every fixture, whatever its want.yaml says.

func TestInjectingTwiceIsInjectingOnce(t *testing.T) {
	for _, c := range fixtures(t, "pods", "pod.yaml") {
		t.Run(filepath.Base(c.dir), func(t *testing.T) { checkTwice(t, c, c.raw) })
	}
}

func checkTwice(t testing.TB, c fixture, raw []byte) {
	t.Helper()
	first := c.pod(t, raw)
	if first.Group == nil {
		return
	}
	second := c.pod(t, apply(t, raw, first))
	if len(second.Patch) > 0 || second.Reason != AlreadyInjected {
		t.Errorf("the second look: %s %s %s", second.Reason, second.Denied, second.Patch)
	}
	if diff := cmp.Diff(first.Group, second.Group); diff != "" {
		t.Errorf("the group (-first +second)\n%s", diff)
	}
}

// TestNoPathIsMountedTwice, in no container: the API server refuses such a pod for ever.
func TestNoPathIsMountedTwice(t *testing.T) {
	for _, c := range fixtures(t, "pods", "pod.yaml") {
		var pod corev1.Pod
		if err := decode(apply(t, c.raw, c.pod(t, c.raw)), &pod); err != nil {
			t.Fatal(err)
		}
		for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
			seen := map[string]bool{}
			for _, m := range container.VolumeMounts {
				if seen[m.MountPath] {
					t.Errorf("%s: container %s mounts two volumes at %s", c.dir, container.Name, m.MountPath)
				}
				seen[m.MountPath] = true
			}
		}
	}
}

func TestStampingTwiceIsStampingOnce(t *testing.T) {
	for _, c := range fixtures(t, "statefulsets", "statefulset.yaml") {
		t.Run(filepath.Base(c.dir), func(t *testing.T) {
			first := c.set(t, c.raw, c.old)
			if first.Denied != "" {
				return
			}
			after := apply(t, c.raw, first)
			if second := c.set(t, after, after); len(second.Patch) > 0 {
				t.Errorf("the second look: %s %v", second.Reason, second.Patch)
			}
		})
	}
}

func TestUnknownFieldsSurvive(t *testing.T) {
	for _, c := range fixtures(t, "pods", "pod.yaml") {
		t.Run(filepath.Base(c.dir), func(t *testing.T) { checkUnknown(t, c, c.raw) })
	}
}

// invented is a field that no API type has. It is put into every object of the pod that is not a map of strings.
const invented = "inventedField"

func checkUnknown(t testing.TB, c fixture, raw []byte) {
	t.Helper()
	plain := tree(t, apply(t, raw, c.pod(t, raw)))
	strange := tree(t, raw)
	walk(strange, func(m map[string]any) { m[invented] = map[string]any{"deep": []any{1.0, "x"}} })
	text, err := json.Marshal(strange)
	if err != nil {
		t.Fatal(err)
	}
	got := tree(t, apply(t, text, c.pod(t, text)))
	before := containersAndVolumes(strange)
	for name, after := range containersAndVolumes(got) {
		if _, known := before[name]; known && after[invented] == nil {
			t.Errorf("%s lost an unknown field", name)
		}
	}
	walk(got, func(m map[string]any) { delete(m, invented) })
	if diff := cmp.Diff(plain, got); diff != "" {
		t.Errorf("an unknown field changes the pod (-without +with)\n%s", diff)
	}
}

func tree(t testing.TB, raw []byte) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// walk visits all objects below but maps of strings, whose keys are the user's.
func walk(value any, visit func(map[string]any)) {
	switch v := value.(type) {
	case map[string]any:
		for key, below := range v {
			if !slices.Contains([]string{"labels", "annotations", "requests", "limits", "nodeSelector", "matchLabels", invented}, key) {
				walk(below, visit)
			}
		}
		visit(v)
	case []any:
		for _, below := range v {
			walk(below, visit)
		}
	}
}

// containersAndVolumes are named parts of the pod's spec.
func containersAndVolumes(pod map[string]any) map[string]map[string]any {
	out := map[string]map[string]any{}
	spec, _ := pod["spec"].(map[string]any)
	for _, field := range []string{"containers", "initContainers", "volumes"} {
		parts, _ := spec[field].([]any)
		for _, part := range parts {
			if p, ok := part.(map[string]any); ok {
				name, _ := p["name"].(string)
				out[field+"/"+name] = p
			}
		}
	}
	return out
}

func TestWhatTheUserWroteKeepsItsOrder(t *testing.T) {
	for _, c := range fixtures(t, "pods", "pod.yaml") {
		t.Run(filepath.Base(c.dir), func(t *testing.T) {
			checkOrder(t, c.raw, apply(t, c.raw, c.pod(t, c.raw)))
		})
	}
}

func checkOrder(t testing.TB, raw, patched []byte) {
	t.Helper()
	var before, after corev1.Pod
	if decode(raw, &before) != nil || decode(patched, &after) != nil {
		t.Fatal("not decodable")
	}
	is := func(name string) bool { return strings.HasPrefix(name, "redis-sentinel-") }
	names := func(p corev1.Pod, ours bool) (out []string) {
		for _, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
			if ours || !is(c.Name) {
				out = append(out, c.Name)
			}
		}
		for _, v := range p.Spec.Volumes {
			if (ours || !is(v.Name)) && !strings.HasPrefix(v.Name, apiAccessVolume) {
				out = append(out, "volume "+v.Name)
			}
		}
		return out
	}
	if diff := cmp.Diff(names(before, false), names(after, false)); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
	for i, c := range before.Spec.Containers {
		if d := after.Spec.Containers[i]; c.Image != d.Image || len(d.Env) < len(c.Env) || !cmp.Equal(c.Resources, d.Resources) {
			t.Errorf("container %s changed", c.Name)
		}
	}
}

func TestTheLabelDisabledLeavesEveryPodAlone(t *testing.T) {
	for _, c := range fixtures(t, "pods", "pod.yaml") {
		pod := tree(t, c.raw)
		pod["metadata"].(map[string]any)["labels"].(map[string]any)[contract.LabelOptIn] = contract.OptInDisabled
		raw, err := json.Marshal(pod)
		if err != nil {
			t.Fatal(err)
		}
		if r := c.pod(t, raw); len(r.Patch) > 0 || r.Denied != "" {
			t.Errorf("%s: %s %s", c.dir, r.Reason, r.Denied)
		}
	}
}

// Only the container that makes a directory for an image that may run as root needs more than restricted.
func TestInjectedContainersPassPodSecurityRestricted(t *testing.T) {
	evaluator, err := psapolicy.NewEvaluator(psapolicy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range fixtures(t, "pods", "pod.yaml") {
		r := c.pod(t, c.raw)
		if r.Group == nil {
			continue
		}
		t.Run(filepath.Base(c.dir), func(t *testing.T) {
			var pod corev1.Pod
			if err := decode(apply(t, c.raw, r), &pod); err != nil {
				t.Fatal(err)
			}
			level := psa.LevelRestricted
			if filepath.Base(c.dir) == "shared-claim-as-root" {
				level = psa.LevelBaseline
			}
			spec := corev1.PodSpec{}
			for _, container := range slices.Concat(pod.Spec.InitContainers) {
				if strings.HasPrefix(container.Name, "redis-sentinel-") {
					spec.InitContainers = append(spec.InitContainers, container)
				}
			}
			for _, v := range pod.Spec.Volumes {
				if slices.Contains(volumeNames, v.Name) {
					spec.Volumes = append(spec.Volumes, v)
				}
			}
			version := psa.LevelVersion{Level: level, Version: psa.LatestVersion()}
			result := psapolicy.AggregateCheckResults(evaluator.EvaluatePod(version, &pod.ObjectMeta, &spec))
			if !result.Allowed {
				t.Error(result.ForbiddenReason(), result.ForbiddenDetail())
			}
		})
	}
}

func TestWarningsAreShortEnoughForTheAPIServer(t *testing.T) {
	for _, c := range fixtures(t, "pods", "pod.yaml") {
		for _, w := range c.pod(t, c.raw).Warnings {
			if len(w) > 256 {
				t.Errorf("%s: %d bytes: %s", c.dir, len(w), w)
			}
		}
	}
}
