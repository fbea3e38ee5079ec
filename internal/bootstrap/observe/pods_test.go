// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestOneFamilyForAGroup: of a pod with two addresses the one of my own family counts, whichever comes first; a server must not
// have two names.
func TestOneFamilyForAGroup(t *testing.T) {
	four, six := corev1.PodIP{IP: "10.0.0.7"}, corev1.PodIP{IP: "fd00::7"}
	for _, ips := range [][]corev1.PodIP{{four, six}, {six, four}} {
		pod := &corev1.Pod{Status: corev1.PodStatus{PodIPs: ips}}
		if got := address(pod, netip.MustParseAddr("10.0.0.1")); got != four.IP {
			t.Errorf("beside an IPv4 pod: %s", got)
		}
		if got := address(pod, netip.MustParseAddr("fd00::1")); got != six.IP {
			t.Errorf("beside an IPv6 pod: %s", got)
		}
	}
	if got := address(&corev1.Pod{Status: corev1.PodStatus{PodIPs: []corev1.PodIP{six}}}, netip.MustParseAddr("10.0.0.1")); got != "" {
		t.Errorf("an address of another family is used: %s", got)
	}
}

// TestOrdinal: only the name that the controller gives counts, or one ordinal would have two pods.
func TestOrdinal(t *testing.T) {
	for pod, want := range map[string]int{
		"redis-0": 0, "redis-10": 10, "redis-01": -1, "redis-+1": -1, "redis--1": -1, "redis-": -1, "redis": -1, "redis-x": -1, "other-1": -1, "redis-redis-1": -1,
	} {
		n, ok := Ordinal("redis", pod)
		if ok != (want >= 0) || ok && n != want {
			t.Errorf("%s: %d, %v, want %d", pod, n, ok, want)
		}
	}
}

// TestServerThatIsDown: what the kubelet says of the container that loads the agent's file, and of no other.
func TestServerThatIsDown(t *testing.T) {
	var ended, back, never corev1.ContainerStatus
	ended.State.Terminated = &corev1.ContainerStateTerminated{ExitCode: 137}
	back.LastTerminationState, back.State.Running = ended.State, &corev1.ContainerStateRunning{}
	never.State.Waiting = &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
	waits := ended
	waits.State, waits.LastTerminationState = never.State, ended.State
	server := corev1.Container{VolumeMounts: []corev1.VolumeMount{{Name: "data"}, {Name: contract.ConfigVolume}}}
	for name, c := range map[string]struct {
		containers map[string]corev1.Container
		server     corev1.ContainerStatus
		other      corev1.ContainerStatus
		ended      bool
	}{
		"it ended":                    {map[string]corev1.Container{"redis": server, "exporter": {}}, ended, back, true},
		"it waits to be started anew": {map[string]corev1.Container{"redis": server, "exporter": {}}, waits, back, true},
		"it runs again":               {map[string]corev1.Container{"redis": server, "exporter": {}}, back, ended, false},
		"it has not run yet":          {map[string]corev1.Container{"redis": server, "exporter": {}}, never, back, true},
		"another one ended":           {map[string]corev1.Container{"redis": {}, "exporter": {}}, ended, ended, false},
		"two load the file":           {map[string]corev1.Container{"redis": server, "exporter": server}, ended, ended, false},
	} {
		pod := podOf("ns", "redis", 1, "uid", "10.0.0.1")
		for _, container := range []string{"exporter", "redis"} {
			spec := c.containers[container]
			spec.Name = container
			pod.Spec.Containers = append(pod.Spec.Containers, spec)
		}
		c.server.Name, c.other.Name = "redis", "exporter"
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{c.other, c.server}
		for _, trimmed := range []bool{false, true} {
			if trimmed {
				trim(pod)
			}
			if got := podFacts(pod, 1, 6379, netip.Addr{}).Down; got != c.ended {
				t.Errorf("%s, trimmed %v: %v", name, trimmed, got)
			}
		}
	}
}
