// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"
	"testing"
	"time"
)

// The numbers in these tests are those of docs/interleavings.md.

func flagged(v *View) {
	for i := range v.Sentinels {
		v.Sentinels[i].MasterDown = true
	}
}

func cutOff(v *View) { v.API, v.Sentinels = false, silentSentinels() }

func moment(v View, later time.Duration) View { v.Now = clock.Add(later); return v }

// lasting takes a turn each second while a view stays as it is.
func lasting(v View, m Memory, from, to time.Duration) (d Decision, after Memory) {
	for at := from; at <= to; at += time.Second {
		d, m = Next(moment(v, at), m)
	}
	return d, m
}

// TestNativeFailoverIsWatchedToItsEnd (1): for a second nobody but the leading Sentinel knows that the replica was promoted.
// Neither it nor the other replica, which the leader has pointed to it, is put back.
func TestNativeFailoverIsWatchedToItsEnd(t *testing.T) {
	leading := func(v *View) { flagged(v); v.Sentinels[1].FailoverInProgress = true }
	old := pod(0).silent()
	_, promoted := Next(with(formed(0, pod(1).replica(0).linkDown(), old, pod(2).replica(0).linkDown()), leading), Memory{SyncedRun: "run-1"})
	_, other := Next(with(formed(0, pod(2).replica(0).linkDown(), old, pod(1).replica(0).linkDown()), leading), Memory{SyncedRun: "run-2"})
	var d Decision
	for second := range 12 {
		v := moment(with(formed(0, pod(1).master(), old, pod(2).replica(1)), leading), time.Duration(second)*time.Second)
		if d, promoted = Next(v, promoted); d.Action != Wait || d.Reason != PromotedBySentinel {
			t.Fatalf("promoted, after %d s: %s/%s", second, d.Action, d.Reason)
		}
		v = moment(with(formed(0, pod(2).replica(1), old, pod(1).master()), leading), time.Duration(second)*time.Second)
		if d, other = Next(v, other); d.Action != Wait {
			t.Fatalf("the other replica, after %d s: %s/%s to %s", second, d.Action, d.Reason, d.Target)
		}
	}
	done := func(v *View) { v.Sentinels = sentinels(at(1), holderAt+1) }
	if d, _ = Next(moment(with(formed(0, pod(1).master(), old, pod(2).replica(1)), done), 13*time.Second), promoted); d.Action != Retain {
		t.Errorf("the failover is over: %s/%s, want hold", d.Action, d.Reason)
	}
}

// TestLeaderOfAFailoverNamesNobody (2): in a failover the leader knows the new epoch already and perhaps the old address.
func TestLeaderOfAFailoverNamesNobody(t *testing.T) {
	v := formed(0, pod(2).replica(1), pod(0).master(), pod(1).master())
	v.Sentinels = sentinels(at(1), holderAt+1)
	v.Sentinels[0] = Sentinel{Answered: true, Monitors: true, Address: at(0), ConfigEpoch: holderAt + 1, FailoverInProgress: true}
	if n := named(v); n.address != at(1) {
		t.Errorf("%s is named, want the address of those whose failover is over", n.address)
	}
}

// TestElectionsNeverReachAClaim (3): the Sentinels' counter goes up with the failed elections of all their groups.
func TestElectionsNeverReachAClaim(t *testing.T) {
	v := fresh(pod(0), pod(1), pod(2))
	v.HelloEpoch = uint64(clock.UnixMilli()) + 500 // a counter that an earlier claim has raised
	for elections := range uint64(100) {
		v.HelloEpoch++
		d, _ := Next(v, Memory{})
		if d.Action != Claim || d.Epoch%EpochStep != 0 || d.Epoch <= v.HelloEpoch {
			t.Fatalf("after %d elections: %s at %d, the counter stands at %d", elections, d.Action, d.Epoch, v.HelloEpoch)
		}
	}
}

// TestNewRecordBeginsAboveOldSentinels (3): a StatefulSet that was deleted and made anew has a record without an epoch, while
// the Sentinels remember its name with one.
func TestNewRecordBeginsAboveOldSentinels(t *testing.T) {
	remembered := uint64(clock.Add(time.Hour).UnixMilli())
	v := fresh(pod(0), pod(1), pod(2))
	v.Sentinels = sentinels(Address{"10.0.7.7", 6379}, remembered)
	v.Record.Epoch = 0
	if e := claimEpoch(v); e <= remembered || e%EpochStep != 0 {
		t.Errorf("a claim at %d, the Sentinels remember %d", e, remembered)
	}
}

