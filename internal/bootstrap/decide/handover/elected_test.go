// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"errors"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// cameTo is a handover that has come to a stage, before its successor leads.
func cameTo(t *testing.T, to stage) (State, View) {
	t.Helper()
	state, v := offered(t, nil)
	v.Prepared = true
	v.Own, v.Successor = decidetest.Pod(0, decidetest.Master).Redis, decidetest.Pod(1, decidetest.Replica(0)).Redis
	for state.stage != to {
		_, state = state.Next(v)
	}
	return state, v
}

// TestElectionEndsAHandover: until the word is given nobody else leads by it, and what a Sentinel promotes has all that was acknowledged
// as long as writes are held back. So they are not let go on.
func TestElectionEndsAHandover(t *testing.T) {
	for _, last := range []stage{preparing, catchingUp, extending, awaiting} {
		state, v := cameTo(t, last)
		v.Elected = true
		var err error
		for range 5 {
			step, next := state.Next(v)
			if state = next; step.Done {
				err = step.Err
				break
			}
			if step.Tell != "" || sends(step, decide.ResumeWrites) || sends(step, decide.PauseWrites) {
				t.Errorf("in stage %d it goes on: %+v", last, step)
			}
		}
		if told := last == awaiting; errors.Is(err, ErrElected) == told {
			t.Errorf("in stage %d it ends with %v", last, err)
		}
	}
}

// TestClientsWriteOnlyWhileItIsCertainWhoLeads: what comes before the pause has an end, before another could lead.
func TestClientsWriteOnlyWhileItIsCertainWhoLeads(t *testing.T) {
	calm := func(_ *model.View, d *decide.Decision) { d.Calm = time.Second }
	state, v := offered(t, calm)
	if got := state.Deadline().Sub(v.Now); got != time.Second {
		t.Errorf("what is asked may take %s", got)
	}
	if v.Now = v.Now.Add(time.Second); !state.Deadline().Equal(v.Now) {
		t.Error("the deadline moves")
	}
	v.Prepared = true // too late
	step, state := state.Next(v)
	if step.Record == nil || step.Record.Offer != nil || len(step.Commands) > 0 || !state.Deadline().IsZero() {
		t.Errorf("it does %+v, until %s; want the offer taken back", step, state.Deadline())
	}
	if step, _ = state.Next(v); !step.Done || !errors.Is(step.Err, ErrNotPrepared) {
		t.Errorf("it ends with %+v", step)
	}
}

// TestPauseEndsBeforeSentinelsAct: a paused master answers PING late.
func TestPauseEndsBeforeSentinelsAct(t *testing.T) {
	for downAfter, want := range map[time.Duration]time.Duration{2 * time.Second: leastTime, 5 * time.Second: 4 * time.Second, 30 * time.Second: wholeTime} {
		state, v := offered(t, func(v *model.View, _ *decide.Decision) { v.Config.DownAfter = downAfter })
		v.Prepared = true
		if _, state = state.Next(v); state.Deadline().Sub(v.Now) != want {
			t.Errorf("with down-after %s it may take %s, want %s", downAfter, state.Deadline().Sub(v.Now), want)
		}
	}
}

// TestOfferIsTakenBackAgain: the webhook or another agent wrote something else into the record meanwhile. A master that cannot take its
// offer back would serve nobody.
func TestOfferIsTakenBackAgain(t *testing.T) {
	for name, c := range map[string]struct {
		record func(*model.Record)
		again  bool
	}{
		"somebody wrote something else": {func(r *model.Record) { r.Version = "8" }, true},
		"it is not seen yet":            {func(*model.Record) {}, false},
		"it was accepted":               {func(r *model.Record) { *r = decidetest.RecordOf(1); r.Version = "8" }, false},
		"another epoch":                 {func(r *model.Record) { r.Version = "8"; r.Epoch += 1024 }, false},
	} {
		state, v := cameTo(t, telling)
		v.Told = Refused
		step, state := state.Next(v)
		if step.Record == nil || step.Record.Offer != nil {
			t.Fatalf("%s: a word that is refused is answered by %+v", name, step)
		}
		v.Written = Refused
		_, state = state.Next(v)
		c.record(&v.Record)
		if step, state = state.Next(v); (step.Record != nil) != c.again || step.Record != nil && step.Record.Version != "8" {
			t.Errorf("%s: it does %+v", name, step)
		}
		if !c.again {
			continue
		}
		v.Written = Accepted
		if step, _ = state.Next(v); !sends(step, decide.ResumeWrites) {
			t.Errorf("%s: taken back, and it does %+v", name, step)
		}
	}
}
