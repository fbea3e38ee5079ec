// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestAccountThatIsMadeAgainIsTold: the account is deleted while pods run with its tokens. When it is made again, one Event on the
// StatefulSet names these pods, and no other, and what to do; the account of a new group, and a repair that finds all, tell nothing.
func TestAccountThatIsMadeAgainIsTold(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	create(t, c, statefulSet(ns, "sentinel", "sentinel-headless", 3, nil))
	r := newReplica(t, server)
	renewed := func() (events []string) {
		for line := range strings.Lines(r.told()) {
			if strings.Contains(line, "AccountRenewed") {
				events = append(events, line)
			}
		}
		return events
	}
	if err := r.Ensure(t.Context(), redisGroup(ns)); err != nil {
		t.Fatal(err)
	}
	for name, account := range map[string]string{"redis-0": "redis-sentinel-redis", "redis-1": "redis-sentinel-redis", "redis-other": "default"} {
		pod := podOf(statefulSet(ns, "redis", "redis", 3, nil), 0)
		pod.Name, pod.OwnerReferences, pod.Spec.ServiceAccountName = name, nil, account
		pod.Labels[contract.LabelOptIn] = contract.OptInDisabled
		create(t, c, pod)
	}
	if err := r.Repair(t.Context(), redisGroup(ns)); err != nil {
		t.Fatal(err)
	}
	if got := renewed(); len(got) != 0 {
		t.Fatalf("told before anything happened: %q", got)
	}
	if err := c.Delete(t.Context(), get(t, c, ns, "redis-sentinel-redis", &corev1.ServiceAccount{})); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := r.Repair(t.Context(), redisGroup(ns)); err != nil {
			t.Fatal(err)
		}
	}
	got := renewed()
	if len(got) != 1 || !strings.Contains(got[0], "redis-0, redis-1.") || !strings.Contains(got[0], "kubectl rollout restart statefulset/redis -n "+ns) {
		t.Errorf("told %q", got)
	}
}
