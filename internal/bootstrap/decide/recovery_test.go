// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// inPlace is the recorded holder whose Redis restarted in its pod, empty and fenced.
func inPlace(n int) model.Pod {
	p := pod(n)
	p.Redis.RunID, p.Redis.ReplID = "run-after", otherID
	return p
}

func TestRestartedInItsPod(t *testing.T) {
	loading := inPlace(0)
	loading.Redis.Answer = model.Loading
	run(t, []situationCase{
		{
			name: "a replica in sync answers: it is offered the mastership at once (incident 39)",
			view: formed(0, inPlace(0), pod(1, replica(0), linkDown), pod(2, replica(0), linkDown)), action: OfferTransfer, reason: model.TransferAfterRestart,
		},
		{
			name: "even while I am still loading (R18)",
			view: formed(0, loading, pod(1, replica(0), linkDown), pod(2, replica(0), linkDown)), action: OfferTransfer, reason: model.TransferAfterRestart,
		},
		{
			name: "empty, and the others are silent: wait, never lead",
			view: formed(0, inPlace(0), pod(1, silent), pod(2, silent)), action: Wait, reason: model.RestartedWaiting,
		},
		{
			name: "a group of one with its data: claim again",
			view: with(formed(0, but(inPlace(0), data(otherID, 0, 10))), func(v *model.View) { v.Replicas = 1 }), action: Claim, reason: model.RestartedInPlace,
		},
		{
			name: "every pod answered and all are empty: the holder leads, and says that the data is gone",
			view: formed(0, inPlace(0), pod(1), pod(2)), action: Claim, reason: model.DataGone,
		},
		{
			name:   "without the API, with data, and a majority of Sentinels names me: the old epoch still counts",
			view:   with(formed(0, but(inPlace(0), data(otherID, 0, 10)), pod(1), pod(2)), func(v *model.View) { v.API = false }),
			action: Promote, reason: model.RestartedInPlace,
		},
		{
			name:   "the same, and the others are silent: they may hold what I lost",
			view:   with(formed(0, but(inPlace(0), data(otherID, 0, 10)), pod(1, silent), pod(2, silent)), func(v *model.View) { v.API = false }),
			action: Wait, reason: model.RestartedWaiting,
		},
		{
			name:   "a Sentinel made me the replica of another, which the record does not know yet: left alone",
			view:   with(formed(0, pod(0, replica(1)), pod(1, master), pod(2, replica(1))), func(v *model.View) { v.Sentinels = silentSentinels() }),
			action: Wait, reason: model.AnotherLeads, ready: true,
		},
		{
			name:   "the same, and the new master does not answer me: nothing is offered behind its back",
			view:   with(formed(0, pod(0, replica(1), linkDown), pod(1, silent), pod(2, replica(1), linkDown)), func(v *model.View) { v.Sentinels, v.Self.Redis.Priority = silentSentinels(), holderPriority }),
			action: Wait, reason: model.AnotherLeads,
		},
		{
			name: "without the API and empty: wait",
			view: with(formed(0, inPlace(0), pod(1, silent), pod(2, silent)), func(v *model.View) { v.API = false }), action: Wait, reason: model.APIAway,
		},
	})
}

func TestOfferNamesTheFurthestReplica(t *testing.T) {
	v := formed(0, inPlace(0), pod(1, replica(0), linkDown, data(lineageID, 90, 9)), pod(2, replica(0), linkDown))
	d, m := Next(v, Memory{})
	if offerOf(d).PodUID != "uid-2" || offerOf(d).RunID != "run-2" || offerOf(d).Offset != 100 {
		t.Fatalf("offer=%+v, want pod 2 at offset 100", offerOf(d))
	}
	v.Record.Offer, v.Now = d.Record.Offer, clock.Add(500*time.Millisecond)
	if d, m = Next(v, m); d.Reason != model.RestartedWaiting {
		t.Errorf("while the offer stands: %s, want RestartedWaiting", d.Reason)
	}
	v.Now = clock.Add(2 * time.Second)
	if d, _ = Next(v, m); offerOf(d).PodUID != "uid-1" {
		t.Errorf("after a second without a claim: %+v, want an offer to pod 1", offerOf(d))
	}
}

