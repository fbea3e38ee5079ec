// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// The numbers in these tests are those of docs/interleavings.md.

// TestPoisonedRecordMovesNoSentinel (6): a pod's account may write the record of its group, and so any epoch into it.
func TestPoisonedRecordMovesNoSentinel(t *testing.T) {
	d, _ := Next(beside(func(v *model.SentinelView) { v.Record.Epoch = ^uint64(0) }), Memory{})
	if d.Action != Wait || d.Reason != model.EpochUnbelievable {
		t.Errorf("%s/%s, want it to wait", d.Action, d.Reason)
	}
}

// TestInjectionWaitsForThePromotion (13): the agents beside the Sentinels hear of a claim when the claimant does.
func TestInjectionWaitsForThePromotion(t *testing.T) {
	claimed := func(v *model.SentinelView) {
		v.Record = recordOf(1)
		v.Record.Epoch += 1024
	}
	d, m := Next(beside(claimed), Memory{MaxEpoch: holderAt})
	if d.Action != Wait || d.Reason != model.HolderUnverified || d.Recheck > 10*time.Millisecond {
		t.Errorf("before the promotion: %s/%s, again after %s", d.Action, d.Reason, d.Recheck)
	}
	promoted := func(v *model.SentinelView) { claimed(v); v.Pods[1] = pod(1, master) }
	if d, _ := Next(beside(promoted), m); d.Action != Inject || d.Target != at(1) {
		t.Errorf("after it: %s to %s, want the new master injected", d.Action, d.Target)
	}
	later := func(v *model.SentinelView) { claimed(v); v.Now = clock.Add(time.Minute) }
	if d, _ := Next(beside(later), m); d.Recheck < 100*time.Millisecond {
		t.Errorf("one that is never promoted is asked every %s", d.Recheck)
	}
}

// TestStaleReplicaEntryIsPruned (15): any server that appears at such an address would be ordered to follow our master. A
// foreign server there is in danger now; an address without a server is given some seconds, and one list is recreated at a
// time.
func TestStaleReplicaEntryIsPruned(t *testing.T) {
	gone := model.Address{Host: "10.0.7.7", Port: 6379}
	stale := func(v *model.SentinelView) { v.Own.Replicas = append(v.Own.Replicas, model.SeenReplica{Address: gone}) }
	d, m := Next(beside(stale), Memory{})
	if d.Action != Wait {
		t.Errorf("at once: %s/%s", d.Action, d.Reason)
	}
	later := func(v *model.SentinelView) { stale(v); v.Now = clock.Add(staleFor) }
	if d, m = Next(beside(later), m); d.Action != Recreate || d.Reason != model.StaleEntries || !d.Live {
		t.Errorf("after %s: %s/%s, want the group recreated, where the API is", staleFor, d.Action, d.Reason)
	}
	for _, c := range []struct {
		later time.Duration
		want  Action
	}{{time.Second, Wait}, {2*staleFor + time.Second, Wait}, {2 * pruneEvery, Recreate}} {
		again := func(v *model.SentinelView) { stale(v); v.Now = clock.Add(staleFor + c.later) }
		if d, m = Next(beside(again), m); d.Action != c.want {
			t.Errorf("%s after that: %s/%s, want %s", c.later, d.Action, d.Reason, c.want)
		}
	}
	foreign := func(v *model.SentinelView) { stale(v); v.ForeignServers = []model.Address{gone} }
	if d, _ = Next(beside(foreign), Memory{}); d.Action != Recreate {
		t.Errorf("a foreign server answers there: %s/%s, want the group recreated at once", d.Action, d.Reason)
	}
	dead := func(v *model.SentinelView) { stale(v); v.Pods[0].Redis = model.Redis{} }
	if d, _ = Next(beside(dead), Memory{}); d.Action != Recreate || !d.Live {
		t.Errorf("the master is dead: %s/%s, want the group recreated at once, where the API is", d.Action, d.Reason)
	}
	if d, _ = Next(beside(func(v *model.SentinelView) { v.Own.Sentinel = model.Sentinel{Answered: true} }), Memory{}); d.Action != Recreate || d.Live {
		t.Errorf("my Sentinel does not know it: %s/%s, want it told, the API there or not", d.Action, d.Reason)
	}
}