// TestSuccessorOfAnAgentGoesOnFromTheRecord (4b): the holder's agent died in a handover. The one that takes its place knows
// nothing but what it sees.
func TestSuccessorOfAnAgentGoesOnFromTheRecord(t *testing.T) {
	taken := with(formed(1, pod(0).master(), pod(1).master(), pod(2).replica(1)), func(v *View) { v.Record.Epoch += 1024 })
	if d, _ := Next(taken, Memory{}); d.Action != Follow || d.Target != at(1) {
		t.Errorf("the heir has claimed: %s/%s, want to follow it", d.Action, d.Reason)
	}
	offered := with(formed(0, pod(0).master(), pod(1).replica(0), pod(2).replica(0)), func(v *View) {
		v.Record.Offer = &Offer{PodUID: "uid-1", RunID: "run-1", ReplID: lineageID, Offset: 100}
	})
	if d, _ := Next(offered, Memory{}); d.Action != Retain || d.Members == nil {
		t.Errorf("the heir has not claimed: %s/%s, want to hold, which takes the offer back", d.Action, d.Reason)
	}
}

// TestHeirThatDiesIsReplaced (4d): the heir claimed, died, and the old master follows it already.
func TestHeirThatDiesIsReplaced(t *testing.T) {
	v := with(formed(1, pod(0).replica(1).linkDown(), pod(1).silent(), pod(2).replica(1).linkDown()), flagged)
	if d, _ := lasting(v, Memory{SyncedRun: "run-0"}, 0, 61*time.Second); d.Action != Claim || d.Reason != MasterGone {
		t.Errorf("got %s/%s, want the old master to claim back", d.Action, d.Reason)
	}
}

// TestLineageFollowsTheHolder (5): the first replica, and an hour without one, change the id of a history.
func TestLineageFollowsTheHolder(t *testing.T) {
	v := formed(0, pod(0).master().data(otherID, 100, 10), pod(1).replica(0), pod(2).replica(0))
	d, _ := Next(v, Memory{})
	if !slices.Equal(d.Lineage, []string{otherID, lineageID}) {
		t.Fatalf("lineage %v, want the new id before the old one", d.Lineage)
	}
	v.Record.Lineage = d.Lineage
	if d, _ = Next(v, Memory{}); !slices.Equal(d.Lineage, v.Record.Lineage) {
		t.Errorf("lineage %v is written again", d.Lineage)
	}
	for n := range 3 * lineageLength {
		v.Self.Redis.ReplID = thirdID[:38] + string([]byte{'a' + byte(n/26), 'a' + byte(n%26)})
		d, _ = Next(v, Memory{})
		v.Record.Lineage = d.Lineage
	}
	if len(v.Record.Lineage) != lineageLength {
		t.Errorf("%d ids are kept, want %d", len(v.Record.Lineage), lineageLength)
	}
}

// TestOffsetsCompareUnderOneID (5): after a restart with AOF all ids are new and all offsets begin again.
func TestOffsetsCompareUnderOneID(t *testing.T) {
	v := formed(2, pod(0))
	behind := func(v *View) { v.Record.Members[1] = Member{VolumeClaim: "claim-1"} }
	for name, c := range map[string]struct {
		a, b   Pod
		change func(*View)
		better int
	}{
		"one id: the greater offset":              {pod(0).data(lineageID, 90, 1), pod(1).data(lineageID, 100, 1), func(*View) {}, 1},
		"the newer id, whatever the offsets":      {pod(0).data(lineageID, 5, 1), pod(1).data(otherID, 900, 1), func(v *View) { v.Record.Lineage = []string{lineageID, otherID} }, 0},
		"no known id: who was in sync":            {pod(0).data(otherID, 0, 1), pod(1).data(thirdID, 900, 50), behind, 0},
		"no known id, both in sync: who has more": {pod(0).data(otherID, 900, 1), pod(1).data(thirdID, 0, 50), func(*View) {}, 1},
	} {
		view := with(v, c.change)
		if got := yes(compareData(view, c.b, c.a) > 0); got != c.better || compareData(view, c.b, c.a) == 0 {
			t.Errorf("%s: ordinal %d is better, want %d", name, got, c.better)
		}
		v.Record = recordOf(2)
	}
}

// TestWhoWasInSyncIsWaitedFor (5): the recorded holder's volume is lost; a replica that had been down for hours is back first.
func TestWhoWasInSyncIsWaitedFor(t *testing.T) {
	v := formed(2, pod(0).reborn().data(otherID, 0, 10), pod(1).silent(), with2(pod(2).reborn(), func(p *Pod) { p.VolumeClaim = "new" }))
	v.Record.Members[0] = Member{VolumeClaim: "claim-0"}
	_, m := Next(v, Memory{})
	if d, _ := Next(moment(v, 30*time.Second), m); d.Action == Claim {
		t.Errorf("the one that was not in sync leads before the other has come: %s", d.Reason)
	}
	v.Peers[0] = pod(1).reborn().data(thirdID, 0, 8)
	if d, _ := Next(moment(v, 31*time.Second), m); d.Action == Claim {
		t.Errorf("the one that was not in sync leads over the other, which has come: %s", d.Reason)
	}
	v.Self, v.Peers[0], v.UIDByName = v.Peers[0], v.Self, v.Peers[0].UID
	if d, _ := Next(moment(v, 31*time.Second), Memory{}); d.Action != Claim || d.Reason != MasterGone {
		t.Errorf("the one that was in sync: %s/%s, want claim/MasterGone", d.Action, d.Reason)
	}
}