func TestOfferIsTakenByTheProcessItNames(t *testing.T) {
	offer := &model.Offer{PodUID: "uid-1", RunID: "run-1", ReplID: lineageID, Offset: 100}
	v := with(formed(0, pod(1, replica(0), linkDown), inPlace(0), pod(2, replica(0), linkDown)), func(v *model.View) { v.Record.Offer = offer })
	if d, _ := Next(v, Memory{}); d.Action != Claim || d.Reason != model.TransferAccepted || d.Epoch <= holderAt {
		t.Errorf("got %s/%s at %d, want a claim above the record", d.Action, d.Reason, d.Epoch)
	}
	v.Self.Redis.RunID = "restarted empty meanwhile" // R4c
	if d, _ := Next(v, Memory{}); d.Action == Claim {
		t.Error("a process that restarted after the offer accepts it")
	}
	v = with(v, func(v *model.View) { v.Self.Redis.RunID, v.Self.Redis.Offset = "run-1", 99 })
	if d, _ := Next(v, Memory{}); d.Action == Claim {
		t.Error("a process behind the offered offset accepts it")
	}
	v.Record.Offer = &model.Offer{PodUID: "uid-2"}
	if d, _ := Next(v, Memory{}); d.Action == Claim {
		t.Error("an offer to another pod is accepted")
	}
}

func TestMasterSilent(t *testing.T) {
	two := []model.Pod{pod(0, silent), pod(2, replica(0), linkDown)}
	down := func(v *model.View) {
		for i := range v.Sentinels {
			v.Sentinels[i].MasterDown = true
		}
	}
	long := Memory{SyncedRun: "run-1", SilentSince: clock.Add(-16 * time.Second), SilentEpoch: holderAt, WaitingSince: clock.Add(-61 * time.Second)}
	_, seen := Next(formed(0, pod(1, replica(0), linkDown), two...), long)
	seen.SilentSince, seen.WaitingSince = long.SilentSince, long.WaitingSince
	run(t, []situationCase{
		{
			name: "Sentinel has its time first", view: with(formed(0, pod(1, replica(0), linkDown), two...), down),
			memory: Memory{SyncedRun: "run-1"}, action: Wait, reason: model.MasterSilent, ready: true,
		},
		{
			name: "my own failure to reach it is not a proof (R7): the Sentinels see the master up, and it is not deposed",
			view: formed(0, pod(1, replica(0), linkDown), two...), memory: seen, action: Wait, reason: model.MasterSilent, ready: true,
		},
		{
			name: "a majority of Sentinels flags it down, and none has failed over: the best claims",
			view: with(formed(0, pod(1, replica(0), linkDown), two...), down), memory: seen, action: Claim, reason: model.MasterGone, ready: true,
		},
		{
			name: "the holder's Redis restarted in its pod: its own agent decides",
			view: formed(0, pod(1, replica(0), linkDown), inPlace(0)), memory: Memory{SyncedRun: "run-1"}, action: Wait, reason: model.MasterReturning, ready: true,
		},
		{
			name:   "a failover is running: it goes first",
			view:   with(formed(0, pod(1, replica(0), linkDown), two...), func(v *model.View) { down(v); v.Sentinels[1].FailoverInProgress = true }),
			memory: seen, action: Wait, reason: model.FailoverRunning, ready: true,
		},
		{
			name:   "the API is unreachable: no claims",
			view:   with(formed(0, pod(1, replica(0), linkDown), two...), func(v *model.View) { down(v); v.API = false }),
			memory: seen, action: Wait, reason: model.APIAway, ready: true,
		},
	})
}

