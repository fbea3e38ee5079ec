// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

func TestHandover(t *testing.T) {
	leaving := func(v *model.View) { v.Leaving = true }
	led := func(change ...func(*model.View)) model.View {
		v := formed(1, pod(1, master), pod(0, replica(1)), pod(2, replica(1)))
		for _, c := range change {
			c(&v)
		}
		return v
	}
	asked := func(to, from string) func(*model.View) {
		return func(v *model.View) { v.Config.Handover, v.Config.HandoverFrom = to, from }
	}
	cases := []struct {
		name   string
		view   model.View
		memory Memory
		action Action
		reason model.Reason
		to     string
	}{
		{name: "no pod leaves", view: led(), action: Retain, reason: model.Incumbent},
		{name: "my pod is terminating: the furthest replica takes over", view: led(leaving, func(v *model.View) { v.Peers[1].Redis.Offset = 120 }), action: Handover, reason: model.HandingOver, to: "redis-2"},
		{name: "a pod of the new revision goes first, or a rollout hands over twice", view: led(leaving, func(v *model.View) { v.Peers[0].Updated, v.Peers[1].Redis.Offset = true, 120 }), action: Handover, reason: model.HandingOver, to: "redis-0"},
		{name: "a terminating pod takes nothing", view: led(leaving, func(v *model.View) { v.Peers[0].Terminating = true }), action: Handover, reason: model.HandingOver, to: "redis-2"},
		{name: "scaling down: a pod that is removed too takes nothing", view: led(leaving, func(v *model.View) { v.Replicas = 1 }), action: Handover, reason: model.HandingOver, to: "redis-0"},
		{name: "no replica in sync: the hook is answered at once", view: led(leaving, func(v *model.View) { v.Peers = v.Peers[:0] }), action: Retain, reason: model.NoSuccessor},
		{name: "without the API the offer cannot be written: Sentinel takes over later", view: led(leaving, func(v *model.View) { v.API = false }), action: Retain, reason: model.HandingOver},
		{name: "released: the lowest ordinal leads before the rollout reaches me", view: led(func(v *model.View) { v.Releasing = true }), action: Handover, reason: model.HandingToFirst, to: "redis-0"},
		{name: "a pod that is not ready is the last choice", view: led(leaving, func(v *model.View) { v.Peers[0].Ready, v.Peers[1].Ready, v.Peers[0].Redis.Offset = false, true, 120 }), action: Handover, reason: model.HandingOver, to: "redis-2"},
		{name: "any other is asked of me", view: led(asked(contract.HandoverAny, "redis-1")), action: Handover, reason: model.HandoverRequested, to: "redis-0"},
		{name: "any other was asked of the one before", view: led(asked(contract.HandoverAny, "redis-0")), action: Retain, reason: model.Incumbent},
		{name: "any other is asked, and nobody has said of whom yet", view: led(asked(contract.HandoverAny, "")), action: Retain, reason: model.Incumbent},
		{name: "a certain one is asked for", view: led(asked("redis-2", "")), action: Handover, reason: model.HandoverRequested, to: "redis-2"},
		{name: "I am asked for, and lead", view: led(asked("redis-1", "")), action: Retain, reason: model.Incumbent},
		{name: "one is asked for that there is not", view: led(asked("redis-7", "")), action: Retain, reason: model.RequestWaits},
		{name: "one is asked for that is not in sync", view: led(asked("redis-2", ""), func(v *model.View) { v.Peers[1].Redis.LinkUp = false }), action: Retain, reason: model.RequestWaits},
		{name: "the last attempt is a moment ago", view: led(asked("redis-2", "")), memory: Memory{TriedAt: decidetest.Clock.Add(-time.Second)}, action: Retain, reason: model.RequestWaits},
		{name: "a pod that leaves does not wait", view: led(leaving), memory: Memory{TriedAt: decidetest.Clock.Add(-time.Second)}, action: Handover, reason: model.HandingOver, to: "redis-0"},
		{name: "the last attempt was with the first: the next one is tried", view: led(leaving), memory: Memory{OfferedTo: "run-0"}, action: Handover, reason: model.HandingOver, to: "redis-2"},
		{name: "all have been tried: it begins again", view: led(leaving), memory: Memory{OfferedTo: "run-0", Declined: []string{"run-2"}}, action: Handover, reason: model.HandingOver, to: "redis-0"},
		{name: "most Sentinels and a pod are out of sight, and may have elected that one", view: led(leaving, func(v *model.View) {
			v.Sentinels, v.Peers[0].Redis = silentSentinels(), model.Redis{}
		}), memory: Memory{AnsweredRun: "run-1", Confirmed: clock.Add(-5 * time.Second)}, action: Retain, reason: model.Unconfirmed},
		{name: "they are out of sight, and cannot have done it yet", view: led(leaving, func(v *model.View) {
			v.Sentinels, v.Peers[0].Redis = silentSentinels(), model.Redis{}
		}), memory: Memory{AnsweredRun: "run-1", Confirmed: clock.Add(-2 * time.Second)}, action: Handover, reason: model.HandingOver, to: "redis-2"},
		{name: "it has refused writes, and is confirmed for too short a time", view: led(leaving), memory: Memory{AnsweredRun: "run-1", Refuses: true, TrustedSince: clock.Add(-500 * time.Millisecond)}, action: Retain, reason: model.Unconfirmed},
		{name: "released, and I am the lowest", view: with(formed(0, pod(0, master), pod(1, replica(0))), func(v *model.View) { v.Releasing = true }), action: Retain, reason: model.Incumbent},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if d, _ := Next(c.view, c.memory); d.Action != c.action || d.Reason != c.reason || d.Successor.Name != c.to {
				t.Errorf("got %s/%s to %q, want %s/%s to %q", d.Action, d.Reason, d.Successor.Name, c.action, c.reason, c.to)
			}
		})
	}
}

