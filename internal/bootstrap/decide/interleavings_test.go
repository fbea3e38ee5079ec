// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// The numbers in these tests are those of docs/interleavings.md.

func flagged(v *model.View) {
	for i := range v.Sentinels {
		v.Sentinels[i].MasterDown = true
	}
}

func cutOff(v *model.View) { v.API, v.Sentinels = false, silentSentinels() }

func moment(v model.View, later time.Duration) model.View { v.Now = clock.Add(later); return v }

// lasting takes a turn each second while a view stays as it is.
func lasting(v model.View, m Memory, from, to time.Duration) (d Decision, after Memory) {
	for at := from; at <= to; at += time.Second {
		d, m = Next(moment(v, at), m)
	}
	return d, m
}

// TestNativeFailoverIsWatchedToItsEnd (1): for a second only the leading Sentinel knows that the replica was promoted. Neither
// that replica nor the other one, which the leader has pointed at it, is put back.
func TestNativeFailoverIsWatchedToItsEnd(t *testing.T) {
	leading := func(v *model.View) { flagged(v); v.Sentinels[1].FailoverInProgress = true }
	old := pod(0, silent)
	_, promoted := Next(with(formed(0, pod(1, replica(0), linkDown), old, pod(2, replica(0), linkDown)), leading), Memory{SyncedRun: "run-1"})
	_, other := Next(with(formed(0, pod(2, replica(0), linkDown), old, pod(1, replica(0), linkDown)), leading), Memory{SyncedRun: "run-2"})
	var d Decision
	for second := range 12 {
		v := moment(with(formed(0, pod(1, master), old, pod(2, replica(1))), leading), time.Duration(second)*time.Second)
		if d, promoted = Next(v, promoted); d.Action != Wait || d.Reason != model.PromotedBySentinel {
			t.Fatalf("promoted, after %d s: %s/%s", second, d.Action, d.Reason)
		}
		v = moment(with(formed(0, pod(2, replica(1)), old, pod(1, master)), leading), time.Duration(second)*time.Second)
		if d, other = Next(v, other); d.Action != Wait {
			t.Fatalf("the other replica, after %d s: %s/%s to %s", second, d.Action, d.Reason, d.Target)
		}
	}
	done := func(v *model.View) { v.Sentinels = sentinels(at(1), holderAt+1) }
	if d, _ = Next(moment(with(formed(0, pod(1, master), old, pod(2, replica(1))), done), 13*time.Second), promoted); d.Action != Retain {
		t.Errorf("the failover is over: %s/%s, want retain", d.Action, d.Reason)
	}
}

// TestLeaderOfAFailoverNamesNobody (2): during a failover the leader already knows the new epoch, and perhaps still the old
// address.
func TestLeaderOfAFailoverNamesNobody(t *testing.T) {
	v := formed(0, pod(2, replica(1)), pod(0, master), pod(1, master))
	v.Sentinels = sentinels(at(1), holderAt+1)
	v.Sentinels[0] = model.Sentinel{Answered: true, Monitors: true, Address: at(0), ConfigEpoch: holderAt + 1, FailoverInProgress: true}
	if n := leaderOf(&v); n.address != at(1) {
		t.Errorf("%s is named, want the address of those whose failover is over", n.address)
	}
}

// TestElectionsNeverReachAClaim (3): the Sentinels' counter also goes up with the failed elections of all their groups.
func TestElectionsNeverReachAClaim(t *testing.T) {
	v := fresh(pod(0), pod(1), pod(2))
	v.HelloEpoch = uint64(clock.UnixMilli()) + 500 // a counter that an earlier claim has raised
	for elections := range uint64(100) {
		v.HelloEpoch++
		d, _ := Next(v, Memory{})
		if d.Action != Claim || d.Epoch%model.EpochStep != 0 || d.Epoch <= v.HelloEpoch {
			t.Fatalf("after %d elections: %s at %d, the counter is at %d", elections, d.Action, d.Epoch, v.HelloEpoch)
		}
	}
}

// TestNewRecordBeginsAboveOldSentinels (3): a StatefulSet that was deleted and recreated has a record without an epoch, while
// the Sentinels remember its name with one.
func TestNewRecordBeginsAboveOldSentinels(t *testing.T) {
	remembered := in(2 * time.Minute)
	v := fresh(pod(0), pod(1), pod(2))
	v.Sentinels = sentinels(model.Address{Host: "10.0.7.7", Port: 6379}, remembered)
	v.Record.Epoch = 0
	if e := newSituation(v, Memory{}).claimEpoch(); e <= remembered || e%model.EpochStep != 0 {
		t.Errorf("a claim at %d, the Sentinels remember %d", e, remembered)
	}
}