// TestCycle: the holder follows its own replica. No pod is master and no failover runs: waiting does not help.
func TestCycle(t *testing.T) {
	self, others := pod(0, replica(1)), []model.Pod{pod(1, replica(0)), pod(2, replica(0))}
	run(t, []situationCase{
		{
			name: "every pod answered and none is master", view: formed(0, self, others...), memory: Memory{SyncedRun: "run-0"},
			action: Fence, reason: model.RestartedWaiting,
		},
		{
			name: "the one that it follows is silent, perhaps master", view: formed(0, self, but(others[0], silent), others[1]), memory: Memory{SyncedRun: "run-0"},
			action: Wait, reason: model.AnotherLeads, ready: true,
		},
		{
			name: "a Sentinel is silent", view: with(formed(0, self, others...), func(v *model.View) { v.Sentinels[0] = model.Sentinel{} }), memory: Memory{SyncedRun: "run-0"},
			action: Wait, reason: model.AnotherLeads, ready: true,
		},
	})
}

// TestAddressOfADeadMaster: no pod of the group has the address any more that the replicas follow.
func TestAddressOfADeadMaster(t *testing.T) {
	self, other := pod(1, replica(0), linkDown), pod(2, replica(0), linkDown)
	away := self
	away.Redis.Following = model.FenceAddress
	seen := Memory{SyncedRun: "run-1", SilentSince: clock.Add(-8 * time.Second), SilentEpoch: holderAt}
	down := func(v *model.View) {
		for i := range v.Sentinels {
			v.Sentinels[i].MasterDown = true
		}
	}
	run(t, []situationCase{
		{
			name: "nobody hears anything of it: the best claims at once", view: formed(0, self, other),
			memory: Memory{SyncedRun: "run-1"}, action: Claim, reason: model.MasterGone, ready: true,
		},
		{
			name: "another is better: it detaches at once, before a foreign server gets the address", view: formed(0, other, self),
			memory: Memory{SyncedRun: "run-2"}, action: Fence, reason: model.MasterAddressGone, ready: true,
		},
		{
			name: "its process has not ended: it is not replaced, and yet left", view: formed(0, self, but(other, func(p model.Pod) model.Pod { p.Redis.LinkUp = true; return p })),
			memory: Memory{SyncedRun: "run-1"}, action: Fence, reason: model.MasterAddressGone, ready: true,
		},
		{
			name:   "its machine has lost power, and a link to it counts as up",
			view:   formed(0, self, but(other, func(p model.Pod) model.Pod { p.Redis.LinkUp, p.Redis.LinkIdle = true, 5*time.Second; return p })),
			memory: Memory{SyncedRun: "run-1"}, action: Claim, reason: model.MasterGone, ready: true,
		},
		{
			name: "an old list of pods is not evidence", view: with(formed(0, self, other), func(v *model.View) { v.API = false }),
			memory: Memory{SyncedRun: "run-1"}, action: Wait, reason: model.APIAway, ready: true,
		},
		{
			name: "a foreign server answers there, so Sentinel never fails over: the best claims", view: formed(0, away, other),
			memory: seen, action: Claim, reason: model.MasterGone, ready: true,
		},
		{
			name: "a Sentinel is failing over: it has its time", view: with(formed(0, away, other), func(v *model.View) { down(v); v.Sentinels[1].FailoverInProgress = true }),
			memory: seen, action: Wait, reason: model.FailoverRunning, ready: true,
		},
	})
	v := formed(0, other, self)
	if d, _ := Next(v, Memory{SyncedRun: "run-2"}); d.Tuning.Priority == 0 {
		t.Error("a replica that detached may not be elected by Sentinel any more")
	}
}

