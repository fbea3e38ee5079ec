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

var throughService = model.Address{Host: "10.8.0.1", Port: 6379}

// offered is a handover of three pods to the first replica, whose offer is written.
func offered(t *testing.T, change func(*model.View, *decide.Decision)) (State, View) {
	t.Helper()
	v := decidetest.Formed(0, decidetest.Pod(0, decidetest.Master), decidetest.Pod(1, decidetest.Replica(0)), decidetest.Pod(2, decidetest.Replica(0)))
	d := decide.Decision{Reason: model.HandoverRequested, Successor: v.Peers[0], Calm: 4 * time.Second}
	if change != nil {
		change(&v, &d)
	}
	state, seen := Begin(v, d, "word"), View{Now: decidetest.Clock, Record: decidetest.RecordOf(0), Service: throughService}
	for range 2 {
		_, state = state.Next(seen)
	}
	return state, seen
}

// announced is a handover that has come so far that Sentinels name the successor.
func announced(t *testing.T, change func(*model.View, *decide.Decision)) (State, View) {
	t.Helper()
	state, v := offered(t, change)
	v.Prepared, v.Announced = true, true
	for state.stage != announcing {
		v.Own = decidetest.Pod(0, decidetest.Master).Redis
		if v.Successor = decidetest.Pod(1, decidetest.Replica(0)).Redis; state.stage == awaiting {
			v.Successor = decidetest.Pod(1, decidetest.Master).Redis
		}
		var step Step
		if step, state = state.Next(v); step.Done {
			t.Fatalf("it is over: %v", step.Err)
		}
	}
	_, state = state.Next(v)
	return state, v
}

// TestWaitForTheService: whoever is led to my Redis still is held back, not refused, for as long as that can take, and no longer.
func TestWaitForTheService(t *testing.T) {
	follows := []decide.CommandKind{decide.ReplicateFrom, decide.DisconnectClients, decide.ResumeWrites}
	for name, c := range map[string]struct {
		moves time.Duration // when the Service does, in a time in which Redis answers at once
		parts bool          // clients are sent away once more when it does
	}{
		"it has moved":       {0, false},
		"it moves":           {time.Second, false},
		"in the last moment": {rerouteTime - askEvery, false},
		"it is late":         {rerouteTime + time.Second/2, true},
		"it does not":        {time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			state, v := announced(t, nil)
			if state.stage != rerouting || !state.Asks().Route || state.Service() != throughService {
				t.Fatalf("stage %d asks %+v through %s", state.stage, state.Asks(), state.Service())
			}
			begin, followed := v.Now, time.Duration(-1)
			var sent []time.Duration
			for step := (Step{}); !step.Done; v.Now = v.Now.Add(askEvery) {
				at := v.Now.Sub(begin)
				if v.Routed = "run-0"; at >= c.moves {
					v.Routed = state.Successor().Redis.RunID
				}
				step, state = state.Next(v)
				switch {
				case sends(step, follows...):
					followed = at
				case sends(step, decide.DisconnectClients):
					sent = append(sent, at)
				case len(step.Commands) > 0:
					t.Fatalf("after %s: %+v", at, step.Commands)
				}
				if at > time.Minute {
					t.Fatal("it waits for ever")
				}
			}
			if want := min(c.moves, rerouteTime); followed < want || followed > want+2*askEvery {
				t.Errorf("my Redis follows after %s, want %s", followed, want)
			}
			before, after := 0, 0
			for _, at := range sent {
				if at < followed {
					before++
				} else {
					after++
				}
			}
			if before != min(1, int(c.moves)) || (after == 1) != c.parts || after > 1 {
				t.Errorf("clients are sent away %d times before and %d times after it follows: %v", before, after, sent)
			}
		})
	}
}

// TestNobodyWaitsForTheService where that would cost more: what is written to a successor that nobody else follows would be with it alone.
func TestNobodyWaitsForTheService(t *testing.T) {
	alone := func(change func(*model.Pod)) func(*model.View, *decide.Decision) {
		return func(v *model.View, _ *decide.Decision) { change(&v.Peers[1]) }
	}
	for name, change := range map[string]func(*model.View, *decide.Decision){
		"there is no third":   func(v *model.View, _ *decide.Decision) { v.Peers = v.Peers[:1] },
		"it is silent":        alone(func(p *model.Pod) { p.Redis = model.Redis{} }),
		"it ends":             alone(func(p *model.Pod) { p.Terminating = true }),
		"its link is down":    alone(func(p *model.Pod) { p.Redis.LinkUp = false }),
		"it follows somebody": alone(func(p *model.Pod) { p.Redis.Following = p.Address }),
		"it loads":            alone(func(p *model.Pod) { p.Redis.Answer = model.Loading }),
	} {
		t.Run(name, func(t *testing.T) {
			state, v := announced(t, change)
			if state.stage != ending {
				t.Fatalf("stage %d", state.stage)
			}
			v.Err = errors.New("no answer")
			if step, _ := state.Next(v); !step.Done {
				t.Errorf("a Redis that may not follow sends clients away again: %+v", step)
			}
		})
	}
}

// TestProxiesRest: a pod that ends, and has the time, lets proxies rest before it holds writes back.
func TestProxiesRest(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*model.View, *decide.Decision)
		service model.Address
		waits   time.Duration
	}{
		"it ends": {func(v *model.View, d *decide.Decision) {
			v.Grace, d.Reason = 30*time.Second, model.HandingOver
		}, throughService, restTime},
		"it ends, and nobody comes through a Service": {func(v *model.View, d *decide.Decision) {
			v.Grace, d.Reason = 30*time.Second, model.HandingOver
		}, model.Address{}, 0},
		"it ends, and has no time": {func(v *model.View, d *decide.Decision) {
			v.Grace, d.Reason = 10*time.Second, model.HandingOver
		}, throughService, 0},
		"it stays": {func(v *model.View, _ *decide.Decision) { v.Grace = 30 * time.Second }, throughService, 0},
		"it tries again: they have rested": {func(v *model.View, d *decide.Decision) {
			v.Grace, d.Reason, d.Again = 30*time.Second, model.HandingOver, true
		}, throughService, 0},
		"nobody has confirmed it for long": {func(v *model.View, d *decide.Decision) {
			v.Grace, d.Reason, d.Calm = 30*time.Second, model.HandingOver, time.Second
		}, throughService, time.Second - restSpare},
	} {
		t.Run(name, func(t *testing.T) {
			state, v := offered(t, c.change)
			v.Prepared, v.Service = true, c.service
			for begin := v.Now; ; v.Now = v.Now.Add(restEvery) {
				step, next := state.Next(v)
				state = next
				if sends(step, decide.PauseWrites) {
					if waited := v.Now.Sub(begin); waited < c.waits || waited > c.waits+2*restEvery {
						t.Errorf("it waits for %s, want %s", waited, c.waits)
					}
					return
				}
				if v.Now.Sub(begin) > time.Minute || step.Done {
					t.Fatal("it never holds writes back")
				}
			}
		})
	}
}