// TestSuccessorOfAnAgentGoesOnFromTheRecord (4b): the holder's agent died during a handover. The agent that replaces it knows
// nothing but what it sees.
func TestSuccessorOfAnAgentGoesOnFromTheRecord(t *testing.T) {
	taken := with(formed(1, pod(0, master), pod(1, master), pod(2, replica(1))), func(v *model.View) { v.Record.Epoch += 1024 })
	if d, _ := Next(taken, Memory{}); d.Action != Follow || d.Target != at(1) {
		t.Errorf("the successor has claimed: %s/%s, want to follow it", d.Action, d.Reason)
	}
	offered := with(formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0))), func(v *model.View) {
		v.Record.Offer = &model.Offer{PodUID: "uid-1", RunID: "run-1", ReplID: lineageID, Offset: 100}
	})
	if d, _ := Next(offered, Memory{}); d.Action != Retain || d.Record == nil || d.Record.Offer != nil {
		t.Errorf("the successor has not claimed: %s/%s, want to retain, which takes the offer back", d.Action, d.Reason)
	}
}

// TestSuccessorThatDiesIsReplaced (4d): the successor claimed and died, and the old master already follows it.
func TestSuccessorThatDiesIsReplaced(t *testing.T) {
	v := with(formed(1, pod(0, replica(1), linkDown), pod(1, silent), pod(2, replica(1), linkDown)), flagged)
	if d, _ := lasting(v, Memory{SyncedRun: "run-0"}, 0, 61*time.Second); d.Action != Claim || d.Reason != model.MasterGone {
		t.Errorf("got %s/%s, want the old master to claim back", d.Action, d.Reason)
	}
}

// TestLineageFollowsTheHolder (5): the first replica, and an hour without one, change the id of a history.
func TestLineageFollowsTheHolder(t *testing.T) {
	v := formed(0, pod(0, master, data(otherID, 100, 10)), pod(1, replica(0)), pod(2, replica(0)))
	d, _ := Next(v, Memory{})
	if !slices.Equal(after(v, d).Lineage, []string{otherID, lineageID}) {
		t.Fatalf("lineage %v, want the new id before the old one", after(v, d).Lineage)
	}
	v.Record.Lineage = after(v, d).Lineage
	if d, _ = Next(v, Memory{}); !slices.Equal(after(v, d).Lineage, v.Record.Lineage) {
		t.Errorf("lineage %v is written again", after(v, d).Lineage)
	}
	for n := range 3 * lineageLength {
		v.Self.Redis.ReplID = thirdID[:38] + string([]byte{'a' + byte(n/26), 'a' + byte(n%26)})
		d, _ = Next(v, Memory{})
		v.Record.Lineage = after(v, d).Lineage
	}
	if len(v.Record.Lineage) != lineageLength {
		t.Errorf("%d ids are kept, want %d", len(v.Record.Lineage), lineageLength)
	}
}

// TestOffsetsCompareUnderOneID (5): after a restart with AOF all ids are new and all offsets begin again.
func TestOffsetsCompareUnderOneID(t *testing.T) {
	v := formed(2, pod(0))
	behind := func(v *model.View) { v.Record.Members[1] = model.Member{VolumeClaim: "claim-1"} }
	for name, c := range map[string]struct {
		a, b   model.Pod
		change func(*model.View)
		better int
	}{
		"one id: the greater offset":                   {pod(0, data(lineageID, 90, 1)), pod(1, data(lineageID, 100, 1)), func(*model.View) {}, 1},
		"the newer id, whatever the offsets":           {pod(0, data(lineageID, 5, 1)), pod(1, data(otherID, 900, 1)), func(v *model.View) { v.Record.Lineage = []string{lineageID, otherID} }, 0},
		"no known id: the one in sync":                 {pod(0, data(otherID, 0, 1)), pod(1, data(thirdID, 900, 50)), behind, 0},
		"no known id, both in sync: the one with more": {pod(0, data(otherID, 900, 1)), pod(1, data(thirdID, 0, 50)), func(*model.View) {}, 1},
	} {
		view := with(v, c.change)
		order, got := newSituation(view, Memory{}).compareData(&c.b, &c.a), 0
		if order > 0 {
			got = 1
		}
		if got != c.better || order == 0 {
			t.Errorf("%s: ordinal %d is better, want %d", name, got, c.better)
		}
		v.Record = recordOf(2)
	}
}

// TestWhoWasInSyncIsWaitedFor (5): the recorded holder's volume is lost; a replica that had been down for hours is back first.
func TestWhoWasInSyncIsWaitedFor(t *testing.T) {
	v := formed(2, pod(0, recreated, data(otherID, 0, 10)), pod(1, silent), edited(pod(2, recreated), func(p *model.Pod) { p.VolumeClaim = "new" }))
	v.Record.Members[0] = model.Member{VolumeClaim: "claim-0"}
	_, m := Next(v, Memory{})
	if d, _ := Next(moment(v, 30*time.Second), m); d.Action == Claim {
		t.Errorf("the one that was not in sync leads before the other has come: %s", d.Reason)
	}
	v.Peers[0] = pod(1, recreated, data(thirdID, 0, 8))
	if d, _ := Next(moment(v, 31*time.Second), m); d.Action == Claim {
		t.Errorf("the one that was not in sync leads over the other, which has come: %s", d.Reason)
	}
	v.Self, v.Peers[0], v.UIDByName = v.Peers[0], v.Self, v.Peers[0].UID
	if d, _ := Next(moment(v, 31*time.Second), Memory{}); d.Action != Claim || d.Reason != model.MasterGone {
		t.Errorf("the one that was in sync: %s/%s, want claim/MasterGone", d.Action, d.Reason)
	}
}