func TestEverythingRestarted(t *testing.T) {
	// All pods are new, their claims are the old ones, and ordinal 2 was the master. AOF keeps no ids (R5).
	back := func(n int) model.Pod { return pod(n, recreated, data(thirdID[:39]+string(rune('0'+n)), 0, 10)) }
	ordered := func(v *model.View) { v.OrderedReady, v.VolumeClaims = true, []int{0, 1, 2} }
	withoutHistory := func(n int) model.Pod {
		p := pod(n, recreated)
		p.VolumeClaim = p.UID
		return p
	}
	run(t, []situationCase{
		{
			name: "the recorded holder has its data: it resumes",
			view: formed(2, back(2), back(0), back(1)), action: Claim, reason: model.Resumed,
		},
		{
			name: "the others wait for it", view: formed(2, back(0), back(1), back(2)), action: Wait, reason: model.AnotherLeads,
		},
		{
			name: "OrderedReady: fenced and Ready, so that the holder is created (R9)",
			view: with(formed(2, back(0)), ordered), action: Wait, reason: model.MasterSilent, ready: true,
		},
		{
			name: "the holder's volume is lost: the best of the members leads",
			view: formed(2, back(0), back(1), edited(pod(2, recreated), func(p *model.Pod) { p.VolumeClaim = "new" })), action: Claim, reason: model.MasterGone,
		},
		{
			name: "all volumes are lost: the recorded holder leads again (L2)",
			view: formed(2, withoutHistory(2), withoutHistory(0), withoutHistory(1)), action: Claim, reason: model.DataGone,
		},
		{
			name: "all volumes are lost: the others wait, and their new claims join the members", view: formed(2, withoutHistory(0), withoutHistory(1), withoutHistory(2)),
			action: Join, reason: model.Joining,
		},
	})
}

// TestReturningHolderDoesNotHoldUpTheReplicas: the holder's pod is back with its volume under an unknown id, Sentinel did not
// fail over in its time, and two replicas never went away: one of them leads.
func TestReturningHolderDoesNotHoldUpTheReplicas(t *testing.T) {
	back := pod(0, recreated, data(thirdID, 0, 10))
	v := formed(0, pod(1, replica(0), linkDown), back, pod(2, replica(0), linkDown))
	long := Memory{SyncedRun: "run-1", SilentSince: clock.Add(-16 * time.Second), SilentEpoch: holderAt}
	if d, _ := Next(v, long); d.Action != Claim || d.Reason != model.MasterGone {
		t.Errorf("replica: %s/%s, want claim/MasterGone", d.Action, d.Reason)
	}
	v = formed(0, back, pod(1, replica(0), linkDown), pod(2, replica(0), linkDown))
	if d, _ := Next(v, Memory{SilentSince: long.SilentSince, SilentEpoch: holderAt}); d.Action == Claim {
		t.Error("the returning holder overtakes replicas that never went away")
	}
}

// TestNeverTheEmptyOne: however many others are silent, a node without data does not lead a group that had some (S3).
func TestNeverTheEmptyOne(t *testing.T) {
	for _, peer := range []model.Pod{pod(1, replica(0), linkDown), pod(1, silent)} {
		v := formed(0, edited(pod(0, recreated), func(p *model.Pod) { p.VolumeClaim = "new volume" }), peer, pod(2, replica(0), linkDown))
		_, m := Next(v, Memory{})
		v.Now = clock.Add(10 * time.Minute)
		for range 3 {
			var d Decision
			if d, m = Next(v, m); d.Action == Claim || d.Action == Promote {
				t.Fatalf("an empty pod leads: %s/%s", d.Action, d.Reason)
			}
		}
	}
}

