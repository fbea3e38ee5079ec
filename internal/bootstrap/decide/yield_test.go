// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestMasterLetsGoBeforeItIsReplaced: from the election on it takes no writes, until it follows the promoted one, or until nothing came
// of it. Clients are sent away when the other leads, and not before.
func TestMasterLetsGoBeforeItIsReplaced(t *testing.T) {
	led := func() model.View { return formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0))) }
	elected := led()
	elected.Sentinels[1].FailoverInProgress, elected.Sentinels[1].Elected = true, true
	fellSilent := led() // its agent has held writes back, and the one whose word it was does not answer any more
	fellSilent.Yielded, fellSilent.Sentinels[1] = true, model.Sentinel{}
	stillSilent := led()
	stillSilent.Sentinels[1] = model.Sentinel{}
	heard := led()
	heard.Yielded = true // its agent has held writes back already, and the election is over
	switched := formed(0, pod(0, master), pod(1, master), pod(2, replica(1)))
	switched.Sentinels = sentinels(at(1), holderAt+1)
	type step struct {
		view model.View
		want []CommandKind
	}
	for name, steps := range map[string][]step{
		"it is replaced": {
			{led(), nil},
			{elected, []CommandKind{PauseWrites}},
			{elected, []CommandKind{PauseWrites}},
			{switched, []CommandKind{ReplicateFrom, DisconnectClients, ResumeWrites}},
		},
		"the failover is given up":        {{led(), nil}, {elected, []CommandKind{PauseWrites}}, {led(), []CommandKind{ResumeWrites}}, {led(), nil}},
		"it was given up before the turn": {{led(), nil}, {heard, []CommandKind{ResumeWrites}}, {led(), nil}},
		"who was elected falls silent before the turn": {
			{led(), nil}, {fellSilent, []CommandKind{PauseWrites}}, {stillSilent, []CommandKind{PauseWrites}}, {switched, []CommandKind{ReplicateFrom, DisconnectClients, ResumeWrites}},
		},
		"it follows another without any failover": {{led(), nil}, {switched, []CommandKind{ReplicateFrom, DisconnectClients}}},
	} {
		m := Memory{Unpaused: true}
		for i, s := range steps {
			var d Decision
			d, m = Next(moment(s.view, time.Duration(i)*100*time.Millisecond), m)
			var got []CommandKind
			for _, c := range d.Commands {
				got = append(got, c.Do)
			}
			if !slices.Equal(got, s.want) {
				t.Errorf("%s, step %d: %v by %s/%s, want %v", name, i, got, d.Action, d.Reason, s.want)
			}
		}
	}
}

// TestPromotedMasterTakesWritesAtOnce: the failover that made it master goes on for a second, until the others follow it, and is none that
// replaces it. Nor may a script of its clients end for that. One that is being replaced holds back until it follows.
func TestPromotedMasterTakesWritesAtOnce(t *testing.T) {
	failover := func(of, names int, epoch uint64) model.View {
		v := formed(of, pod(of, master), pod((of+1)%3, replica(of)), pod((of+2)%3, replica(of)))
		v.Sentinels[1] = model.Sentinel{
			Answered: true, Monitors: true, Address: at(names), ConfigEpoch: epoch, FailoverInProgress: true, Elected: true, Promoted: true,
		}
		return v
	}
	next := failover(1, 1, holderAt) // and another is elected already
	next.Sentinels[2].FailoverInProgress, next.Sentinels[2].Elected = true, true
	for name, c := range map[string]struct {
		view   model.View
		yields bool
	}{
		"it was promoted":                       {failover(1, 1, holderAt), false},
		"it has claimed since":                  {failover(1, 1, holderAt-1), false},
		"another was":                           {failover(0, 1, holderAt+1), true},
		"another was, and its address is late":  {failover(0, 0, holderAt+1), true},
		"it was, and is to be replaced already": {next, true},
	} {
		d, _ := Next(c.view, Memory{Unpaused: true})
		if got := slices.Contains(kinds(d), PauseWrites); d.Action != Retain || got != c.yields {
			t.Errorf("%s: %s/%s, %v", name, d.Action, d.Reason, kinds(d))
		}
		c.view.Self = but(c.view.Self, silent)
		c.view.Self.Redis.Busy = true
		if d, _ := Next(c.view, Memory{Unpaused: true}); slices.Contains(kinds(d), EndScript) != c.yields {
			t.Errorf("%s, and a script runs: %s/%s, %v", name, d.Action, d.Reason, kinds(d))
		}
	}
}