// TestPoisonedRecordIsNotBelieved (6): a pod's account may write the record of its group, and so any epoch into it.
func TestPoisonedRecordIsNotBelieved(t *testing.T) {
	v := with(formed(0, pod(1).replica(0), pod(0).master(), pod(2).replica(0)), func(v *View) { v.Record.Epoch, v.Record.PodUID, v.Record.Address = ^uint64(0), "uid-2", at(2) })
	if d, _ := Next(v, Memory{SyncedRun: "run-1"}); d.Target != at(0) {
		t.Errorf("follows %s by an epoch beyond belief", d.Target)
	}
	d, _ := NextForSentinel(beside(func(v *SentinelView) { v.Record = v.Record.poisoned() }), SentinelMemory{})
	if d.Action != SentinelWait || d.Reason != EpochUnbelievable {
		t.Errorf("beside a Sentinel: %s/%s, want it to wait", d.Action, d.Reason)
	}
	if e := NextEpoch(clock, ^uint64(0), holderAt); e > uint64(clock.Add(believable).UnixMilli()) {
		t.Errorf("a claim goes on from it: %d", e)
	}
}

func (r Record) poisoned() Record { r.Epoch = ^uint64(0); return r }

// TestLossNeedsWitnesses (7): a replica that is cut off from its master cannot depose it. What counts is what others answer.
func TestLossNeedsWitnesses(t *testing.T) {
	notReady := func() View {
		return with(formed(0, pod(1).replica(0).linkDown(), pod(0).silent(), pod(2).replica(0).linkDown()), func(v *View) { v.Sentinels = silentSentinels() })
	}
	for name, c := range map[string]struct {
		change func(*View)
		gone   bool
	}{
		"its pod is not ready, no link stands, no Sentinel answers": {func(*View) {}, true},
		"its pod is ready":                                   {func(v *View) { v.Peers[0].Ready = true }, false},
		"another replica's link stands":                      {func(v *View) { v.Peers[1].Redis.LinkUp = true }, false},
		"another replica does not answer":                    {func(v *View) { v.Peers[1] = v.Peers[1].silent() }, false},
		"the API is away, so that nobody knows who is ready": {func(v *View) { v.API = false }, false},
		"a majority of Sentinels answers and sees it":        {func(v *View) { v.Sentinels = sentinels(at(0), holderAt) }, false},
		"a majority of Sentinels answers and misses it":      {func(v *View) { v.Sentinels = sentinels(at(0), holderAt); flagged(v); v.Peers[0].Ready = true }, true},
		"one Sentinel of three misses it, two are silent, it is ready": {func(v *View) {
			v.Sentinels[0] = sentinels(at(0), holderAt)[0]
			v.Sentinels[0].MasterDown = true
			v.Peers[0].Ready = true
		}, false},
		"the API says that its pod is no more":             {func(v *View) { v.Peers = v.Peers[1:] }, true},
		"an old list of pods says that its pod is no more": {func(v *View) { v.Peers, v.API = v.Peers[1:], false; v.Peers[0].Redis.LinkUp = true }, false},
	} {
		v := with(notReady(), c.change)
		if got := provenGone(v, named(v)); got != c.gone {
			t.Errorf("%s: proven gone %v, want %v", name, got, c.gone)
		}
	}
}

// TestBornLaterIsAskedBeforeItIsReplaced (8a): ordinal 0 began alone; ordinal 2 comes up with a volume from before.
func TestBornLaterIsAskedBeforeItIsReplaced(t *testing.T) {
	record := func(v *View) { v.Record.Members = map[int]Member{0: {"claim-0", true}} }
	run(t, []situationCase{
		{
			name: "its data is of another history", view: with(formed(0, pod(2).data(otherID, 50, 7), pod(0).master()), record),
			action: Wait, reason: ForeignData,
		},
		{
			name: "it brings nothing", view: with(formed(0, pod(2), pod(0).master()), record),
			action: Join, reason: Joining, target: at(0),
		},
	})
}

// TestClockWaitsForTheBirth (9a): pods are born in order and the last one led. The time that its data is waited for must not
// run before it exists, and begins again when it makes progress.
func TestClockWaitsForTheBirth(t *testing.T) {
	v := with(formed(2, pod(0).reborn().data(otherID, 0, 10), pod(1).reborn().data(thirdID, 0, 10)), func(v *View) { v.OrderedReady, v.VolumeClaims = true, []int{0, 1, 2} })
	v.Sentinels = silentSentinels()
	var d Decision
	m := Memory{}
	led := func(from, to time.Duration) bool { d, m = lasting(v, m, from, to); return d.Action == Claim }
	if led(0, 10*time.Minute) {
		t.Fatal("after ten minutes somebody else leads, and the holder was never born")
	}
	v.Peers = append(v.Peers, pod(2).reborn().silent())
	if led(10*time.Minute, 10*time.Minute+55*time.Second) {
		t.Fatal("the holder is born, and somebody else leads")
	}
	v.Peers[1].Redis.Answer = Loading
	if led(11*time.Minute, 30*time.Minute) {
		t.Fatal("the holder loads its data, and somebody else leads")
	}
	v.Peers[1] = v.Peers[1].silent()
	if led(30*time.Minute, 30*time.Minute+55*time.Second) || !led(30*time.Minute+56*time.Second, 31*time.Minute+2*time.Second) {
		t.Errorf("the holder is silent for good: %s/%s, want a claim after the time for it", d.Action, d.Reason)
	}
}