// TestPoisonedRecordIsNotBelieved (6): a pod's account may write the record of its group, and so any epoch into it.
func TestPoisonedRecordIsNotBelieved(t *testing.T) {
	v := with(formed(0, pod(1, replica(0)), pod(0, master), pod(2, replica(0))), func(v *model.View) { v.Record.Epoch, v.Record.PodUID, v.Record.Address = ^uint64(0), "uid-2", at(2) })
	if d, _ := Next(v, Memory{SyncedRun: "run-1"}); d.Target != at(0) {
		t.Errorf("follows %s by an unbelievable epoch", d.Target)
	}
	if e := model.NextEpoch(clock, ^uint64(0), ^uint64(0), holderAt); e > uint64(clock.Add(model.BelievableAhead).UnixMilli()) {
		t.Errorf("a claim goes on from it: %d", e)
	}
}

// TestLossNeedsWitnesses (7): a replica that is cut off from its master cannot depose it. What counts is what others answer.
func TestLossNeedsWitnesses(t *testing.T) {
	notReady := func() model.View {
		return with(formed(0, pod(1, replica(0), linkDown), pod(0, silent), pod(2, replica(0), linkDown)), func(v *model.View) { v.Sentinels = silentSentinels() })
	}
	for name, c := range map[string]struct {
		change func(*model.View)
		gone   bool
	}{
		"its pod is not ready, no link stands, no Sentinel answers": {func(*model.View) {}, true},
		"its pod is ready":                              {func(v *model.View) { v.Peers[0].Ready = true }, false},
		"another replica's link stands":                 {func(v *model.View) { v.Peers[1].Redis.LinkUp = true }, false},
		"another replica does not answer":               {func(v *model.View) { v.Peers[1] = but(v.Peers[1], silent) }, false},
		"the API is away, so that readiness is unknown": {func(v *model.View) { v.API = false }, false},
		"a majority of Sentinels answers and sees it":   {func(v *model.View) { v.Sentinels = sentinels(at(0), holderAt) }, false},
		"a majority of Sentinels answers and misses it": {func(v *model.View) { v.Sentinels = sentinels(at(0), holderAt); flagged(v); v.Peers[0].Ready = true }, true},
		"one Sentinel of three misses it, two are silent, it is ready": {func(v *model.View) {
			v.Sentinels[0] = sentinels(at(0), holderAt)[0]
			v.Sentinels[0].MasterDown = true
			v.Peers[0].Ready = true
		}, false},
		"the API says that its pod is gone":             {func(v *model.View) { v.Peers = v.Peers[1:] }, true},
		"an old list of pods says that its pod is gone": {func(v *model.View) { v.Peers, v.API = v.Peers[1:], false; v.Peers[0].Redis.LinkUp = true }, false},
	} {
		v := with(notReady(), c.change)
		if got := newSituation(v, Memory{}).leaderGone(); got != c.gone {
			t.Errorf("%s: proven gone %v, want %v", name, got, c.gone)
		}
	}
}

// TestLaterPodIsAskedBeforeItIsReplaced (8a): ordinal 0 began alone; ordinal 2 comes up with a volume from before.
func TestLaterPodIsAskedBeforeItIsReplaced(t *testing.T) {
	record := func(v *model.View) {
		v.Record.Members = map[int]model.Member{0: {VolumeClaim: "claim-0", InSync: true}}
	}
	run(t, []situationCase{
		{
			name: "its data is of another history", view: with(formed(0, pod(2, data(otherID, 50, 7)), pod(0, master)), record),
			action: Wait, reason: model.ForeignData,
		},
		{
			name: "it brings nothing", view: with(formed(0, pod(2), pod(0, master)), record),
			action: Join, reason: model.Joining, target: at(0),
		},
	})
}