// TestNamedMasterWithoutAgent: everything restarted, the recorded holder's Redis answers, and its agent is gone. It has as long
// as it may wait for others, and a failover more; while it is loading its time is not limited.
func TestNamedMasterWithoutAgent(t *testing.T) {
	v := formed(0, pod(1, data(otherID, 0, 10)), pod(0, data(thirdID, 0, 10)), pod(2, data(otherID, 0, 9)))
	flagged(&v)
	d, m := lasting(v, Memory{}, 0, 70*time.Second)
	if d.Reason != model.MasterReturning {
		t.Fatalf("%s/%s within its time", d.Action, d.Reason)
	}
	if d, _ := lasting(v, m, 71*time.Second, 72*time.Second); d.Action != Claim {
		t.Errorf("%s/%s after its time, want a claim", d.Action, d.Reason)
	}
	v.Peers[0].Redis.Answer = model.Loading
	if d, _ := lasting(v, Memory{}, 0, time.Hour); d.Reason != model.MasterReturning {
		t.Errorf("%s/%s while it is loading", d.Action, d.Reason)
	}
}

// TestEmptyPodThatSentinelsName: it was elected while the API was away, restarted empty before the record heard of it, and may
// not lead; every pod waits for another.
func TestEmptyPodThatSentinelsName(t *testing.T) {
	v := formed(0, pod(1, data(lineageID, 100, 10)), pod(0, recreated), pod(2))
	v.Sentinels = sentinels(at(2), holderAt+1)
	flagged(&v)
	if d, _ := lasting(v, Memory{}, 0, 72*time.Second); d.Action != Claim {
		t.Errorf("%s/%s, want the one with the data to claim", d.Action, d.Reason)
	}
}

// TestWaitOfYesterday: a wait that is over does not count for the next one, however alike the two look.
func TestWaitOfYesterday(t *testing.T) {
	waiting := formed(0, but(inPlace(0), data(otherID, 0, 10)), pod(1, silent), pod(2, silent))
	_, m := lasting(waiting, Memory{}, 0, 30*time.Second)
	healthy := formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0)))
	_, m = lasting(healthy, m, time.Minute, 10*time.Minute)
	if d, _ := Next(moment(waiting, 11*time.Minute), m); d.Reason != model.RestartedWaiting {
		t.Errorf("%s/%s in the first turn of the second restart", d.Action, d.Reason)
	}
}

// TestAgentThatRestartsKeepsItsReplicaElectable: the master died, and no other replica may be left.
func TestAgentThatRestartsKeepsItsReplicaElectable(t *testing.T) {
	v := formed(0, pod(1, replica(0), linkDown), pod(0, silent), pod(2, silent))
	if d, _ := Next(v, Memory{}); d.Tuning.Priority == 0 || !d.Ready {
		t.Errorf("priority %d, ready %v: Sentinel may not elect it", d.Tuning.Priority, d.Ready)
	}
	v.Self.Redis.Priority = 0
	if d, _ := Next(v, Memory{}); d.Tuning.Priority != 0 || d.Ready {
		t.Errorf("priority %d, ready %v, and it never was in sync", d.Tuning.Priority, d.Ready)
	}
}

// TestPodWithoutVolumeThatEnds: a cache group lost everything, and one of its pods is stuck on a lost node.
func TestPodWithoutVolumeThatEnds(t *testing.T) {
	ephemeral := func(p model.Pod) model.Pod { p.VolumeClaim = p.UID; return p }
	v := formed(0, ephemeral(inPlace(0)), ephemeral(pod(1)), ephemeral(pod(2, silent)))
	v.Record.Members = map[int]model.Member{0: {VolumeClaim: "uid-0", InSync: true}, 1: {VolumeClaim: "uid-1", InSync: true}, 2: {VolumeClaim: "uid-2", InSync: true}}
	if d, _ := lasting(v, Memory{}, 0, 10*time.Minute); d.Reason != model.CandidatesSilent {
		t.Errorf("%s/%s while it may come back with the data", d.Action, d.Reason)
	}
	v.Peers[1].Terminating = true
	if d, _ := lasting(v, Memory{}, 0, 61*time.Second); d.Reason != model.DataGone {
		t.Errorf("%s/%s, want the group to go on", d.Action, d.Reason)
	}
}