// TestReadyThoughFencedIsNarrow (9b): it lets one more pod be born, and nothing else.
func TestReadyThoughFencedIsNarrow(t *testing.T) {
	ordered := with(formed(2, pod(0).reborn().data(otherID, 0, 10)), func(v *View) { v.OrderedReady, v.VolumeClaims, v.Sentinels = true, []int{0, 1, 2}, silentSentinels() })
	for name, c := range map[string]struct {
		change func(*View)
		ready  bool
	}{
		"one that must speak first is not born":  {func(*View) {}, true},
		"pods are born all at once":              {func(v *View) { v.OrderedReady = false }, false},
		"all are born":                           {func(v *View) { v.Peers = []Pod{pod(1).silent(), pod(2).silent()} }, false},
		"there is a master to sync with":         {func(v *View) { v.Peers = []Pod{pod(1).master()} }, false},
		"it follows one who is no master":        {func(v *View) { v.Self = pod(0).replica(1).linkDown(); v.Peers = []Pod{pod(1)} }, true},
		"it follows somebody and is not in sync": {func(v *View) { v.Self = pod(0).replica(1).linkDown(); v.Peers = []Pod{pod(1).silent()} }, false},
		"it is the last one, and lower are away": {func(v *View) { v.Self = pod(2).reborn() }, false},
		"its Redis loads":                        {func(v *View) { v.Self.Redis.Answer = Loading }, false},
	} {
		if d, _ := Next(with(ordered, c.change), Memory{}); d.Ready != c.ready {
			t.Errorf("%s: ready %v by %s/%s, want %v", name, d.Ready, d.Action, d.Reason, c.ready)
		}
	}
}

// TestIsolatedMaster (10): who may go on writing when nobody confirms that it is master.
func TestIsolatedMaster(t *testing.T) {
	long := Memory{Confirmed: clock.Add(-6 * time.Second)}
	two := formed(0, pod(0).master(), pod(1).silent())
	minority := formed(0, pod(0).master(), pod(1).replica(0), pod(2).silent())
	for name, c := range map[string]struct {
		view   View
		memory Memory
		reason Reason
		writes int // replicas that each write needs
	}{
		"a group of two, the other is silent":         {with(two, cutOff), long, Unconfirmed, 2},
		"one replica is on my side, the other is not": {with(minority, cutOff), long, Unconfirmed, 3},
		"a group of one":                  {with(formed(0, pod(0).master()), cutOff), long, Incumbent, 0},
		"not for long enough":             {with(minority, cutOff), Memory{Confirmed: clock.Add(-4 * time.Second)}, Incumbent, 0},
		"only the API is away":            {with(minority, func(v *View) { v.API = false }), long, Incumbent, 0},
		"only the Sentinels are away":     {with(minority, func(v *View) { v.Sentinels = silentSentinels() }), long, Incumbent, 0},
		"a replica follows somebody else": {with(formed(0, pod(0).master(), pod(1).replica(0), pod(2).replica(1)), cutOff), long, Unconfirmed, 3},
	} {
		c.view.Self.Redis.OnlineReplicas = 0
		d, _ := Next(c.view, c.memory)
		if d.Reason != c.reason || d.Tuning.MinReplicas != c.writes || d.Ready != (c.reason == Incumbent) {
			t.Errorf("%s: %s, min-replicas %d, ready %v; want %s, %d", name, d.Reason, d.Tuning.MinReplicas, d.Ready, c.reason, c.writes)
		}
	}
	_, m := Next(with(minority, cutOff), long)
	if d, _ := Next(minority, m); d.Reason != Incumbent || d.Tuning.MinReplicas == 3 {
		t.Errorf("confirmed again: %s, min-replicas %d", d.Reason, d.Tuning.MinReplicas)
	}
}

