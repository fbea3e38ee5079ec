// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// situationCase is one row of the table of situations.
type situationCase struct {
	name   string
	view   model.View
	memory Memory
	action Action
	reason model.Reason
	target model.Address
	ready  bool
}

func (c situationCase) check(t *testing.T) Decision {
	t.Helper()
	d, _ := Next(c.view, c.memory)
	if d.Action != c.action || d.Reason != c.reason || d.Ready != c.ready || d.Target != c.target {
		t.Errorf("got %s/%s target %s ready %v, want %s/%s target %s ready %v",
			d.Action, d.Reason, d.Target, d.Ready, c.action, c.reason, c.target, c.ready)
	}
	return d
}

func run(t *testing.T, cases []situationCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}

func with(v model.View, change func(*model.View)) model.View { change(&v); return v }

func TestSelf(t *testing.T) {
	run(t, []situationCase{
		{
			name: "my Redis is silent: nothing can be done to it",
			view: formed(0, pod(1, silent), pod(0, master)), action: Wait, reason: model.NotRunning,
		},
		{
			name:   "another pod has my name (R11a): fenced, and nothing is written",
			view:   with(formed(0, pod(0, master), pod(1, replica(0))), func(v *model.View) { v.UIDByName = "successor" }),
			action: Fence, reason: model.Replaced,
		},
		{
			name:   "the record was never read: a replica stays what it is",
			view:   with(formed(0, pod(1, replica(0)), pod(0, master)), func(v *model.View) { v.Record = model.Record{} }),
			action: Wait, reason: model.RecordUnknown, ready: true,
		},
		{
			name:   "the record went backwards (R26): it is stale and ignored",
			view:   formed(0, pod(1, replica(0)), pod(0, master)),
			memory: Memory{MaxEpoch: holderAt + 1024}, action: Wait, reason: model.RecordUnknown, ready: true,
		},
		{
			name:   "the record was deleted and recreated: its small epoch does not come from an old watch",
			view:   with(formed(0, pod(0, master), pod(1, replica(0))), func(v *model.View) { v.Record = model.Record{Known: true, UID: "second"} }),
			memory: Memory{MaxEpoch: holderAt, RecordUID: "first"}, action: Retain, reason: model.Incumbent, ready: true,
		},
	})
}

func TestFollowing(t *testing.T) {
	run(t, []situationCase{
		{
			name: "a fresh pod follows the verified master", view: formed(0, pod(1), pod(0, master)),
			action: Follow, reason: model.Following, target: at(0),
		},
		{
			name: "in sync: nothing to do, and Ready", view: formed(0, pod(1, replica(0)), pod(0, master)),
			action: Wait, reason: model.Synced, target: at(0), ready: true,
		},
		{
			name: "the link is down but was up in this run: still Ready", view: formed(0, pod(1, replica(0), linkDown), pod(0, master)),
			memory: Memory{SyncedRun: "run-1"}, action: Wait, reason: model.Synced, target: at(0), ready: true,
		},
		{
			name:   "foreign data is not replaced without its owner's consent (R8)",
			view:   formed(0, edited(pod(1, data(otherID, 5, 3)), func(p *model.Pod) { p.VolumeClaim = "foreign" }), pod(0, master)),
			action: Wait, reason: model.ForeignData,
		},
		{
			name: "foreign data is replaced when its owner says so; until then its claim is not a member",
			view: with(formed(0, edited(pod(1, data(otherID, 5, 3)), func(p *model.Pod) { p.VolumeClaim = "foreign" }), pod(0, master)),
				func(v *model.View) { v.Config.ReplaceData = "redis-1" }),
			action: Follow, reason: model.Following, target: at(0),
		},
		{
			name: "ids lost by a restart with AOF are unknown, not foreign (R5)",
			view: formed(0, pod(1, data(otherID, 0, 10)), pod(0, master)), action: Follow, reason: model.Following, target: at(0),
		},
		{
			name:   "a failover is running: no replica is pointed back (R1)",
			view:   with(formed(0, pod(2, replica(1)), pod(0, master), pod(1, master)), func(v *model.View) { v.Sentinels[0].FailoverInProgress = true }),
			action: Wait, reason: model.FailoverRunning, ready: true,
		},
		{
			name:   "the address belongs to another uid (R11): it is not a verified master",
			view:   formed(0, pod(1, replica(0), linkDown), edited(pod(0, master), func(p *model.Pod) { p.UID = "foreign" })),
			memory: Memory{SyncedRun: "run-1"}, action: Wait, reason: model.AnotherLeads, ready: true,
		},
	})
}

