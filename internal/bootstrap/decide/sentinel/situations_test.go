// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

func watchingOf() model.Watching {
	return model.Watching{Quorum: 2, DownAfter: 5 * time.Second, FailoverTimeout: 10 * time.Second, ParallelSyncs: 1}
}

// beside is the view beside a Sentinel that agrees with the record that ordinal 0 leads.
func beside(change func(*model.SentinelView)) model.SentinelView {
	peers := []model.Peer{{ID: "b", Address: model.Address{Host: "10.1.0.2", Port: 26379}}, {ID: "c", Address: model.Address{Host: "10.1.0.3", Port: 26379}}}
	v := model.SentinelView{
		Now: clock, Record: recordOf(0), Want: watchingOf(), PodsKnown: true, Peers: peers,
		Pods: []model.Pod{pod(0, master), pod(1, replica(0)), pod(2, replica(0))},
		Own:  model.OwnSentinel{Sentinel: sentinels(at(0), holderAt)[0], Watching: watchingOf(), Peers: peers, Replicas: []model.SeenReplica{{Address: at(1), Priority: 100}, {Address: at(2), Priority: 100}}},
	}
	change(&v)
	return v
}

func TestSentinelSituations(t *testing.T) {
	cases := []struct {
		name   string
		change func(*model.SentinelView)
		memory Memory
		action Action
		reason model.Reason
	}{
		{name: "agreed", change: func(*model.SentinelView) {}, action: Wait, reason: model.Agreed},
		{name: "my Sentinel is silent", change: func(v *model.SentinelView) { v.Own = model.OwnSentinel{} }, reason: model.SentinelSilent},
		{name: "no master yet: nothing is monitored", change: func(v *model.SentinelView) {
			v.Record, v.Own = model.Record{Known: true}, model.OwnSentinel{Sentinel: model.Sentinel{Answered: true}}
		}, reason: model.NotFormed},
		{name: "a new group is made at the record's epoch (R15)", change: func(v *model.SentinelView) {
			v.Own = model.OwnSentinel{Sentinel: model.Sentinel{Answered: true}}
		}, action: Recreate, reason: model.NewGroup},
		{name: "a recorded address that is not master yet is not injected (R13)", change: func(v *model.SentinelView) {
			v.Record = recordOf(1)
			v.Record.Epoch += 1024
		}, reason: model.HolderUnverified},
		{name: "the record is ahead and its master answers: inject", change: func(v *model.SentinelView) {
			v.Record.Epoch += 1024
		}, action: Inject, reason: model.SentinelBehind},
		{name: "a finished native failover is taken over", change: func(v *model.SentinelView) {
			v.Own.Address, v.Own.ConfigEpoch = at(1), holderAt+1
			v.Pods = []model.Pod{pod(0, silent), pod(1, master), pod(2, replica(1))}
		}, action: Adopt, reason: model.NativeSwitch},
		{name: "a record that was deleted and recreated is filled in again", change: func(v *model.SentinelView) {
			v.Record = model.Record{Known: true, UID: "second"}
		}, memory: Memory{MaxEpoch: holderAt, RecordUID: "first"}, action: Adopt, reason: model.NativeSwitch},
		{name: "nothing is taken over while the failover runs (R2)", change: func(v *model.SentinelView) {
			v.Own.Address, v.Own.ConfigEpoch, v.Own.FailoverInProgress = at(1), holderAt+1, true
			v.Pods = []model.Pod{pod(0, silent), pod(1, master), pod(2, replica(1))}
		}, reason: model.FailoverRunning},
		{name: "a spoofed address that no pod of the group has: the holder gets a greater epoch (R12)", change: func(v *model.SentinelView) {
			v.Own.Address, v.Own.ConfigEpoch = model.Address{Host: "10.9.9.9", Port: 6379}, holderAt+1
		}, action: Reissue, reason: model.SwitchToUnknownAddress},
		{name: "a pod that does not answer as master has failover-timeout to do so", change: func(v *model.SentinelView) {
			v.Own.Address, v.Own.ConfigEpoch = at(1), holderAt+1
		}, reason: model.SwitchUnverified},
		{name: "after failover-timeout the holder gets a greater epoch (R12)", change: func(v *model.SentinelView) {
			v.Own.Address, v.Own.ConfigEpoch = at(1), holderAt+1
		}, memory: Memory{UnverifiedEpoch: holderAt + 1, UnverifiedSince: clock.Add(-11 * time.Second)}, action: Reissue, reason: model.SwitchUnverified},
		{name: "equal epochs never converge by themselves (R3)", change: func(v *model.SentinelView) {
			v.Own.Address = at(1)
		}, action: Reissue, reason: model.EqualEpochs},
		{name: "a lone Sentinel that agrees by address rests, whatever its epoch (R16)", change: func(v *model.SentinelView) {
			v.Own.ConfigEpoch, v.Own.Peers, v.Peers = 0, nil, nil
		}, reason: model.Agreed},
		{name: "a lone Sentinel at another address is recreated (R16)", change: func(v *model.SentinelView) {
			v.Own.Address, v.Own.ConfigEpoch, v.Own.Peers, v.Peers = at(1), 0, nil, nil
		}, action: Recreate, reason: model.AloneBehind},
		{name: "an unbelievable epoch is undone by recreating the group (R6)", change: func(v *model.SentinelView) {
			v.Own.ConfigEpoch = ^uint64(0)
		}, action: Recreate, reason: model.EpochUnbelievable},
		{name: "settings are brought up to the record's", change: func(v *model.SentinelView) {
			v.Own.Watching.DownAfter = 30 * time.Second
		}, action: Configure, reason: model.SettingsDiffer},
		{name: "a stale replica is pruned when it stays stale (R15)", change: func(v *model.SentinelView) {
			v.Own.Replicas = append(v.Own.Replicas, model.SeenReplica{Address: model.Address{Host: "10.0.7.7", Port: 6379}})
		}, memory: Memory{StaleSince: clock.Add(-4 * time.Second)}, action: Recreate, reason: model.StaleEntries},
		{name: "a replica in sync that my Sentinel does not list is read at once", change: func(v *model.SentinelView) {
			v.Own.Replicas = nil
		}, action: Recreate, reason: model.NoElectableReplica},
		{name: "a priority that my Sentinel read before the replica was in sync is read again", change: func(v *model.SentinelView) {
			v.Own.Replicas = []model.SeenReplica{{Address: at(1)}, {Address: at(2)}}
		}, action: Recreate, reason: model.NoElectableReplica},
		{name: "one that can be elected is enough", change: func(v *model.SentinelView) {
			v.Own.Replicas = v.Own.Replicas[:1]
		}, reason: model.Agreed},
		{name: "no replica is in sync: nothing is to be read", change: func(v *model.SentinelView) {
			v.Own.Replicas, v.Pods = nil, v.Pods[:1]
		}, reason: model.Agreed},
		{name: "it was recreated a moment ago", change: func(v *model.SentinelView) {
			v.Own.Replicas = nil
		}, memory: Memory{RenewedAt: clock.Add(-time.Second)}, reason: model.Agreed},
		{name: "a master that my Sentinel counts as down is left to its election", change: func(v *model.SentinelView) {
			v.Own.Replicas, v.Own.MasterDown = nil, true
		}, reason: model.Agreed},
		{name: "a ghost Sentinel is pruned", change: func(v *model.SentinelView) {
			v.Own.Peers = append(v.Own.Peers, model.Peer{ID: "ghost"})
		}, memory: Memory{StaleSince: clock.Add(-4 * time.Second)}, action: Recreate, reason: model.StaleEntries},
		{name: "a list of pods that cannot be trusted prunes nothing (R14b)", change: func(v *model.SentinelView) {
			v.PodsKnown, v.Pods = false, v.Pods[:1]
		}, memory: Memory{StaleSince: clock.Add(-4 * time.Second)}, reason: model.Agreed},
		{name: "a group is forgotten on a live 404 of its record only", change: func(v *model.SentinelView) {
			v.RecordGone = true
		}, action: Remove, reason: model.GroupGone},
		{name: "policy gave the group to another set", change: func(v *model.SentinelView) {
			v.Elsewhere = true
		}, action: Remove, reason: model.ServedElsewhere},
		{name: "a record that cannot be read is not evidence (R14b)", change: func(v *model.SentinelView) {
			v.Record = model.Record{}
		}, reason: model.RecordUnknown},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if d, _ := Next(beside(c.change), c.memory); d.Action != c.action || d.Reason != c.reason {
				t.Errorf("got %s/%s, want %s/%s", d.Action, d.Reason, c.action, c.reason)
			}
		})
	}
}

func TestRoleLabels(t *testing.T) {
	v := beside(func(v *model.SentinelView) {
		old := pod(2, silent)
		old.Label = contract.RoleMaster
		v.Pods = []model.Pod{pod(0, master), pod(1, replica(0)), old}
	})
	d, _ := Next(v, Memory{})
	want := map[string]string{"redis-0": "master", "redis-1": "replica", "redis-2": ""}
	for name, role := range want {
		if got := d.Labels[name]; got != role {
			t.Errorf("label of %s = %q, want %q", name, got, role)
		}
	}
}