// TestFirstWritesNeedNoReplica (10e): whoever was just promoted has no replica yet.
func TestFirstWritesNeedNoReplica(t *testing.T) {
	claimed := Memory{Claimed: Claimed{Epoch: holderAt, RunID: "run-0"}}
	if d, _ := Next(formed(0, pod(0), pod(1).silent(), pod(2).silent()), claimed); d.Action != Promote || d.Tuning.MinReplicas != 0 {
		t.Errorf("at the promotion: %s with min-replicas %d, want 0", d.Action, d.Tuning.MinReplicas)
	}
	v := formed(0, pod(0).master(), pod(1).replica(0), pod(2).replica(0))
	for online, want := range []int{0, 0, 1} {
		v.Self.Redis.OnlineReplicas = online
		if d, _ := Next(v, Memory{}); d.Tuning.MinReplicas != want {
			t.Errorf("%d replicas: min-replicas %d, want %d", online, d.Tuning.MinReplicas, want)
		}
	}
}

// TestNameIsNoIdentity (11a, b): a pod of the same name, or the same pod after a reboot of its node, is not who was named.
func TestNameIsNoIdentity(t *testing.T) {
	claimed := Memory{Claimed: Claimed{Epoch: holderAt, RunID: "run-0"}}
	for name, change := range map[string]func(*Pod){
		"another uid":     func(p *Pod) { p.UID = "successor" },
		"another address": func(p *Pod) { p.Address = Address{"10.0.9.9", 6379} },
	} {
		v := formed(0, with2(pod(0).data(lineageID, 100, 10), change), pod(1).silent(), pod(2).silent())
		v.Record.Holder = v.Self.Name
		if d, _ := Next(v, claimed); d.Action == Promote || d.Action == Retain {
			t.Errorf("%s under the old epoch: %s/%s", name, d.Action, d.Reason)
		}
		v.API = false
		v.Sentinels = sentinels(v.Self.Address, holderAt-1)
		if d, _ := Next(v, claimed); d.Action == Promote {
			t.Errorf("%s, without the API: %s/%s", name, d.Action, d.Reason)
		}
	}
	rebooted := formed(0, with2(pod(0).data(lineageID, 100, 10), func(p *Pod) { p.Address = Address{"10.0.9.9", 6379} }), pod(1), pod(2))
	if d, _ := Next(rebooted, Memory{}); d.Action != Claim || d.Epoch <= holderAt {
		t.Errorf("after the reboot: %s at %d, want a claim above %d, or one epoch has two addresses", d.Action, d.Epoch, holderAt)
	}
}

// TestInjectionWaitsForThePromotion (13): the agents beside the Sentinels hear of a claim when the claimer does.
func TestInjectionWaitsForThePromotion(t *testing.T) {
	claimed := func(v *SentinelView) {
		v.Record = recordOf(1)
		v.Record.Epoch += 1024
	}
	d, m := NextForSentinel(beside(claimed), SentinelMemory{MaxEpoch: holderAt})
	if d.Action != SentinelWait || d.Reason != HolderUnverified || d.Recheck > 10*time.Millisecond {
		t.Errorf("before the promotion: %s/%s, again after %s", d.Action, d.Reason, d.Recheck)
	}
	promoted := func(v *SentinelView) { claimed(v); v.Pods[1] = pod(1).master() }
	if d, _ := NextForSentinel(beside(promoted), m); d.Action != Inject || d.Target != at(1) {
		t.Errorf("after it: %s to %s, want the new master injected", d.Action, d.Target)
	}
	later := func(v *SentinelView) { claimed(v); v.Now = clock.Add(time.Minute) }
	if d, _ := NextForSentinel(beside(later), m); d.Recheck < 100*time.Millisecond {
		t.Errorf("one that is never promoted is asked every %s", d.Recheck)
	}
}

// TestDeletionFormsNothingAgain (14c): the record may go before the last pods do.
func TestDeletionFormsNothingAgain(t *testing.T) {
	ending := with2(pod(0).master(), func(p *Pod) { p.Terminating = true })
	for name, change := range map[string]func(*View){
		"the record was collected":         func(v *View) { v.Record = Record{} },
		"the same, and one was born since": func(v *View) { v.Self, v.Record = pod(0), Record{} },
		"the record is new and empty":      func(v *View) { v.Record = Record{Known: true, UID: "second", Version: "1"} },
		"the StatefulSet is gone": func(v *View) {
			v.SetGone, v.Self.Terminating, v.Record = true, false, Record{Known: true, Version: "1"}
		},
		"it is offered the mastership": func(v *View) {
			v.Self = with2(pod(1).replica(0).linkDown(), func(p *Pod) { p.Terminating = true })
			v.UIDByName, v.Record.Offer = v.Self.UID, &Offer{PodUID: "uid-1", RunID: "run-1", ReplID: lineageID, Offset: 100}
		},
	} {
		v := with(formed(0, ending), func(v *View) { v.Sentinels = silentSentinels(); change(v) })
		_, m := Next(v, Memory{})
		if d, _ := Next(moment(v, 10*time.Minute), m); d.Action == Claim || d.Action == Promote {
			t.Errorf("%s: %s/%s", name, d.Action, d.Reason)
		}
	}
}