// TestFailoverHasItsTimeFromItsBeginning: how long my Sentinel watched the group before does not count.
func TestFailoverHasItsTimeFromItsBeginning(t *testing.T) {
	_, m := Next(beside(func(*model.SentinelView) {}), Memory{})
	late := clock.Add(time.Hour)
	stuck := func(after time.Duration) func(*model.SentinelView) {
		return func(v *model.SentinelView) {
			v.Now, v.Own.FailoverInProgress, v.Own.Address = late.Add(after), true, v.Pods[1].Address
		}
	}
	d, m := Next(beside(stuck(0)), m)
	if d.Reason != model.FailoverRunning {
		t.Errorf("as it begins: %s %s", d.Action, d.Reason)
	}
	v := beside(stuck(0))
	v.Now = late.Add(2*v.Want.FailoverTimeout + time.Second)
	if d, _ = Next(v, m); d.Reason != model.FailoverStuck {
		t.Errorf("after twice failover-timeout: %s %s", d.Action, d.Reason)
	}
}

// TestLoneSentinelSettles (16): recreated it has config-epoch 0, below the record's; that must not be a reason to do it again.
func TestLoneSentinelSettles(t *testing.T) {
	lone := func(names model.Address, epoch uint64) func(*model.SentinelView) {
		return func(v *model.SentinelView) {
			v.Own.Address, v.Own.ConfigEpoch, v.Own.Peers, v.Peers = names, epoch, nil, nil
		}
	}
	if d, _ := Next(beside(lone(at(0), 0)), Memory{}); d.Action != Wait {
		t.Errorf("it agrees by address: %s/%s", d.Action, d.Reason)
	}
	native := func(v *model.SentinelView) {
		lone(at(1), holderAt+1)(v)
		v.Pods = []model.Pod{pod(0, silent), pod(1, master), pod(2, replica(1))}
	}
	if d, _ := Next(beside(native), Memory{}); d.Action != Adopt {
		t.Errorf("its own failover: %s/%s, want it taken over", d.Action, d.Reason)
	}
	if d, _ := Next(beside(lone(at(1), 0)), Memory{}); d.Action != Recreate {
		t.Errorf("at another address: %s/%s, want it recreated", d.Action, d.Reason)
	}
}

// TestFencedPodsBearNoRole (21, K-C11): a Service must select neither a fenced pod, nor a holder that is not seen as master.
func TestFencedPodsBearNoRole(t *testing.T) {
	late := pod(2, replica(0), linkDown)
	young := pod(0, silent)
	late.Label, young.Label = contract.RoleReplica, contract.RoleReplica
	for name, c := range map[string]struct {
		pods []model.Pod
		want string // of redis-0, redis-1 and redis-2
	}{
		"the holder answers":                        {[]model.Pod{pod(0, master), pod(1, replica(0)), pod(2)}, "master,replica,"},
		"the holder is silent":                      {[]model.Pod{pod(0, silent), pod(1, replica(0)), late}, ",replica,"},
		"the holder is silent and its label is old": {[]model.Pod{young, pod(1, replica(0)), late}, ",replica,"},
		"the holder is a replica":                   {[]model.Pod{pod(0, replica(1)), pod(1, master), late}, ",,"},
		"a replica of another master":               {[]model.Pod{pod(0, master), pod(1, replica(2)), pod(2, replica(0))}, "master,,replica"},
		"a replica that is about to go":             {[]model.Pod{pod(0, master), pod(1, replica(0)), edited(pod(2, replica(0)), func(p *model.Pod) { p.Terminating = true })}, "master,replica,"},
	} {
		s := situation{SentinelView: beside(func(v *model.SentinelView) { v.Pods = c.pods })}
		s.findFacts()
		labels := s.roleLabels()
		if got := labels["redis-0"] + "," + labels["redis-1"] + "," + labels["redis-2"]; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
