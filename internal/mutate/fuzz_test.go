// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// FuzzPod feeds pods as the API server would send them: whatever the fuzzer wrote is first read and written by the API
// types, because the API server does the same. The other arguments are laid over the pod, since bytes seldom make a pod
// that says something new. Then every property of the corpus must hold.
func FuzzPod(f *testing.F) {
	for _, c := range fixtures(f, "pods", "pod.yaml") {
		f.Add(c.raw, "", "", "", "", uint8(0))
	}
	quickstart := casePod(f, "quickstart").raw
	f.Add(quickstart, "redis-server /etc/redis.conf --port 7000", "quorum", "2", "/etc", uint8(0))
	f.Add(quickstart, "--save 60 1 --dir /srv", "per-pod-directory", "true", "a/$(B)", uint8(7))
	f.Add(quickstart, "redis-sentinel /s.conf", "role", "sentinel", "/redis-sentinel", uint8(24))
	f.Fuzz(func(t *testing.T, raw []byte, args, annotation, value, mount string, bits uint8) {
		var pod corev1.Pod
		if decode(raw, &pod) != nil || len(pod.Spec.Containers) == 0 {
			return
		}
		overlay(&pod, args, annotation, value, mount, bits)
		if duplicates(pod) {
			return // refused by the API server after admission
		}
		canonical, err := json.Marshal(pod)
		if err != nil {
			return
		}
		c := fixture{dir: "fuzz"}
		r := c.pod(t, canonical)
		switch {
		case r.Reason == "":
			t.Error("no reason")
		case r.Denied != "" && (len(r.Patch) > 0 || r.Group != nil):
			t.Error("refused, and changed")
		case r.Denied == "" && r.Group == nil && len(r.Patch) > 0:
			t.Error("let through, and changed")
		}
		if r.Group == nil {
			return
		}
		if pod.Annotations[contract.AnnotationStatus] == "" {
			checkTwice(t, c, canonical)
			checkUnknown(t, c, canonical)
		}
		checkOrder(t, canonical, apply(t, canonical, r))
	})
}

// FuzzStatefulSet does the same with StatefulSets.
func FuzzStatefulSet(f *testing.F) {
	for _, c := range fixtures(f, "statefulsets", "statefulset.yaml") {
		f.Add(c.raw, c.old, c.settings.NamespaceOptIn)
	}
	f.Fuzz(func(t *testing.T, raw, old []byte, namespaceOptIn bool) {
		canonical, before := canonicalSet(raw), canonicalSet(old)
		if canonical == nil {
			return
		}
		c := fixture{dir: "fuzz", settings: caseSettings{NamespaceOptIn: namespaceOptIn}}
		r := c.set(t, canonical, before)
		if r.Reason == "" || r.Denied != "" && len(r.Patch) > 0 {
			t.Errorf("%+v", r)
		}
		if r.Denied != "" {
			return
		}
		after := apply(t, canonical, r)
		if again := c.set(t, after, after); len(again.Patch) > 0 {
			t.Errorf("the second look: %s %v", again.Reason, again.Patch)
		}
	})
}

// canonicalSet is nil for what the API server would not send.
func canonicalSet(raw []byte) []byte {
	var set appsv1.StatefulSet
	if decode(raw, &set) != nil || len(set.Spec.Template.Spec.Containers) == 0 || duplicates(corev1.Pod{Spec: set.Spec.Template.Spec}) {
		return nil
	}
	out, err := json.Marshal(set)
	if err != nil {
		return nil
	}
	return out
}

// overlay changes a pod as the fuzzer likes.
func overlay(pod *corev1.Pod, args, annotation, value, mount string, bits uint8) {
	c := &pod.Spec.Containers[0]
	if args != "" {
		c.Args = strings.Fields(args)
	}
	if annotation != "" {
		if pod.Annotations == nil {
			pod.Annotations = map[string]string{}
		}
		pod.Annotations[contract.Prefix+annotation] = value
	}
	if mount != "" && len(c.VolumeMounts) > 0 {
		if m := &c.VolumeMounts[0]; strings.HasPrefix(mount, "/") {
			m.MountPath = mount
		} else {
			m.SubPath = mount
		}
	}
	for i, change := range []func(){
		func() { pod.Spec.Volumes = nil },
		func() { c.Env = nil },
		func() { pod.Spec.ServiceAccountName = "mine" },
		func() { c.Lifecycle = &corev1.Lifecycle{} },
		func() { c.LivenessProbe = &corev1.Probe{} },
		func() {
			c.StartupProbe = &corev1.Probe{ProbeHandler: tcp(1), PeriodSeconds: 1 << 30, FailureThreshold: 1 << 30}
		},
		func() { c.Command, c.Args = c.Args, nil },
		func() { pod.Spec.InitContainers, pod.Spec.ImagePullSecrets = nil, nil },
	} {
		if bits&(1<<i) != 0 {
			change()
		}
	}
}

// duplicates finds names that stand twice, which no pod may have.
func duplicates(pod corev1.Pod) bool {
	seen := map[string]bool{}
	twice := func(kind, name string) bool {
		key := kind + name
		defer func() { seen[key] = true }()
		return seen[key] || name == ""
	}
	for _, c := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
		if twice("container ", c.Name) {
			return true
		}
		for _, m := range c.VolumeMounts {
			if twice(c.Name+" mount ", m.MountPath) {
				return true
			}
		}
	}
	for _, v := range pod.Spec.Volumes {
		if twice("volume ", v.Name) {
			return true
		}
	}
	return false
}

func BenchmarkPod(b *testing.B) {
	byName := map[string]fixture{}
	for _, c := range fixtures(b, "pods", "pod.yaml") {
		byName[c.dir] = c
	}
	small, typical := byName["testdata/pods/bare-minimum"], byName["testdata/pods/rich"]
	for _, bench := range []struct {
		name string
		raw  []byte
	}{
		{"small", small.raw},
		{"typical", typical.raw},
		{"env=1500", manyVariables(b, typical.raw, 1500)},
		{"second-look", apply(b, typical.raw, typical.pod(b, typical.raw))},
	} {
		b.Run(bench.name, func(b *testing.B) {
			in := Input{Namespace: "shop", AccountReady: true, HookKey: testKey, Version: "v0.0.0-test"}
			in.Resolved.Agent.Image = "i"
			b.ReportAllocs()
			for b.Loop() {
				r := Pod(bench.raw, in)
				if r.Patch == nil || r.Denied != "" {
					b.Fatal(r.Denied)
				}
			}
		})
	}
}

// BenchmarkDecode is the part of BenchmarkPod that is the decoder's, of the typical pod.
func BenchmarkDecode(b *testing.B) {
	for _, c := range fixtures(b, "pods", "pod.yaml") {
		if c.dir != "testdata/pods/rich" {
			continue
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := DecodePod(c.raw); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// manyVariables is a pod with so many variables that a webhook which compares whole pods takes seconds.
func manyVariables(b *testing.B, raw []byte, n int) []byte {
	b.Helper()
	var pod corev1.Pod
	if err := decode(raw, &pod); err != nil {
		b.Fatal(err)
	}
	for i := range n {
		pod.Spec.Containers[0].Env = append(pod.Spec.Containers[0].Env, corev1.EnvVar{Name: fmt.Sprintf("VARIABLE_%d", i), Value: "some value of some length"})
	}
	pod.Spec.Containers[0].Resources.Limits = corev1.ResourceList{"cpu": resource.MustParse("1")}
	out, err := json.Marshal(pod)
	if err != nil {
		b.Fatal(err)
	}
	return out
}