// TestStaleReplicaEntryIsPruned (15): whoever is born at such an address would be ordered to follow our master. A stranger
// there is in danger now; an empty address is given some seconds, and one list is made anew at a time.
func TestStaleReplicaEntryIsPruned(t *testing.T) {
	gone := Address{"10.0.7.7", 6379}
	stale := func(v *SentinelView) { v.Own.Replicas = append(v.Own.Replicas, SeenReplica{Address: gone}) }
	d, m := NextForSentinel(beside(stale), SentinelMemory{})
	if d.Action != SentinelWait {
		t.Errorf("at once: %s/%s", d.Action, d.Reason)
	}
	later := func(v *SentinelView) { stale(v); v.Now = clock.Add(staleFor) }
	if d, m = NextForSentinel(beside(later), m); d.Action != Recreate || d.Reason != StaleEntries {
		t.Errorf("after %s: %s/%s, want the group made anew", staleFor, d.Action, d.Reason)
	}
	for _, c := range []struct {
		later time.Duration
		want  SentinelAction
	}{{time.Second, SentinelWait}, {2*staleFor + time.Second, SentinelWait}, {2 * pruneEvery, Recreate}} {
		again := func(v *SentinelView) { stale(v); v.Now = clock.Add(staleFor + c.later) }
		if d, m = NextForSentinel(beside(again), m); d.Action != c.want {
			t.Errorf("%s after that: %s/%s, want %s", c.later, d.Action, d.Reason, c.want)
		}
	}
	stranger := func(v *SentinelView) { stale(v); v.ForeignServers = []Address{gone} }
	if d, _ = NextForSentinel(beside(stranger), SentinelMemory{}); d.Action != Recreate {
		t.Errorf("a stranger answers there: %s/%s, want the group made anew at once", d.Action, d.Reason)
	}
}

// TestLoneSentinelSettles (16): made anew it has config-epoch 0, below the record's; that must not be a reason to do it again.
func TestLoneSentinelSettles(t *testing.T) {
	lone := func(names Address, epoch uint64) func(*SentinelView) {
		return func(v *SentinelView) { v.Own.Address, v.Own.ConfigEpoch, v.Own.Peers, v.Peers = names, epoch, nil, nil }
	}
	if d, _ := NextForSentinel(beside(lone(at(0), 0)), SentinelMemory{}); d.Action != SentinelWait {
		t.Errorf("it agrees by address: %s/%s", d.Action, d.Reason)
	}
	native := func(v *SentinelView) {
		lone(at(1), holderAt+1)(v)
		v.Pods = []Pod{pod(0).silent(), pod(1).master(), pod(2).replica(1)}
	}
	if d, _ := NextForSentinel(beside(native), SentinelMemory{}); d.Action != Adopt {
		t.Errorf("its own failover: %s/%s, want it taken over", d.Action, d.Reason)
	}
	if d, _ := NextForSentinel(beside(lone(at(1), 0)), SentinelMemory{}); d.Action != Recreate {
		t.Errorf("at another address: %s/%s, want it made anew", d.Action, d.Reason)
	}
}

// TestFlushAllIsNoLoss (17): the newest history of a group may be one without keys.
func TestFlushAllIsNoLoss(t *testing.T) {
	flushed := pod(0).master().data(lineageID, 120, 0)
	old := pod(2).replica(0).linkDown().data(lineageID, 100, 10)
	if d, _ := Next(formed(0, old, flushed, pod(1).replica(0).data(lineageID, 120, 0)), Memory{SyncedRun: "run-2"}); d.Reason != Synced {
		t.Errorf("the replica that missed it: %s/%s, want it to stay with the master", d.Action, d.Reason)
	}
	back := pod(2).data(lineageID, 100, 10)
	if d, _ := Next(formed(0, back, flushed), Memory{}); d.Action != Follow {
		t.Errorf("the same after a restart: %s/%s, want follow", d.Action, d.Reason)
	}
	lost := with(formed(0, pod(1).replica(0).linkDown().data(lineageID, 120, 0), pod(0).silent(), old), flagged)
	if d, _ := lasting(lost, Memory{SyncedRun: "run-1"}, 0, 61*time.Second); d.Action != Claim {
		t.Errorf("the master is lost: %s/%s, want the one that has the newest history to claim", d.Action, d.Reason)
	}
	other := with(formed(0, old, pod(0).silent(), pod(1).replica(0).linkDown().data(lineageID, 120, 0)), flagged)
	if d, _ := lasting(other, Memory{SyncedRun: "run-2"}, 0, 61*time.Second); d.Action == Claim {
		t.Error("what was deleted rises again")
	}
}

// TestRestartedMasterDoesNotWaitForEver (18): it has its data, and a replica that may have more does not answer.
func TestRestartedMasterDoesNotWaitForEver(t *testing.T) {
	v := formed(0, inPlace(0).data(otherID, 0, 10), pod(1).silent(), pod(2).silent())
	d, m := Next(v, Memory{})
	if d.Reason != RestartedWaiting {
		t.Fatalf("at first: %s/%s", d.Action, d.Reason)
	}
	if d, _ = lasting(v, m, time.Second, 61*time.Second); d.Action != Claim || d.Reason != RestartedInPlace {
		t.Errorf("after the time for them: %s/%s, want claim/RestartedInPlace", d.Action, d.Reason)
	}
	gone := with(v, func(v *View) { v.Peers, v.Replicas = nil, 1 })
	if d, _ = Next(gone, Memory{}); d.Action != Claim {
		t.Errorf("they do not exist: %s/%s, want a claim at once", d.Action, d.Reason)
	}
}