// TestClockWaitsForTheMissingPod (9a): pods are created in order and the last one led. The time that its data is waited for must not
// run before it exists, and starts over when it makes progress.
func TestClockWaitsForTheMissingPod(t *testing.T) {
	v := with(formed(2, pod(0, recreated, data(otherID, 0, 10)), pod(1, recreated, data(thirdID, 0, 10))), func(v *model.View) { v.OrderedReady, v.VolumeClaims = true, []int{0, 1, 2} })
	v.Sentinels = silentSentinels()
	var d Decision
	m := Memory{}
	led := func(from, to time.Duration) bool { d, m = lasting(v, m, from, to); return d.Action == Claim }
	if led(0, 10*time.Minute) {
		t.Fatal("after ten minutes another pod leads, and the holder was never created")
	}
	v.Peers = append(v.Peers, pod(2, recreated, silent))
	if led(10*time.Minute, 10*time.Minute+55*time.Second) {
		t.Fatal("the holder exists, and another pod leads")
	}
	v.Peers[1].Redis.Answer = model.Loading
	if led(11*time.Minute, 30*time.Minute) {
		t.Fatal("the holder is loading its data, and another pod leads")
	}
	v.Peers[1] = but(v.Peers[1], silent)
	if led(30*time.Minute, 30*time.Minute+55*time.Second) || !led(30*time.Minute+56*time.Second, 31*time.Minute+2*time.Second) {
		t.Errorf("the holder is silent for good: %s/%s, want a claim after the time for it", d.Action, d.Reason)
	}
}

// TestReadyThoughFencedIsNarrow (9b): it lets one more pod be created, and does nothing else.
func TestReadyThoughFencedIsNarrow(t *testing.T) {
	ordered := with(formed(2, pod(0, recreated, data(otherID, 0, 10))), func(v *model.View) {
		v.OrderedReady, v.VolumeClaims, v.Sentinels = true, []int{0, 1, 2}, silentSentinels()
	})
	for name, c := range map[string]struct {
		change func(*model.View)
		ready  bool
	}{
		"one that must speak first is missing":       {func(*model.View) {}, true},
		"pods are created all at once":               {func(v *model.View) { v.OrderedReady = false }, false},
		"all exist":                                  {func(v *model.View) { v.Peers = []model.Pod{pod(1, silent), pod(2, silent)} }, false},
		"there is a master to sync with":             {func(v *model.View) { v.Peers = []model.Pod{pod(1, master)} }, false},
		"it follows one that is not a master":        {func(v *model.View) { v.Self = pod(0, replica(1), linkDown); v.Peers = []model.Pod{pod(1)} }, true},
		"it follows a silent pod and is not in sync": {func(v *model.View) { v.Self = pod(0, replica(1), linkDown); v.Peers = []model.Pod{pod(1, silent)} }, false},
		"it is the last one, and lower are away":     {func(v *model.View) { v.Self = pod(2, recreated) }, false},
		"its Redis loads":                            {func(v *model.View) { v.Self.Redis.Answer = model.Loading }, false},
	} {
		if d, _ := Next(with(ordered, c.change), Memory{}); d.Ready != c.ready {
			t.Errorf("%s: ready %v by %s/%s, want %v", name, d.Ready, d.Action, d.Reason, c.ready)
		}
	}
}

// TestIsolatedMaster (10): when a master may go on writing although nothing confirms that it is one.
func TestIsolatedMaster(t *testing.T) {
	long := Memory{AnsweredRun: "run-0", Confirmed: clock.Add(-4500 * time.Millisecond)}
	two := func() model.View { return formed(0, pod(0, master), pod(1, silent)) }
	minority := func() model.View { return formed(0, pod(0, master), pod(1, replica(0)), pod(2, silent)) }
	noSentinels := func(v *model.View) { v.Sentinels = silentSentinels() }
	since := func(ms int) Memory {
		return Memory{AnsweredRun: "run-0", Confirmed: clock.Add(-time.Duration(ms) * time.Millisecond)}
	}
	took := func(v model.View, long time.Duration) model.View {
		v.Took = long
		return v
	}
	for name, c := range map[string]struct {
		view   model.View
		memory Memory
		reason model.Reason
	}{
		"a group of two, the other is silent":         {with(two(), cutOff), long, model.Unconfirmed},
		"one replica is on my side, the other is not": {with(minority(), cutOff), long, model.Unconfirmed},
		"a group of one":                                   {with(formed(0, pod(0, master)), cutOff), long, model.Incumbent},
		"not for long enough":                              {with(minority(), cutOff), since(3700), model.Incumbent},
		"an agent that starts has less time":               {with(minority(), cutOff), Memory{Confirmed: clock.Add(-4100 * time.Millisecond)}, model.Unconfirmed},
		"the next look would be over too late":             {took(with(minority(), cutOff), 400*time.Millisecond), since(3100), model.Unconfirmed},
		"the next look is over in time":                    {took(with(minority(), cutOff), 400*time.Millisecond), since(2900), model.Incumbent},
		"this look confirms it":                            {took(minority(), 400*time.Millisecond), since(3900), model.Incumbent},
		"it had no processor for a while":                  {took(with(minority(), cutOff), 2*time.Second), since(2700), model.Incumbent},
		"it stood still while it looked":                   {took(minority(), 4100*time.Millisecond), since(100), model.Unconfirmed},
		"only the API is away":                             {with(minority(), func(v *model.View) { v.API = false }), long, model.Incumbent},
		"most Sentinels do not reach it":                   {with(minority(), func(v *model.View) { v.API = false; flagged(v) }), long, model.Unconfirmed},
		"the Sentinels are away, and another is silent":    {with(minority(), noSentinels), long, model.Unconfirmed},
		"the Sentinels are away, and another is not there": {with(minority(), func(v *model.View) { noSentinels(v); v.Peers[1].Redis.Refused, v.Peers[1].Down = true, true }), long, model.Incumbent},
		"nothing listens there, or a firewall is between":  {with(minority(), func(v *model.View) { noSentinels(v); v.Peers[1].Redis.Refused = true }), long, model.Unconfirmed},
		"its kubelet says so, and something is silent":     {with(minority(), func(v *model.View) { noSentinels(v); v.Peers[1].Down = true }), long, model.Unconfirmed},
		"a replica follows another pod":                    {with(formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(1))), cutOff), long, model.Unconfirmed},
	} {
		c.view.Self.Redis.OnlineReplicas = 0
		d, _ := Next(c.view, c.memory)
		writes := 0
		if c.reason == model.Unconfirmed {
			writes = model.NoWrites
		}
		if d.Reason != c.reason || d.Tuning.MinReplicas != writes || d.Ready != (c.reason == model.Incumbent) {
			t.Errorf("%s: %s, min-replicas %d, ready %v; want %s, %d", name, d.Reason, d.Tuning.MinReplicas, d.Ready, c.reason, writes)
		}
	}
}