func TestMaster(t *testing.T) {
	native := with(formed(0, pod(1, master), pod(0, silent)), func(v *model.View) { v.Sentinels[0].FailoverInProgress = true })
	run(t, []situationCase{
		{
			name: "named by the record: retain", view: formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0))),
			action: Retain, reason: model.Incumbent, ready: true,
		},
		{
			name:   "named by Sentinels at a greater epoch: retain, the record follows",
			view:   with(formed(0, pod(1, master), pod(0, silent)), func(v *model.View) { v.Sentinels = sentinels(at(1), holderAt+1) }),
			action: Retain, reason: model.Incumbent, ready: true,
		},
		{
			name: "promoted by a Sentinel whose failover is not over (R1): left alone", view: native,
			action: Wait, reason: model.PromotedBySentinel, ready: true,
		},
		{
			name:   "an old master that was named once and is superseded demotes itself at once",
			view:   with(formed(1, pod(0, master), pod(1, master)), func(v *model.View) { v.Record.Epoch += 1024 }),
			memory: Memory{NamedEpoch: holderAt}, action: Follow, reason: model.Superseded, target: at(1),
		},
		{
			name:   "a silent Sentinel may be the leader of a failover (S7): not demoted on silence",
			view:   with(formed(0, pod(1, master), pod(0, master)), func(v *model.View) { v.Sentinels[2] = model.Sentinel{} }),
			action: Wait, reason: model.Unconfirmed, // and yet it takes no writes beside the named master
		},
		{
			name: "all Sentinels answered, none runs a failover: demoted",
			view: formed(0, pod(1, master), pod(0, master)), action: Follow, reason: model.Superseded, target: at(0),
		},
		{
			name:   "nothing named it for a whole failover timeout: fenced",
			view:   formed(0, pod(1, master), pod(0, silent)),
			memory: Memory{MasterSince: clock.Add(-11 * time.Second)}, action: Fence, reason: model.NeverNamed,
		},
		{
			name:   "an API outage alone changes nothing",
			view:   with(formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0))), func(v *model.View) { v.API = false }),
			memory: Memory{Confirmed: clock.Add(-time.Hour)}, action: Retain, reason: model.Incumbent, ready: true,
		},
		{
			name:   "cut off from the API and the Sentinels, and a replica is silent (R10): writes are refused",
			view:   with(formed(0, pod(0, master), pod(1, replica(0)), pod(2, silent)), func(v *model.View) { v.API, v.Sentinels = false, silentSentinels() }),
			memory: Memory{Confirmed: clock.Add(-6 * time.Second)}, action: Retain, reason: model.Unconfirmed,
		},
		{
			name:   "cut off, but every replica follows me: writes go on",
			view:   with(formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0))), func(v *model.View) { v.API, v.Sentinels = false, silentSentinels() }),
			memory: Memory{Confirmed: clock.Add(-6 * time.Second)}, action: Retain, reason: model.Incumbent, ready: true,
		},
	})
	if d, _ := Next(native, Memory{}); d.Action == Fence || d.Action == Follow {
		t.Errorf("a natively promoted replica is demoted: %s", d.Action)
	}
}

func TestUnconfirmedMasterRefusesEveryWrite(t *testing.T) {
	v := with(formed(0, pod(0, master), pod(1, replica(0)), pod(2, silent)), func(v *model.View) { v.API, v.Sentinels = false, silentSentinels() })
	d, _ := Next(v, Memory{Confirmed: clock.Add(-6 * time.Second)})
	if got, want := d.Tuning.MinReplicas, model.NoWrites; got != want {
		t.Errorf("min-replicas-to-write=%d, want %d: more than there can be replicas", got, want)
	}
}

// TestMasterKeepsNoRecordThatItCannotWrite: what changed while the API is away would be tried in every turn, and whether the master
// takes writes would wait for that.
func TestMasterKeepsNoRecordThatItCannotWrite(t *testing.T) {
	v := formed(0, pod(0, master), pod(1, replica(0)), pod(2, silent))
	v.Record.Offer = &model.Offer{PodUID: "uid-1", RunID: "run-1", Seal: "of another agent"}
	if d, _ := Next(v, Memory{}); d.Action != Retain || d.Record == nil {
		t.Errorf("with the API: %s/%s writes %v", d.Action, d.Reason, d.Record)
	}
	v.API = false
	if d, _ := Next(v, Memory{}); d.Action != Retain || d.Record != nil {
		t.Errorf("without it: %s/%s writes %v", d.Action, d.Reason, d.Record)
	}
}