// TestNoChainOfHandovers (19): the end of a StatefulSet ends all its pods, and each would hand over to the next.
func TestNoChainOfHandovers(t *testing.T) {
	ends := func(p Pod) Pod { p.Terminating = true; return p }
	v := formed(0, ends(pod(0).master()), ends(pod(1).replica(0)), ends(pod(2).replica(0)))
	if d, _ := Next(v, Memory{}); d.Action != Retain || d.Reason != NoSuccessor {
		t.Errorf("all end: %s/%s, want hold/NoSuccessor, which answers the hook", d.Action, d.Reason)
	}
	// Evictions and node shutdowns end a pod without a word in the API: the kubelet's call is enough.
	hook := with(formed(0, pod(0).master(), pod(1).replica(0), ends(pod(2).replica(0))), func(v *View) { v.Leaving = true })
	if d, _ := Next(hook, Memory{}); d.Action != Handover || d.Successor.Name != "redis-1" {
		t.Errorf("the hook alone: %s to %q, want a handover to the one that stays", d.Action, d.Successor.Name)
	}
	behind := with(hook, func(v *View) { v.Peers = []Pod{pod(1).replica(0).linkDown()} })
	if d, _ := Next(behind, Memory{}); d.Action != Retain || d.Reason != NoSuccessor {
		t.Errorf("nobody is in sync: %s/%s, want hold/NoSuccessor", d.Action, d.Reason)
	}
}

// TestElectionsLandOnTheHolder (20): while no agent can tell the Sentinels, their own election must choose whom the record
// names. Sentinel takes the least priority above 0.
func TestElectionsLandOnTheHolder(t *testing.T) {
	priority := func(v View, m Memory) int { d, _ := Next(v, m); return d.Tuning.Priority }
	synced := Memory{SyncedRun: "run-1"}
	replica := formed(0, pod(1).replica(0), pod(0).master())
	for name, c := range map[string]struct {
		got, want int
	}{
		"not in sync yet":                    {priority(formed(0, pod(1), pod(0).master()), Memory{}), 0},
		"in sync":                            {priority(replica, synced), 100},
		"in sync, the user's is 1":           {priority(with(replica, func(v *View) { v.Config.Priority = 1 }), synced), 2},
		"in sync, the user's is 0":           {priority(with(replica, func(v *View) { v.Config.Priority = 0 }), synced), 0},
		"the holder as master":               {priority(formed(0, pod(0).master(), pod(1).replica(0)), Memory{}), 1},
		"the holder that was made a replica": {priority(formed(0, pod(0).replica(1), pod(1).master()), Memory{SyncedRun: "run-0"}), 1},
	} {
		if c.got != c.want {
			t.Errorf("%s: replica-priority %d, want %d", name, c.got, c.want)
		}
	}
}

