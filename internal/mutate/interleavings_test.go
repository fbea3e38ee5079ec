// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"path/filepath"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// injected calls check with each pod of the corpus that is injected, and with the container of its server.
func injected(t *testing.T, check func(*testing.T, corev1.Pod, corev1.Container)) {
	t.Helper()
	checked := 0
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
			i := slices.IndexFunc(pod.Spec.Containers, func(container corev1.Container) bool {
				return slices.ContainsFunc(container.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == contract.ConfigVolume })
			})
			if i < 0 {
				t.Fatal("no container mounts the generated configuration")
			}
			checked++
			check(t, pod, pod.Spec.Containers[i])
		})
	}
	if checked < 10 {
		t.Errorf("only %d pods of the corpus were injected", checked)
	}
}

// TestGeneratedFilesAreReadFromADirectory (K-C6): by subPath a container would see the first version for ever. Redis must not
// write there, or CONFIG REWRITE would decide the role of its next start; Sentinel must.
func TestGeneratedFilesAreReadFromADirectory(t *testing.T) {
	injected(t, func(t *testing.T, pod corev1.Pod, server corev1.Container) {
		for _, m := range server.VolumeMounts {
			if m.Name != contract.ConfigVolume {
				continue
			}
			isRedis := pod.Labels[contract.LabelSentinelSet] == ""
			if m.SubPath != "" || m.SubPathExpr != "" || m.MountPath != contract.ConfigDir || m.ReadOnly != isRedis {
				t.Errorf("mounted as %+v", m)
			}
		}
	})
}

// TestLivenessNeverAsksTheAgent (9, K-B4): an agent that is away must not end a healthy server, and neither may a server that
// is fenced or copies its master's data be ended for what it answers.
func TestLivenessNeverAsksTheAgent(t *testing.T) {
	injected(t, func(t *testing.T, _ corev1.Pod, server corev1.Container) {
		for name, probe := range map[string]*corev1.Probe{"liveness": server.LivenessProbe, "startup": server.StartupProbe} {
			if probe == nil {
				continue
			}
			if probe.TCPSocket == nil || probe.TCPSocket.Port.IntValue() == contract.AgentPort {
				t.Errorf("%s asks %+v", name, probe.ProbeHandler)
			}
		}
		if p := server.ReadinessProbe; p == nil || p.HTTPGet == nil || p.HTTPGet.Host != "" || p.HTTPGet.Port.IntValue() != contract.AgentPort {
			t.Errorf("readiness asks %+v, want the agent, by the pod's own address", p)
		}
	})
}