// TestMasterThatRefusesLooksLessOften after some seconds: many may have lost one set of Sentinels, which all ask when it is back.
func TestMasterThatRefusesLooksLessOften(t *testing.T) {
	v := formed(0, pod(0, master), pod(1, replica(0)), pod(2, silent))
	cutOff(&v)
	for since, want := range map[time.Duration]time.Duration{5 * time.Second: soon, time.Minute: tick / 2} {
		d, _ := Next(v, Memory{AnsweredRun: "run-0", Confirmed: clock.Add(-since)})
		if d.Tuning.MinReplicas != model.NoWrites || d.Recheck != want {
			t.Errorf("unconfirmed for %s: min-replicas %d, looks again after %s, want %s", since, d.Tuning.MinReplicas, d.Recheck, want)
		}
	}
}

func TestPromotionNeedsMyOwnClaimForThisProcess(t *testing.T) {
	v := formed(0, pod(0), pod(1, silent), pod(2, silent))
	claimed := Memory{Claimed: Claimed{Epoch: holderAt, RunID: "run-0"}}
	if d, _ := Next(v, claimed); d.Action != Promote || d.Reason != model.OwnClaim {
		t.Errorf("after my claim: %s/%s, want promote/OwnClaim", d.Action, d.Reason)
	}
	claimed.Claimed.RunID = "the process before"
	if d, _ := Next(v, claimed); d.Action == Promote {
		t.Error("promoted another process than the one that the claim was made for (R4c)")
	}
	claimed.Claimed = Claimed{Epoch: holderAt - 1024, RunID: "run-0"}
	if d, _ := Next(v, claimed); d.Action == Promote {
		t.Error("promoted by an old claim")
	}
}

// TestClaimWhoseAnswerIsLost: the record took it all the same. A pod that reads its name there at the epoch of its claim has to
// lead: it does not take itself for one that restarted, and gives nothing away.
func TestClaimWhoseAnswerIsLost(t *testing.T) {
	v := fresh(pod(0), pod(1), pod(2))
	d, m := Next(v, Memory{})
	if d.Action != Claim {
		t.Fatalf("%s/%s, want a claim", d.Action, d.Reason)
	}
	v.Record = with(formed(0, pod(0)), func(v *model.View) { v.Record.Epoch = d.Epoch }).Record
	if d, _ := Next(v, m); d.Action != Promote || d.Reason != model.OwnClaim {
		t.Errorf("%s/%s, want to be promoted by the claim", d.Action, d.Reason)
	}
}

// TestClaimIsSpentByTheMastership: a master that was demoted does not promote itself again by the record that it read before;
// it offers or claims again, which the compare-and-swap guards.
func TestClaimIsSpentByTheMastership(t *testing.T) {
	m := Memory{Claimed: Claimed{Epoch: holderAt, RunID: "run-0"}}
	_, m = Next(formed(0, pod(0, master), pod(1, replica(0))), m)
	demoted := formed(0, pod(0, replica(1), linkDown), pod(1, silent))
	demoted.Sentinels = silentSentinels()
	if d, _ := Next(demoted, m); d.Action == Promote {
		t.Errorf("promoted again by an old claim: %s", d.Reason)
	}
}

func TestEpochs(t *testing.T) {
	e := model.NextEpoch(clock, holderAt, 12)
	if e%1024 != 0 || e <= uint64(clock.UnixMilli()) || e <= holderAt {
		t.Errorf("epoch %d is not a multiple of 1024 above clock and record", e)
	}
	heard, recorded := in(model.BelievableAhead), in(model.RecordedAhead)
	if e := model.NextEpoch(clock, 0, heard); e <= heard || !model.Recordable(e, clock) {
		t.Errorf("epoch %d has to exceed the greatest that Sentinels may say, %d, and be recordable", e, heard)
	}
	if e := model.NextEpoch(clock, recorded); e <= recorded {
		t.Errorf("epoch %d does not exceed the one that the record has", e)
	}
	poison := ^uint64(0)
	if e := model.NextEpoch(clock, poison, poison, heard+1); e > heard {
		t.Errorf("an unbelievable epoch was believed: %d (R6)", e)
	}
	v := with(formed(0, pod(1), pod(0, master)), func(v *model.View) { v.Sentinels = sentinels(at(2), poison) })
	if d, _ := Next(v, Memory{}); d.Target != at(0) {
		t.Errorf("followed %s, which only an unbelievable epoch names", d.Target)
	}
}