// TestFencedPodsBearNoRole (21, K-C11): a Service must select neither who is fenced, nor a holder that is not seen as master.
func TestFencedPodsBearNoRole(t *testing.T) {
	late := pod(2).replica(0).linkDown()
	young := pod(0).silent()
	late.Label, young.Label = RoleReplicaLabel, RoleReplicaLabel
	for name, c := range map[string]struct {
		pods []Pod
		want string // of redis-0, redis-1 and redis-2
	}{
		"the holder answers":                        {[]Pod{pod(0).master(), pod(1).replica(0), pod(2)}, "master,replica,"},
		"the holder is silent":                      {[]Pod{pod(0).silent(), pod(1).replica(0), late}, ",replica,"},
		"the holder is silent and its label is old": {[]Pod{young, pod(1).replica(0), late}, ",replica,"},
		"the holder is a replica":                   {[]Pod{pod(0).replica(1), pod(1).master(), late}, ",,"},
		"a replica of somebody else":                {[]Pod{pod(0).master(), pod(1).replica(2), pod(2).replica(0)}, "master,,replica"},
		"a replica that is about to go":             {[]Pod{pod(0).master(), pod(1).replica(0), with2(pod(2).replica(0), func(p *Pod) { p.Terminating = true })}, "master,replica,"},
	} {
		labels := roleLabels(beside(func(v *SentinelView) { v.Pods = c.pods }))
		if got := labels["redis-0"] + "," + labels["redis-1"] + "," + labels["redis-2"]; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestFormationNeedsNoSentinel (25): the group must not wait for a set that waits for something else; but then nobody may
// answer as master, for nobody else could name him.
func TestFormationNeedsNoSentinel(t *testing.T) {
	for name, set := range map[string][]Sentinel{"silent": silentSentinels(), "none at all": nil} {
		v := with(fresh(pod(0), pod(1), pod(2)), func(v *View) { v.Sentinels = set })
		if d, _ := Next(v, Memory{}); d.Action != Claim {
			t.Errorf("%s: %s/%s, want a claim", name, d.Action, d.Reason)
		}
		v.Peers[1].Redis.Role, v.Peers[1].Redis.Following = Master, Address{}
		if d, _ := Next(v, Memory{}); d.Action == Claim {
			t.Errorf("%s, and another is master: %s", name, d.Reason)
		}
	}
}

// TestWhatHangsOnTheRecordIsReadLive (26): a watch may be behind; before a claim, a promotion or a demotion it is not enough.
func TestWhatHangsOnTheRecordIsReadLive(t *testing.T) {
	for name, c := range map[string]struct {
		view View
		live bool
	}{
		"named, and not master yet":            {formed(0, pod(0), pod(1).silent()), true},
		"master, and most Sentinels say so":    {formed(0, pod(0).master(), pod(1).replica(0)), false},
		"master, and the Sentinels are silent": {with(formed(0, pod(0).master(), pod(1).replica(0)), func(v *View) { v.Sentinels = silentSentinels() }), true},
		"master, and another is named":         {formed(1, pod(0).master(), pod(1).master()), true},
		"the named master answers":             {formed(0, pod(1).replica(0), pod(0).master()), false},
		"the named master is silent":           {formed(0, pod(1).replica(0), pod(0).silent()), true},
	} {
		if got := WantsLiveRecord(c.view); got != c.live {
			t.Errorf("%s: live %v, want %v", name, got, c.live)
		}
	}
}

// TestServerThatIsTooOld: it is fenced, neither leads nor follows, takes nothing over, and what it holds is not forgotten.
func TestServerThatIsTooOld(t *testing.T) {
	old := func(p Pod) Pod { p.Redis.TooOld = true; return p }
	loading := old(inPlace(0))
	loading.Redis.Answer = Loading
	run(t, []situationCase{
		{name: "it does not begin a group", view: fresh(old(pod(0)), pod(1), pod(2)), action: Wait, reason: ServerTooOld},
		{name: "it does not follow", view: formed(0, old(pod(1)), pod(0).master()), action: Wait, reason: ServerTooOld},
		{name: "it does not stay in sync", view: formed(0, old(pod(1).replica(0)), pod(0).master()), action: Fence, reason: ServerTooOld},
		{name: "it does not stay master", view: formed(0, old(pod(0).master().data(otherID, 100, 10)), pod(1).replica(0)), action: Fence, reason: ServerTooOld},
		{name: "not even before the record is read", view: with(formed(0, old(pod(0).master())), func(v *View) { v.Record = Record{} }), action: Fence, reason: ServerTooOld},
		{name: "it takes no offer", view: with(formed(0, old(pod(1).replica(0).linkDown()), inPlace(0)), func(v *View) { v.Record.Offer = &Offer{PodUID: "uid-1", RunID: "run-1", ReplID: lineageID} }), action: Fence, reason: ServerTooOld},
		{name: "it does not claim the data that is best", view: formed(2, old(pod(2).reborn().data(thirdID, 0, 10)), pod(0).reborn(), pod(1).reborn()), action: Wait, reason: ServerTooOld},
		{name: "it lets no further pod be born", view: with(fresh(old(pod(0))), func(v *View) { v.OrderedReady, v.VolumeClaims = true, []int{0, 1, 2} }), action: Wait, reason: ServerTooOld},
		{name: "the holder offers to a replica in sync", view: formed(0, old(inPlace(0)), pod(1).replica(0).linkDown()), action: OfferTransfer, reason: TransferAfterRestart},
		{name: "the same while it loads", view: formed(0, loading, pod(1).replica(0).linkDown()), action: OfferTransfer, reason: TransferAfterRestart},
		{name: "the holder without anybody to offer to", view: formed(0, old(inPlace(0).data(lineageID, 100, 10)), pod(1).silent()), action: Wait, reason: ServerTooOld},
		{name: "nobody offers to it", view: formed(0, inPlace(0), old(pod(1).replica(0).linkDown()), pod(2).silent()), action: Wait, reason: RestartedWaiting},
		{name: "nobody hands over to it", view: with(formed(0, pod(0).master(), old(pod(1).replica(0))), func(v *View) { v.Leaving = true }), action: Retain, reason: NoSuccessor, ready: true},
		{name: "its data is waited for", view: fresh(pod(0), pod(1), old(pod(2).data(lineageID, 100, 10))), action: Wait, reason: CandidatesSilent},
		{name: "a plain one is followed: that is the way to a newer version", view: fresh(pod(1), old(pod(0).plain().master())), action: Follow, reason: Adopting, target: at(0)},
	})
	if ServerTooOld.Events() != Warning {
		t.Error("nobody is told")
	}
}