// TestMasterThatRefusedIsConfirmedForAWhile before it takes writes again: who found it gone claims by what he saw a moment before, and
// it may be cut off again when that is written. A claim of its own needs no such while.
func TestMasterThatRefusedIsConfirmedForAWhile(t *testing.T) {
	seen := formed(0, pod(0, master), pod(1, replica(0)), pod(2, silent))
	away := with(formed(0, pod(0, master), pod(1, replica(0)), pod(2, silent)), cutOff)
	_, m := Next(away, Memory{AnsweredRun: "run-0", Confirmed: clock.Add(-6 * time.Second)})
	for i, step := range []struct {
		after time.Duration
		view  model.View
		takes bool
	}{
		{100 * time.Millisecond, seen, false},
		{900 * time.Millisecond, seen, false},
		{1000 * time.Millisecond, away, false}, // for a second nobody could have been promoted, and still it counts anew
		{3000 * time.Millisecond, away, false},
		{3100 * time.Millisecond, seen, false},
		{4000 * time.Millisecond, seen, false},
		{4200 * time.Millisecond, seen, true},
		{4300 * time.Millisecond, away, true},
	} {
		var d Decision
		if d, m = Next(moment(step.view, step.after), m); (d.Tuning.MinReplicas != model.NoWrites) != step.takes || d.Ready != step.takes {
			t.Errorf("step %d: %s, min-replicas %d, ready %v", i, d.Reason, d.Tuning.MinReplicas, d.Ready)
		}
	}
	_, m = Next(away, Memory{AnsweredRun: "run-0", Confirmed: clock.Add(-6 * time.Second)})
	m.LedEpoch, m.LedSince = seen.Record.Epoch, clock.Add(time.Second)
	if d, _ := Next(moment(seen, 1100*time.Millisecond), m); d.Tuning.MinReplicas == model.NoWrites {
		t.Errorf("after a claim: %s", d.Reason)
	}
}

// TestAgentThatStartsBesideAMaster: what the agent before it knew is lost, so it gives its Redis a second to be confirmed; one that
// is, never refuses a write.
func TestAgentThatStartsBesideAMaster(t *testing.T) {
	island := with(formed(0, pod(0, master), pod(1, silent)), cutOff)
	island.Record, island.Peers, island.UIDByName = model.Record{}, nil, "" // the API has not answered yet
	for name, c := range map[string]struct {
		view model.View
		want map[time.Duration]bool // whether writes are taken
	}{
		"nothing confirms it":     {island, map[time.Duration]bool{0: true, 900 * time.Millisecond: true, 1100 * time.Millisecond: false}},
		"most Sentinels name it":  {with(island, func(v *model.View) { v.Sentinels = sentinels(at(0), holderAt) }), map[time.Duration]bool{0: true, time.Hour: true}},
		"it was promoted by none": {with(formed(0, pod(0, master)), func(v *model.View) { v.Sentinels = nil }), map[time.Duration]bool{0: true, time.Hour: true}},
	} {
		var m Memory
		var d Decision
		for _, later := range slices.Sorted(maps.Keys(c.want)) {
			d, m = Next(moment(c.view, later), m)
			if takes := d.Tuning.MinReplicas != model.NoWrites; takes != c.want[later] || d.Ready != takes {
				t.Errorf("%s, after %s: %s/%s takes writes: %v, ready %v", name, later, d.Action, d.Reason, takes, d.Ready)
			}
		}
	}
}