// in is an epoch made by a clock that is ahead.
func in(d time.Duration) uint64 { return uint64(clock.Add(d).UnixMilli()) }

// TestEpochsOfOthersAreBelievedMinutesAhead: whoever makes Sentinels say a number gets it believed only so far that the rightful
// master still gets above it, and is believed.
func TestEpochsOfOthersAreBelievedMinutesAhead(t *testing.T) {
	says := func(e uint64) model.View {
		return with(formed(0, pod(1), pod(0, master)), func(v *model.View) { v.Sentinels = sentinels(at(2), e) })
	}
	far := says(in(model.BelievableAhead) + 1)
	if l := leaderOf(&far); l.address != at(0) {
		t.Errorf("%s leads by an epoch that only Sentinels say, and that is too far ahead", l.address)
	}
	near := says(in(model.BelievableAhead))
	reissued := model.NextEpoch(clock, near.Record.Epoch, near.Sentinels[0].ConfigEpoch)
	near.Record.Epoch = reissued
	if l := leaderOf(&near); l.address != at(0) {
		t.Errorf("%s leads although the record was given a greater epoch", l.address)
	}
	told := says(reissued)
	told.Record.Epoch = reissued - 1024
	if l := leaderOf(&told); l.epoch != reissued-1024 {
		t.Error("a Sentinel is believed further than the record")
	}
	told.Record.Epoch = reissued
	told.Sentinels = sentinels(at(0), reissued)
	if d, _ := Next(told, Memory{}); d.Target != at(0) {
		t.Errorf("%s/%s: what the record says is not believed of the Sentinels that were told it", d.Action, d.Reason)
	}
}

// TestNobodyClaimsOverAnEpochBeyondBelief: a claim below the record's epoch would be stale to everybody.
func TestNobodyClaimsOverAnEpochBeyondBelief(t *testing.T) {
	v := with(formed(0, inPlace(0), pod(1), pod(2)), func(v *model.View) {
		v.Record.Epoch, v.Sentinels = ^uint64(0), sentinels(at(9), 0)
	})
	for after := time.Duration(0); after < 5*time.Minute; after += time.Minute {
		d, m := lasting(v, Memory{}, 0, after)
		if d.Action == Claim {
			t.Fatalf("claims at %d after %s", d.Epoch, after)
		}
		if m.MaxEpoch == ^uint64(0) {
			t.Fatal("remembers it, so that every later record is stale")
		}
	}
}

// TestBelievedEpochOutlivesTheClock: what was believed stays so when the clock is put back.
func TestBelievedEpochOutlivesTheClock(t *testing.T) {
	v := formed(0, pod(1), pod(0, master))
	_, m := Next(v, Memory{})
	v.Now = clock.Add(-time.Hour)
	if d, _ := Next(v, m); d.Target != at(0) {
		t.Errorf("%s/%s: the record that it believed an hour later is no longer believed", d.Action, d.Reason)
	}
	unheard := with(v, func(v *model.View) { v.Sentinels = silentSentinels() })
	if d, _ := Next(unheard, m); d.Target != at(0) {
		t.Errorf("%s/%s, where no Sentinel says so too", d.Action, d.Reason)
	}
	v.Now, v.Record = clock, recordOf(1)
	v.Record.Epoch = 1 << 63
	if d, after := Next(v, m); d.Target != at(0) || after.MaxEpoch != holderAt {
		t.Errorf("%s/%s, remembers %d: what somebody wrote into the record that it knows is believed", d.Action, d.Reason, after.MaxEpoch)
	}
}

// TestClockPutBack: what is remembered lies in the future then, and must not make a wait longer than it would be from now.
func TestClockPutBack(t *testing.T) {
	v := formed(0, but(inPlace(0), data(otherID, 0, 10)), pod(1, silent), pod(2, silent))
	_, m := Next(moment(v, time.Hour), Memory{})
	d, m := Next(v, m)
	if d.Action != Wait {
		t.Fatalf("%s/%s, want to wait for the others", d.Action, d.Reason)
	}
	if d, _ := lasting(v, m, time.Second, 61*time.Second); d.Action != Claim {
		t.Errorf("%s/%s a minute after the clock was put back by an hour, want the claim that recovery-timeout allows", d.Action, d.Reason)
	}
}
