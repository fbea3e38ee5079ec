// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// apiAway is much longer than down-after and failover-timeout together.
const apiAway = time.Minute

// TestAPIAway cuts the pods of a group and its Sentinels off from the API server. Redis and Sentinel need no API: no role may
// change and a client may not notice anything.
func TestAPIAway(t *testing.T) {
	w := connect(t)
	needsNode(t, w)
	group := apply(t, w, namespace(t, w, nil), plain("redis", labelled))
	before, _ := formed(t, w, group)
	master, _ := before.Master()
	writer := writing(t, w, group, world.Writes{ByPods: true})
	cutOff(t, w, group)
	must(t, world.Holds(t.Context(), apiAway, "every role without the API", func(ctx context.Context) string {
		view, err := w.Look(ctx, group)
		if err != nil {
			return err.Error()
		}
		if !sameMaster(view, master) {
			return "the master is another one: " + view.String()
		}
		return view.Missing()
	}))
	if written := stopped(t, writer); len(written.Errors)+len(written.Lost) > 0 {
		t.Errorf("%d errors at the client, %d lost writes", len(written.Errors), len(written.Lost))
	}
}

// TestFailoverWithoutAPI kills the master while the API server is out of reach for the group: Sentinel fails over natively, and
// the record adopts the result when the API is back.
func TestFailoverWithoutAPI(t *testing.T) {
	w := connect(t)
	needsNode(t, w)
	group := apply(t, w, namespace(t, w, nil), plain("redis", labelled))
	before, _ := formed(t, w, group)
	master, _ := before.Master()
	writer := writing(t, w, group, world.Writes{Confirm: true, ByPods: true})
	acknowledged(t, writer, 100)
	heal := cutOff(t, w, group)
	must(t, w.CrashPod(t.Context(), group.Namespace, master.Pod))
	after, took, err := w.WaitView(t.Context(), group, generous, "a native failover", func(view world.View) string {
		for _, node := range view.Nodes {
			if node.Redis.Role == contract.RoleMaster && node.UID == master.UID {
				return "the killed pod still answers"
			}
		}
		return view.Elected()
	})
	must(t, err)
	successor, _ := after.Master()
	t.Logf("%s is master %.1f s after %s was killed, without the API", successor.Pod, took.Seconds(), master.Pod)
	explainSlow(t, w, group, took)
	acknowledged(t, writer, 100)
	heal()
	view, took := formed(t, w, group)
	t.Logf("the record and the labels follow %.1f s after the API is back", took.Seconds())
	if now, _ := view.Master(); now.UID != successor.UID {
		t.Errorf("the master moved from %s to %s when the API came back", successor.Pod, now.Pod)
	}
	if lost := stopped(t, writer).LostReplicated(); len(lost) > 0 {
		t.Errorf("%d writes were lost that a replica had", len(lost))
	}
}

// cutOff breaks the path from the group's pods and its Sentinels to the API server, until heal or the end of the test.
func cutOff(t *testing.T, w *world.World, group world.Group) (heal func()) {
	t.Helper()
	members, err := w.Members(t.Context(), group)
	must(t, err)
	heal = func() {
		ctx, cancel := afterwards(t)
		defer cancel()
		for _, pod := range members {
			// A cut ends with its pod, so one that is gone needs no healing.
			if err := w.HealAPI(ctx, pod.Namespace, pod.Name); err != nil {
				t.Logf("healing %s: %v", pod.Name, err)
			}
		}
	}
	t.Cleanup(heal)
	for _, pod := range members {
		must(t, w.CutAPI(t.Context(), pod.Namespace, pod.Name))
	}
	return heal
}
