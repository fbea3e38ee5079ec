// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"testing"
	"time"
)

func watchingOf() Watching {
	return Watching{Quorum: 2, DownAfter: 5 * time.Second, FailoverTimeout: 10 * time.Second, ParallelSyncs: 1}
}

// beside is the view beside a Sentinel that agrees with the record that ordinal 0 leads.
func beside(change func(*SentinelView)) SentinelView {
	peers := []Peer{{ID: "b", Address: Address{"10.1.0.2", 26379}}, {ID: "c", Address: Address{"10.1.0.3", 26379}}}
	v := SentinelView{
		Now: clock, Record: recordOf(0), Want: watchingOf(), PodsKnown: true, Peers: peers,
		Pods: []Pod{pod(0).master(), pod(1).replica(0), pod(2).replica(0)},
		Own:  OwnSentinel{Sentinel: sentinels(at(0), holderAt)[0], Watching: watchingOf(), Peers: peers, Replicas: []SeenReplica{{Address: at(1), Priority: 100}, {Address: at(2), Priority: 100}}},
	}
	change(&v)
	return v
}

func TestSentinelSituations(t *testing.T) {
	cases := []struct {
		name   string
		change func(*SentinelView)
		memory SentinelMemory
		action SentinelAction
		reason Reason
	}{
		{name: "agreed", change: func(*SentinelView) {}, action: SentinelWait, reason: Agreed},
		{name: "my Sentinel is silent", change: func(v *SentinelView) { v.Own = OwnSentinel{} }, reason: SentinelSilent},
		{name: "no master yet: nothing is monitored", change: func(v *SentinelView) {
			v.Record, v.Own = Record{Known: true}, OwnSentinel{Sentinel: Sentinel{Answered: true}}
		}, reason: NotFormed},
		{name: "a new group is made at the record's epoch (R15)", change: func(v *SentinelView) {
			v.Own = OwnSentinel{Sentinel: Sentinel{Answered: true}}
		}, action: Recreate, reason: NewGroup},
		{name: "a recorded address that is not master yet is not injected (R13)", change: func(v *SentinelView) {
			v.Record = recordOf(1)
			v.Record.Epoch += 1024
		}, reason: HolderUnverified},
		{name: "the record is ahead and its master answers: inject", change: func(v *SentinelView) {
			v.Record.Epoch += 1024
		}, action: Inject, reason: SentinelBehind},
		{name: "a finished native failover is taken over", change: func(v *SentinelView) {
			v.Own.Address, v.Own.ConfigEpoch = at(1), holderAt+1
			v.Pods = []Pod{pod(0).silent(), pod(1).master(), pod(2).replica(1)}
		}, action: Adopt, reason: NativeSwitch},
		{name: "a record that was deleted and made anew is filled in again", change: func(v *SentinelView) {
			v.Record = Record{Known: true, UID: "second"}
		}, memory: SentinelMemory{MaxEpoch: holderAt, RecordUID: "first"}, action: Adopt, reason: NativeSwitch},
		{name: "nothing is taken over while the failover runs (R2)", change: func(v *SentinelView) {
			v.Own.Address, v.Own.ConfigEpoch, v.Own.FailoverInProgress = at(1), holderAt+1, true
			v.Pods = []Pod{pod(0).silent(), pod(1).master(), pod(2).replica(1)}
		}, reason: FailoverRunning},
		{name: "a spoofed address that is no pod of the group: the holder gets a greater epoch (R12)", change: func(v *SentinelView) {
			v.Own.Address, v.Own.ConfigEpoch = Address{"10.9.9.9", 6379}, holderAt+1
		}, action: Reissue, reason: SwitchToUnknownAddress},
		{name: "a pod that does not answer as master has failover-timeout to do so", change: func(v *SentinelView) {
			v.Own.Address, v.Own.ConfigEpoch = at(1), holderAt+1
		}, reason: SwitchUnverified},
		{name: "after failover-timeout the holder gets a greater epoch (R12)", change: func(v *SentinelView) {
			v.Own.Address, v.Own.ConfigEpoch = at(1), holderAt+1
		}, memory: SentinelMemory{UnverifiedEpoch: holderAt + 1, UnverifiedSince: clock.Add(-11 * time.Second)}, action: Reissue, reason: SwitchUnverified},
		{name: "equal epochs never converge by themselves (R3)", change: func(v *SentinelView) {
			v.Own.Address = at(1)
		}, action: Reissue, reason: EqualEpochs},
		{name: "a lone Sentinel that agrees by address rests, whatever its epoch (R16)", change: func(v *SentinelView) {
			v.Own.ConfigEpoch, v.Own.Peers, v.Peers = 0, nil, nil
		}, reason: Agreed},
		{name: "a lone Sentinel at another address is made anew (R16)", change: func(v *SentinelView) {
			v.Own.Address, v.Own.ConfigEpoch, v.Own.Peers, v.Peers = at(1), 0, nil, nil
		}, action: Recreate, reason: AloneBehind},
		{name: "an epoch beyond belief is undone by making the group anew (R6)", change: func(v *SentinelView) {
			v.Own.ConfigEpoch = ^uint64(0)
		}, action: Recreate, reason: EpochUnbelievable},
		{name: "settings are brought up to the record's", change: func(v *SentinelView) {
			v.Own.Watching.DownAfter = 30 * time.Second
		}, action: Configure, reason: SettingsDiffer},
		{name: "a stale replica is pruned when it stays stale (R15)", change: func(v *SentinelView) {
			v.Own.Replicas = append(v.Own.Replicas, SeenReplica{Address: Address{"10.0.7.7", 6379}})
		}, memory: SentinelMemory{StaleSince: clock.Add(-4 * time.Second)}, action: Recreate, reason: StaleEntries},
		{name: "a replica in sync that my Sentinel does not list is read at once", change: func(v *SentinelView) {
			v.Own.Replicas = nil
		}, action: Recreate, reason: NoElectableReplica},
		{name: "a priority that my Sentinel read before the replica was in sync is read again", change: func(v *SentinelView) {
			v.Own.Replicas = []SeenReplica{{Address: at(1)}, {Address: at(2)}}
		}, action: Recreate, reason: NoElectableReplica},
		{name: "one that can be elected is enough", change: func(v *SentinelView) {
			v.Own.Replicas = v.Own.Replicas[:1]
		}, reason: Agreed},
		{name: "no replica is in sync: nothing is to be read", change: func(v *SentinelView) {
			v.Own.Replicas, v.Pods = nil, v.Pods[:1]
		}, reason: Agreed},
		{name: "it was made anew a moment ago", change: func(v *SentinelView) {
			v.Own.Replicas = nil
		}, memory: SentinelMemory{RenewedAt: clock.Add(-time.Second)}, reason: Agreed},
		{name: "a master that my Sentinel counts as down is left to its election", change: func(v *SentinelView) {
			v.Own.Replicas, v.Own.MasterDown = nil, true
		}, reason: Agreed},
		{name: "a ghost Sentinel is pruned", change: func(v *SentinelView) {
			v.Own.Peers = append(v.Own.Peers, Peer{ID: "ghost"})
		}, memory: SentinelMemory{StaleSince: clock.Add(-4 * time.Second)}, action: Recreate, reason: StaleEntries},
		{name: "a list of pods that cannot be trusted prunes nothing (R14b)", change: func(v *SentinelView) {
			v.PodsKnown, v.Pods = false, v.Pods[:1]
		}, memory: SentinelMemory{StaleSince: clock.Add(-4 * time.Second)}, reason: Agreed},
		{name: "a group is forgotten on a live 404 of its record only", change: func(v *SentinelView) {
			v.RecordGone = true
		}, action: Remove, reason: GroupGone},
		{name: "policy gave the group to another set", change: func(v *SentinelView) {
			v.Elsewhere = true
		}, action: Remove, reason: ServedElsewhere},
		{name: "a record that cannot be read is no evidence (R14b)", change: func(v *SentinelView) {
			v.Record = Record{}
		}, reason: RecordUnknown},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if d, _ := NextForSentinel(beside(c.change), c.memory); d.Action != c.action || d.Reason != c.reason {
				t.Errorf("got %s/%s, want %s/%s", d.Action, d.Reason, c.action, c.reason)
			}
		})
	}
}

func TestRoleLabels(t *testing.T) {
	v := beside(func(v *SentinelView) {
		old := pod(2).silent()
		old.Label = RoleMasterLabel
		v.Pods = []Pod{pod(0).master(), pod(1).replica(0), old}
	})
	d, _ := NextForSentinel(v, SentinelMemory{})
	want := map[string]string{"redis-0": "master", "redis-1": "replica", "redis-2": ""}
	for name, role := range want {
		if got := d.Labels[name]; got != role {
			t.Errorf("label of %s = %q, want %q", name, got, role)
		}
	}
}