// TestFirstWritesNeedNoReplica (10e): a master that was just promoted has no replica yet.
func TestFirstWritesNeedNoReplica(t *testing.T) {
	claimed := Memory{Claimed: Claimed{Epoch: holderAt, RunID: "run-0"}}
	if d, _ := Next(formed(0, pod(0), pod(1, silent), pod(2, silent)), claimed); d.Action != Promote || d.Tuning.MinReplicas != 0 {
		t.Errorf("at the promotion: %s with min-replicas %d, want 0", d.Action, d.Tuning.MinReplicas)
	}
	v := formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0)))
	for online, want := range []int{0, 0, 1} {
		v.Self.Redis.OnlineReplicas = online
		if d, _ := Next(v, Memory{}); d.Tuning.MinReplicas != want {
			t.Errorf("%d replicas: min-replicas %d, want %d", online, d.Tuning.MinReplicas, want)
		}
	}
}

// TestNameIsNotAnIdentity (11a, b): a pod of the same name, or the same pod after a reboot of its node, is not the one that was
// named.
func TestNameIsNotAnIdentity(t *testing.T) {
	claimed := Memory{Claimed: Claimed{Epoch: holderAt, RunID: "run-0"}}
	for name, change := range map[string]func(*model.Pod){
		"another uid":     func(p *model.Pod) { p.UID = "successor" },
		"another address": func(p *model.Pod) { p.Address = model.Address{Host: "10.0.9.9", Port: 6379} },
	} {
		v := formed(0, edited(pod(0, data(lineageID, 100, 10)), change), pod(1, silent), pod(2, silent))
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
	rebooted := formed(0, edited(pod(0, data(lineageID, 100, 10)), func(p *model.Pod) { p.Address = model.Address{Host: "10.0.9.9", Port: 6379} }), pod(1), pod(2))
	if d, _ := Next(rebooted, Memory{}); d.Action != Claim || d.Epoch <= holderAt {
		t.Errorf("after the reboot: %s at %d, want a claim above %d, or one epoch has two addresses", d.Action, d.Epoch, holderAt)
	}
}

// TestDeletionFormsNothingAgain (14c): the record may be deleted before the last pods are.
func TestDeletionFormsNothingAgain(t *testing.T) {
	ending := edited(pod(0, master), func(p *model.Pod) { p.Terminating = true })
	for name, change := range map[string]func(*model.View){
		"the record was collected":            func(v *model.View) { v.Record = model.Record{} },
		"the same, and one was created since": func(v *model.View) { v.Self, v.Record = pod(0), model.Record{} },
		"the record is new and empty":         func(v *model.View) { v.Record = model.Record{Known: true, UID: "second", Version: "1"} },
		"the StatefulSet is gone": func(v *model.View) {
			v.SetGone, v.Self.Terminating, v.Record = true, false, model.Record{Known: true, Version: "1"}
		},
		"it is offered the mastership": func(v *model.View) {
			v.Self = edited(pod(1, replica(0), linkDown), func(p *model.Pod) { p.Terminating = true })
			v.UIDByName, v.Record.Offer = v.Self.UID, &model.Offer{PodUID: "uid-1", RunID: "run-1", ReplID: lineageID, Offset: 100}
		},
	} {
		v := with(formed(0, ending), func(v *model.View) { v.Sentinels = silentSentinels(); change(v) })
		_, m := Next(v, Memory{})
		if d, _ := Next(moment(v, 10*time.Minute), m); d.Action == Claim || d.Action == Promote {
			t.Errorf("%s: %s/%s", name, d.Action, d.Reason)
		}
	}
}

// TestFlushAllIsNoLoss (17): the newest history of a group may be one without keys.
func TestFlushAllIsNoLoss(t *testing.T) {
	flushed := pod(0, master, data(lineageID, 120, 0))
	old := pod(2, replica(0), linkDown, data(lineageID, 100, 10))
	if d, _ := Next(formed(0, old, flushed, pod(1, replica(0), data(lineageID, 120, 0))), Memory{SyncedRun: "run-2"}); d.Reason != model.Synced {
		t.Errorf("the replica that missed it: %s/%s, want it to stay with the master", d.Action, d.Reason)
	}
	back := pod(2, data(lineageID, 100, 10))
	if d, _ := Next(formed(0, back, flushed), Memory{}); d.Action != Follow {
		t.Errorf("the same after a restart: %s/%s, want follow", d.Action, d.Reason)
	}
	lost := with(formed(0, pod(1, replica(0), linkDown, data(lineageID, 120, 0)), pod(0, silent), old), flagged)
	if d, _ := lasting(lost, Memory{SyncedRun: "run-1"}, 0, 61*time.Second); d.Action != Claim {
		t.Errorf("the master is lost: %s/%s, want the one that has the newest history to claim", d.Action, d.Reason)
	}
	other := with(formed(0, old, pod(0, silent), pod(1, replica(0), linkDown, data(lineageID, 120, 0))), flagged)
	if d, _ := lasting(other, Memory{SyncedRun: "run-2"}, 0, 61*time.Second); d.Action == Claim {
		t.Error("deleted keys are back")
	}
}

// TestRestartedMasterDoesNotWaitForEver (18): it has its data, and a replica that may have more does not answer.
func TestRestartedMasterDoesNotWaitForEver(t *testing.T) {
	v := formed(0, but(inPlace(0), data(otherID, 0, 10)), pod(1, silent), pod(2, silent))
	d, m := Next(v, Memory{})
	if d.Reason != model.RestartedWaiting {
		t.Fatalf("at first: %s/%s", d.Action, d.Reason)
	}
	if d, _ = lasting(v, m, time.Second, 61*time.Second); d.Action != Claim || d.Reason != model.RestartedInPlace {
		t.Errorf("after the time for them: %s/%s, want claim/RestartedInPlace", d.Action, d.Reason)
	}
	gone := with(v, func(v *model.View) { v.Peers, v.Replicas = nil, 1 })
	if d, _ = Next(gone, Memory{}); d.Action != Claim {
		t.Errorf("they do not exist: %s/%s, want a claim at once", d.Action, d.Reason)
	}
}

// TestNoChainOfHandovers (19): deleting a StatefulSet ends all its pods, and each would hand over to the next.
func TestNoChainOfHandovers(t *testing.T) {
	ends := func(p model.Pod) model.Pod { p.Terminating = true; return p }
	v := formed(0, ends(pod(0, master)), ends(pod(1, replica(0))), ends(pod(2, replica(0))))
	if d, _ := Next(v, Memory{}); d.Action != Retain || d.Reason != model.NoSuccessor {
		t.Errorf("all end: %s/%s, want retain/NoSuccessor, which answers the hook", d.Action, d.Reason)
	}
	// Evictions and node shutdowns end a pod without any sign in the API: the kubelet's call is enough.
	hook := with(formed(0, pod(0, master), pod(1, replica(0)), ends(pod(2, replica(0)))), func(v *model.View) { v.Leaving = true })
	if d, _ := Next(hook, Memory{}); d.Action != Handover || d.Successor.Name != "redis-1" {
		t.Errorf("the hook alone: %s to %q, want a handover to the one that stays", d.Action, d.Successor.Name)
	}
	behind := with(hook, func(v *model.View) { v.Peers = []model.Pod{pod(1, replica(0), linkDown)} })
	d, m := Next(behind, Memory{})
	if d.Action != Retain || d.Reason != model.HandingOver || !d.MayGiveAway() {
		t.Errorf("no replica is in sync yet: %s/%s, want retain/HandingOver, which lets the hook wait", d.Action, d.Reason)
	}
	if d, _ = Next(moment(behind, linkTime), m); d.Action != Retain || d.Reason != model.NoSuccessor {
		t.Errorf("no replica is in sync: %s/%s, want retain/NoSuccessor", d.Action, d.Reason)
	}
}

// TestElectionsLandOnTheHolder (20): while no agent can tell the Sentinels, their own election must choose the pod that the
// record names. Sentinel takes the lowest priority above 0.
func TestElectionsLandOnTheHolder(t *testing.T) {
	priority := func(v model.View, m Memory) int { d, _ := Next(v, m); return d.Tuning.Priority }
	synced := Memory{SyncedRun: "run-1"}
	following := formed(0, pod(1, replica(0)), pod(0, master))
	for name, c := range map[string]struct {
		got, want int
	}{
		"not in sync yet":                    {priority(formed(0, pod(1), pod(0, master)), Memory{}), 0},
		"in sync":                            {priority(following, synced), 100},
		"in sync, the user's is 1":           {priority(with(following, func(v *model.View) { v.Config.Priority = 1 }), synced), 2},
		"in sync, the user's is 0":           {priority(with(following, func(v *model.View) { v.Config.Priority = 0 }), synced), 0},
		"the holder as master":               {priority(formed(0, pod(0, master), pod(1, replica(0))), Memory{}), 1},
		"the holder that was made a replica": {priority(formed(0, pod(0, replica(1)), pod(1, master)), Memory{SyncedRun: "run-0"}), 1},
	} {
		if c.got != c.want {
			t.Errorf("%s: replica-priority %d, want %d", name, c.got, c.want)
		}
	}
}

// TestFormationNeedsNoSentinel (25): the group must not wait for a set that waits for something else; but then no pod may
// answer as master, for only Sentinels could name it.
func TestFormationNeedsNoSentinel(t *testing.T) {
	for name, set := range map[string][]model.Sentinel{"silent": silentSentinels(), "none at all": nil} {
		v := with(fresh(pod(0), pod(1), pod(2)), func(v *model.View) { v.Sentinels = set })
		if d, _ := Next(v, Memory{}); d.Action != Claim {
			t.Errorf("%s: %s/%s, want a claim", name, d.Action, d.Reason)
		}
		v.Peers[1].Redis.Role, v.Peers[1].Redis.Following = model.Master, model.Address{}
		if d, _ := Next(v, Memory{}); d.Action == Claim {
			t.Errorf("%s, and another is master: %s", name, d.Reason)
		}
	}
}

// TestWhatHangsOnTheRecordIsReadLive (26): a watch may be behind; before a claim, a promotion or a demotion it is not enough.
func TestWhatHangsOnTheRecordIsReadLive(t *testing.T) {
	for name, c := range map[string]struct {
		view model.View
		live bool
	}{
		"named, and not master yet":            {formed(0, pod(0), pod(1, silent)), true},
		"master, and most Sentinels say so":    {formed(0, pod(0, master), pod(1, replica(0))), false},
		"master, and the Sentinels are silent": {with(formed(0, pod(0, master), pod(1, replica(0))), func(v *model.View) { v.Sentinels = silentSentinels() }), true},
		"master, and another is named":         {formed(1, pod(0, master), pod(1, master)), true},
		"the named master answers":             {formed(0, pod(1, replica(0)), pod(0, master)), false},
		"the named master is silent":           {formed(0, pod(1, replica(0)), pod(0, silent)), true},
	} {
		if got := WantsLiveRecord(c.view); got != c.live {
			t.Errorf("%s: live %v, want %v", name, got, c.live)
		}
	}
}

// TestServerThatIsTooOld: it is fenced, neither leads nor follows, takes nothing over, and what it holds is not forgotten.
func TestServerThatIsTooOld(t *testing.T) {
	old := func(p model.Pod) model.Pod { p.Redis.TooOld = true; return p }
	loading := old(inPlace(0))
	loading.Redis.Answer = model.Loading
	run(t, []situationCase{
		{name: "it does not begin a group", view: fresh(old(pod(0)), pod(1), pod(2)), action: Wait, reason: model.ServerTooOld},
		{name: "it does not follow", view: formed(0, old(pod(1)), pod(0, master)), action: Wait, reason: model.ServerTooOld},
		{name: "it does not stay in sync", view: formed(0, old(pod(1, replica(0))), pod(0, master)), action: Fence, reason: model.ServerTooOld},
		{name: "it does not stay master", view: formed(0, old(pod(0, master, data(otherID, 100, 10))), pod(1, replica(0))), action: Fence, reason: model.ServerTooOld},
		{name: "not even before the record is read", view: with(formed(0, old(pod(0, master))), func(v *model.View) { v.Record = model.Record{} }), action: Fence, reason: model.ServerTooOld},
		{name: "it takes no offer", view: with(formed(0, old(pod(1, replica(0), linkDown)), inPlace(0)), func(v *model.View) { v.Record.Offer = &model.Offer{PodUID: "uid-1", RunID: "run-1", ReplID: lineageID} }), action: Fence, reason: model.ServerTooOld},
		{name: "it does not claim the data that is best", view: formed(2, old(pod(2, recreated, data(thirdID, 0, 10))), pod(0, recreated), pod(1, recreated)), action: Wait, reason: model.ServerTooOld},
		{name: "it lets no further pod be created", view: with(fresh(old(pod(0))), func(v *model.View) { v.OrderedReady, v.VolumeClaims = true, []int{0, 1, 2} }), action: Wait, reason: model.ServerTooOld},
		{name: "the holder offers to a replica in sync", view: formed(0, old(inPlace(0)), pod(1, replica(0), linkDown)), action: OfferTransfer, reason: model.TransferAfterRestart},
		{name: "the same while it is loading", view: formed(0, loading, pod(1, replica(0), linkDown)), action: OfferTransfer, reason: model.TransferAfterRestart},
		{name: "the holder without a replica to offer to", view: formed(0, old(but(inPlace(0), data(lineageID, 100, 10))), pod(1, silent)), action: Wait, reason: model.ServerTooOld},
		{name: "it is offered nothing", view: formed(0, inPlace(0), old(pod(1, replica(0), linkDown)), pod(2, silent)), action: Wait, reason: model.RestartedWaiting},
		{name: "no pod hands over to it", view: with(formed(0, pod(0, master), old(pod(1, replica(0)))), func(v *model.View) { v.Leaving = true }), action: Retain, reason: model.NoSuccessor, ready: true},
		{name: "its data is waited for", view: fresh(pod(0), pod(1), old(pod(2, data(lineageID, 100, 10)))), action: Wait, reason: model.CandidatesSilent},
		{name: "a plain one is followed: that is the way to a newer version", view: fresh(pod(1), old(pod(0, plain, master))), action: Follow, reason: model.Adopting, target: at(0)},
	})
	if model.ServerTooOld.Events() != model.Warning {
		t.Error("no person is told")
	}
}