func kinds(d Decision) []CommandKind {
	var all []CommandKind
	for _, c := range d.Commands {
		all = append(all, c.Do)
	}
	return all
}

// TestSentinelsThatHeardItLongAgo: a Sentinel that has not heard me for most of down-after, and sees me alive all the same, has promoted
// nobody. What it last heard counts from the moment at which I lose sight of it.
func TestSentinelsThatHeardItLongAgo(t *testing.T) {
	v := formed(0, pod(0, master), pod(1, replica(0)), pod(2, silent))
	for i := range v.Sentinels {
		v.Sentinels[i].HeardAgo = 4500 * time.Millisecond
	}
	d, m := Next(v, Memory{AnsweredRun: "run-0", Confirmed: clock.Add(-4600 * time.Millisecond)})
	if d.Reason != model.Incumbent || d.Tuning.MinReplicas == model.NoWrites || d.Recheck > soon {
		t.Errorf("in sight: %s, min-replicas %d, looks again after %s", d.Reason, d.Tuning.MinReplicas, d.Recheck)
	}
	cutOff(&v)
	if d, _ = Next(moment(v, 100*time.Millisecond), m); d.Tuning.MinReplicas != model.NoWrites {
		t.Errorf("out of sight: %s, min-replicas %d", d.Reason, d.Tuning.MinReplicas)
	}
}

// TestPauseIsEndedUntilThatIsHeard: its end may be lost, and the pause of a handover outlasts a minute. It is ended once more by a master
// that goes on, and by a replica, which may lead again before it is over.
func TestPauseIsEndedUntilThatIsHeard(t *testing.T) {
	led := formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0)))
	leaving := led
	leaving.Leaving = true
	sends := func(d Decision) bool {
		return slices.ContainsFunc(d.Commands, func(c Command) bool { return c.Do == ResumeWrites })
	}
	handover, m := Next(leaving, Memory{Unpaused: true, AnsweredRun: "run-0"})
	if handover.Action != Handover || handover.Again || handover.Calm != 4*time.Second {
		t.Fatalf("%s, again %v, calm %s", handover.Action, handover.Again, handover.Calm)
	}
	for i := range leaving.Sentinels {
		leaving.Sentinels[i].HeardAgo = 3900 * time.Millisecond
	}
	if late, _ := Next(leaving, Memory{Unpaused: true, AnsweredRun: "run-0", Confirmed: clock.Add(-3900 * time.Millisecond)}); late.Action != Handover || late.Calm != time.Second {
		t.Errorf("heard long ago: %s, calm %s", late.Action, late.Calm)
	}
	failed := m.After(handover, errors.New("not accepted"))
	d, m := Next(moment(led, time.Second), failed)
	if d.Action != Retain || !sends(d) {
		t.Errorf("after a handover that failed: %s, %v", d.Action, d.Commands)
	}
	d, m = Next(moment(led, 2*time.Second), m.After(d, errors.New("no answer")))
	if !sends(d) {
		t.Error("an end of the pause that nobody heard is not repeated")
	}
	if d, _ = Next(moment(led, 3*time.Second), m.After(d, nil)); sends(d) {
		t.Error("it is repeated for ever")
	}
	follows := formed(1, pod(0, replica(1)), pod(1, master), pod(2, replica(1)))
	d, m = Next(moment(follows, time.Second), failed)
	if !sends(d) {
		t.Errorf("a replica stays paused: %s, %v", d.Action, d.Commands)
	}
	if d, _ = Next(moment(follows, 2*time.Second), m); sends(d) {
		t.Error("a replica ends it for ever")
	}
}
