// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// TestMasterKilledInPlace kills the master's process without persistence, so that it comes back empty in the same pod at the
// same address: if it leads again, or if the replicas follow it, every key is lost. In ten out of ten no write that a replica
// had confirmed may be lost.
func TestMasterKilledInPlace(t *testing.T) {
	w := connect(t)
	killMasterOften(t, w, 10, func(g world.Group, pod string) error {
		return w.KillContainer(t.Context(), g.Namespace, pod, contract.RedisContainer)
	})
}

// TestMasterAndItsAgentKilledInPlace: nobody is left in the pod to offer the mastership to anyone, and the kubelet waits longer each time before
// it starts the two again. What it says of them is enough for a replica: nobody waits for Sentinels.
func TestMasterAndItsAgentKilledInPlace(t *testing.T) {
	w := connect(t)
	group := killMasterOften(t, w, 5, func(g world.Group, pod string) error { return w.KillPod(t.Context(), g.Namespace, pod) })
	changes, err := w.Events(t.Context(), group.Namespace, "MasterChanged")
	must(t, err)
	for _, change := range changes {
		t.Log(change.Message)
	}
	if !slices.ContainsFunc(changes, func(e corev1.Event) bool { return strings.Contains(e.Message, string(model.MasterGone)) }) {
		t.Error("no replica ever claimed by what the kubelet says")
	}
}

// killMasterOften ends processes of whoever is master, in a group of its own.
func killMasterOften(t *testing.T, w *world.World, times int, kill func(g world.Group, pod string) error) world.Group {
	t.Helper()
	needsNode(t, w)
	group := apply(t, w, namespace(t, w, nil), plain("redis", labelled))
	formed(t, w, group)
	for i := range times {
		t.Run(fmt.Sprintf("%02d", i+1), func(t *testing.T) {
			killMasterInPlace(t, w, group, func(pod string) error { return kill(group, pod) })
		})
	}
	return group
}

// killMasterInPlace ends processes of the master's pod.
func killMasterInPlace(t *testing.T, w *world.World, group world.Group, kill func(pod string) error) {
	t.Helper()
	before, _ := formed(t, w, group)
	master, _ := before.Master()
	writer := writing(t, w, group, world.Writes{Confirm: true})
	acknowledged(t, writer, 100)
	killed := time.Now()
	must(t, kill(master.Pod))
	after, elected, err := w.WaitView(t.Context(), group, generous, "a master after the crash", func(view world.View) string {
		if now, one := view.Master(); one && now.Redis.RunID == master.Redis.RunID {
			return "the killed process still answers"
		}
		return view.Elected()
	})
	must(t, err)
	successor, _ := after.Master()
	acknowledged(t, writer, 100)
	whole, _ := formed(t, w, group)
	written := stopped(t, writer)
	t.Logf("%s was killed; %s is master after %d ms (reason %s), the group is whole after %.1f s", master.Pod, successor.Pod, elected.Milliseconds(), whole.Record.Reason, time.Since(killed).Seconds())
	if lost := written.LostReplicated(); len(lost) > 0 {
		t.Errorf("%d acknowledged writes were lost that a replica had, the first is number %d", len(lost), lost[0].Number)
	}
	if len(written.Lost) == len(written.Acks) {
		t.Error("the data set is gone")
	}
}

// TestMasterPodCrashes makes the master's pod disappear as if its machine were lost: Sentinel fails over, and the pod that
// comes back under the same name follows.
func TestMasterPodCrashes(t *testing.T) {
	w := connect(t)
	group := apply(t, w, namespace(t, w, nil), plain("redis", labelled))
	before, _ := formed(t, w, group)
	master, _ := before.Master()
	writer := writing(t, w, group, world.Writes{Confirm: true})
	acknowledged(t, writer, 100)
	must(t, w.CrashPod(t.Context(), group.Namespace, master.Pod))
	after, elected, err := w.WaitView(t.Context(), group, generous, "a new master", func(view world.View) string {
		if now, one := view.Master(); one && now.UID == master.UID {
			return "the killed pod still answers as master"
		}
		return view.Elected()
	})
	must(t, err)
	successor, _ := after.Master()
	whole, back, err := w.WaitView(t.Context(), group, generous, master.Pod+" to be back", func(view world.View) string {
		if node, there := view.Node(master.Pod); !there || node.UID == master.UID {
			return "its successor is not there yet"
		}
		return view.Missing()
	})
	must(t, err)
	acknowledged(t, writer, 100)
	written := stopped(t, writer)
	explainSlow(t, w, group, elected)
	t.Logf("%s was killed; %s is master after %d ms, the group is whole %.1f s later", master.Pod, successor.Pod, elected.Milliseconds(), back.Seconds())
	if now, _ := whole.Master(); now.Pod == master.Pod {
		t.Errorf("%s came back empty and is master", master.Pod)
	}
	if lost := written.LostReplicated(); len(lost) > 0 {
		t.Errorf("%d acknowledged writes were lost that a replica had", len(lost))
	}
}

// slowFailover is longer than Sentinel needs when its first election succeeds.
const slowFailover = 15 * time.Second

// explainSlow prints what the Sentinels logged when a failover took longer than one election.
func explainSlow(t *testing.T, w *world.World, group world.Group, took time.Duration) {
	t.Helper()
	if took > slowFailover {
		t.Logf("slower than one election: %s", w.DescribeSentinels(t.Context(), group.Sentinels, group.Namespace))
	}
}