// TestOptedInAgain: the label was removed and set again. The record names a pod of the past; the plain pods have what was
// written since.
func TestOptedInAgain(t *testing.T) {
	plainMaster := pod(0, recreated, plain, master)
	v := formed(0, pod(2, recreated), plainMaster, pod(1, recreated, plain, silent))
	v.Peers[1].Redis = model.Redis{Answer: model.Up, Role: model.Master, RunID: "run-1-plain", ReplID: otherID}
	if d, _ := Next(v, Memory{}); d.Action != Follow || d.Reason != model.Adopting || d.Target != plainMaster.Address {
		t.Errorf("got %s/%s to %s, want to follow the plain master with keys", d.Action, d.Reason, d.Target)
	}
	v.Self = but(v.Self, data(thirdID, 0, 5))
	if d, _ := Next(v, Memory{}); d.Action == Claim {
		t.Error("the old member claims over newer data")
	}
}

// TestMasterThatCannotSave: Sentinel sees nothing wrong with a master that answers PING and refuses writes (incident 42).
func TestMasterThatCannotSave(t *testing.T) {
	sick := pod(0, master)
	sick.Redis.PersistenceError = true
	well, other := pod(1, replica(0)), pod(2, replica(0))
	ill := other
	ill.Redis.PersistenceError, ill.Redis.Offset = true, 120
	for name, c := range map[string]struct {
		view   model.View
		action Action
		to     string
	}{
		"a replica that can save takes over, though another is further": {formed(0, sick, well, ill), Handover, "redis-1"},
		"none can: it stays, and says so":                               {formed(0, sick, ill), Retain, ""},
		"it is alone":                                                   {formed(0, sick), Retain, ""},
	} {
		d, _ := Next(c.view, Memory{})
		if d.Action != c.action || d.Reason != model.CannotSave || d.Successor.Name != c.to || !d.Ready {
			t.Errorf("%s: got %s/%s to %q, ready %v", name, d.Action, d.Reason, d.Successor.Name, d.Ready)
		}
	}
	leaving := formed(0, sick, ill)
	leaving.Leaving = true
	if d, _ := Next(leaving, Memory{}); d.Action != Handover || d.Successor.Name != "redis-2" {
		t.Errorf("a terminating pod gives to any replica there is: got %s to %q", d.Action, d.Successor.Name)
	}
}

