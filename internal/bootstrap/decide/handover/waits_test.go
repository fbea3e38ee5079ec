// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
)

// TestEachPartHasItsTime: no more, because clients wait, and no less, because the others need it. What is asked for meanwhile does not come.
func TestEachPartHasItsTime(t *testing.T) {
	prepared := func(v *View) { v.Prepared = true }
	caughtUp := func(v *View) {
		v.Own, v.Successor = decidetest.Pod(0, decidetest.Master).Redis, decidetest.Pod(1, decidetest.Replica(0)).Redis
	}
	leads := func(v *View) { v.Successor = decidetest.Pod(1, decidetest.Master).Redis }
	claimed := func(v *View) { v.Record = decidetest.RecordOf(1); v.Record.Epoch += 1024 }
	nothing := func(*View) {}
	for name, c := range map[string]struct {
		before []func(*View)
		asks   Questions
		// meanwhile is what is heard all the time, takes how long that goes on, and ends what is done then.
		meanwhile func(*View)
		takes     time.Duration
		ends      func(Step) bool
	}{
		"the successor does not say that it would": {
			[]func(*View){nothing, nothing},
			Questions{Prepared: true},
			nothing, 1500 * time.Millisecond,
			func(s Step) bool { return s.Record != nil && s.Record.Offer == nil },
		},
		"it does not catch up": {
			[]func(*View){nothing, nothing, prepared},
			Questions{Own: true, Successor: true},
			nothing, time.Second,
			func(s Step) bool { return sends(s, decide.ResumeWrites) },
		},
		"it does not claim": {
			[]func(*View){nothing, nothing, prepared, caughtUp, nothing, nothing},
			Questions{Successor: true},
			nothing, time.Second,
			func(s Step) bool { return s.Record != nil && s.Record.Offer == nil },
		},
		"it claims, and does not lead": {
			[]func(*View){nothing, nothing, prepared, caughtUp, nothing, nothing},
			Questions{Successor: true},
			claimed, 2 * time.Second,
			func(s Step) bool {
				return sends(s, decide.ReplicateFrom, decide.DisconnectClients, decide.ResumeWrites)
			},
		},
		"Sentinels do not name it": {
			[]func(*View){nothing, nothing, prepared, caughtUp, nothing, nothing, leads},
			Questions{Sentinels: true},
			leads, time.Second,
			func(s Step) bool {
				return sends(s, decide.ReplicateFrom, decide.DisconnectClients, decide.ResumeWrites)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			state, step, v := begun(), Step{}, View{}
			hear := func(heard func(*View), now time.Time) {
				v = View{Now: now, Record: decidetest.RecordOf(0)}
				heard(&v)
				step, state = state.Next(v)
			}
			for _, heard := range c.before {
				hear(heard, decidetest.Clock)
			}
			if got := state.Asks(); got != c.asks {
				t.Fatalf("asks %+v, want %+v", got, c.asks)
			}
			most := decidetest.Clock.Add(time.Minute)
			for now := decidetest.Clock; now.Before(most); now = now.Add(askEvery) {
				if hear(c.meanwhile, now); c.ends(step) {
					if took := now.Sub(decidetest.Clock); took < c.takes || took > c.takes+3*max(askEvery, step.Recheck) {
						t.Errorf("it waits for %s, want %s", took, c.takes)
					}
					return
				}
				if step.Done || len(step.Commands) > 0 || step.Record != nil || step.Tell != "" {
					t.Fatalf("meanwhile: %+v", step)
				}
				if most := map[bool]time.Duration{true: prepareEvery, false: 10 * time.Millisecond}[c.asks.Prepared]; step.Recheck > most {
					t.Fatalf("it asks every %s, and clients wait for that", step.Recheck)
				}
			}
			t.Error("it waits for ever")
		})
	}
}

// sends reports whether a step has these commands and no others.
func sends(s Step, commands ...decide.CommandKind) bool {
	if len(s.Commands) != len(commands) {
		return false
	}
	for i, c := range s.Commands {
		if c.Do != commands[i] {
			return false
		}
	}
	return true
}
