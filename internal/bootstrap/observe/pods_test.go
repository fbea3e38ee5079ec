// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
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