// TestSecondReplicationIDCounts: a promotion gives a history a new id, and the old one becomes the second (incident 51).
func TestSecondReplicationIDCounts(t *testing.T) {
	p := pod(1, data(otherID, 100, 10))
	p.VolumeClaim = "a claim that the record does not know"
	v := formed(0, p, pod(0, master))
	if d, _ := Next(v, Memory{}); d.Reason != model.ForeignData {
		t.Fatalf("data under an unknown id: %s, want ForeignData", d.Reason)
	}
	v.Self.Redis.ReplID2 = lineageID
	if d, _ := Next(v, Memory{}); d.Action != Join || after(v, d).Members[1].VolumeClaim != p.VolumeClaim {
		t.Fatalf("data that grew out of the group's: %s/%s, want its claim to join the members", d.Action, d.Reason)
	}
	v.Record.Members = map[int]model.Member{1: {VolumeClaim: p.VolumeClaim}}
	if d, _ := Next(v, Memory{}); d.Action != Follow {
		t.Errorf("data of a member: %s/%s, want follow", d.Action, d.Reason)
	}
}

// TestPauseOfADeadAgentEnds: the agent before me died in a handover, and its pause would last for a minute. Its offer is taken back first.
func TestPauseOfADeadAgentEnds(t *testing.T) {
	v := formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0)))
	v.Record.Offer = &model.Offer{PodUID: "uid-1", RunID: "run-1", ReplID: lineageID, Offset: 100, Reason: string(model.HandingOver), Seal: model.SealOf("word")}
	d, m := Next(v, Memory{})
	if d.Record == nil || d.Record.Offer != nil || len(d.Commands) > 0 {
		t.Fatalf("record %v, commands %v; want the offer taken back, and no more", d.Record, d.Commands)
	}
	v.Record.Offer = nil
	for i, want := range []int{1, 0} {
		if d, m = Next(moment(v, time.Duration(i+1)*time.Second), m); len(d.Commands) != want || want == 1 && d.Commands[0].Do != ResumeWrites {
			t.Errorf("turn %d: commands %v", i+1, d.Commands)
		}
	}
}

// TestWhoEndsWaitsForTheAPI: a watch that has failed makes the API count as away until it has been read live, and a mastership is not let go
// for that.
func TestWhoEndsWaitsForTheAPI(t *testing.T) {
	led := formed(1, pod(1, master), pod(0, replica(1)), pod(2, replica(1)))
	for name, c := range map[string]struct {
		view model.View
		api  bool
		want bool
	}{
		"a successor is there":                {led, true, true},
		"it is, and the API has not answered": {led, false, true},
		"nobody could take it":                {formed(1, pod(1, master), pod(0, silent), pod(2, silent)), true, false},
		"there is nothing to give":            {formed(0, pod(1, replica(0)), pod(0, master), pod(2, replica(0))), true, false},
	} {
		c.view.Leaving, c.view.API = true, c.api
		if d, _ := Next(c.view, Memory{AnsweredRun: c.view.Self.Redis.RunID}); d.MayGiveAway() != c.want {
			t.Errorf("%s: %s/%s, may give away: %t", name, d.Action, d.Reason, d.MayGiveAway())
		}
	}
}

// TestAttemptThatHeldNothingBackIsRepeatedSoon: the successor's agent may have been busy. One that held writes back is not.
func TestAttemptThatHeldNothingBackIsRepeatedSoon(t *testing.T) {
	v := with(formed(1, pod(1, master), pod(0, replica(1)), pod(2, replica(1))), func(v *model.View) { v.Config.Handover = "redis-2" })
	d, m := Next(v, Memory{AnsweredRun: "run-1"})
	if d.Action != Handover {
		t.Fatalf("%s/%s", d.Action, d.Reason)
	}
	for err, want := range map[error]time.Duration{fmt.Errorf("not prepared: %w", ErrNothingHeld): 2 * time.Second, errors.New("not accepted"): 10 * time.Second} {
		after := m.After(d, err)
		early, _ := Next(moment(v, want-time.Millisecond), after)
		again, _ := Next(moment(v, want), after)
		if early.Action != Retain || again.Action != Handover {
			t.Errorf("%v: %s/%s right before %s, then %s/%s", err, early.Action, early.Reason, want, again.Action, again.Reason)
		}
	}
}
