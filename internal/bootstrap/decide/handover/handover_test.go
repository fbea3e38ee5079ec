// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// The numbers in these tests are those of docs/interleavings.md.

func begun() State {
	v := decidetest.Formed(0, decidetest.Pod(0, decidetest.Master), decidetest.Pod(1, decidetest.Replica(0)))
	v.Leaving = true
	d, _ := decide.Next(v, decide.Memory{})
	return Begin(v, d, "word")
}

// story is a handover whose every answer is drawn: servers that answer or not, writes that land, fail or are lost, commands that fail.
type story struct {
	t   *testing.T
	rng *rand.Rand
	now time.Time

	// master: my Redis takes writes but for the pause, as far as its agent can know. sealed: the record has my offer, and given: the
	// successor's agent has its word.
	master, sealed, given bool
	paused                time.Time
	// written is the master's offset, which grows while clients may write, and had is what the successor had when it got the word.
	written, had int64
	// claimed: the successor wrote itself into the record.
	claimed bool
	log     []string
}

// offered reports whether the successor may claim at any time.
func (s *story) offered() bool { return s.sealed && s.given }

func (s *story) chance(percent int) bool { return s.rng.IntN(100) < percent }

// heard is what the next step is told.
func (s *story) heard(asks Questions, last Step) View {
	record := decidetest.RecordOf(0)
	if s.claimed {
		record = decidetest.RecordOf(1)
		record.Epoch += model.EpochStep
	}
	v := View{Now: s.now, Record: record}
	if asks.Own && s.chance(90) {
		v.Own = decidetest.Pod(0, decidetest.Master).Redis
		v.Own.Offset = s.written
	}
	if asks.Successor && s.chance(80) {
		v.Successor = decidetest.Pod(1, decidetest.Replica(0)).Redis
		if v.Successor.Offset = s.written; s.chance(30) { // it lags behind
			v.Successor.Offset--
		}
		if s.claimed && s.chance(80) {
			v.Successor = decidetest.Pod(1, decidetest.Master).Redis
		}
	}
	v.Announced = asks.Sentinels && s.chance(50)
	v.Prepared = asks.Prepared && s.sealed && s.chance(30)
	if last.Record != nil {
		s.write(last, &v)
	}
	if last.Tell != "" {
		s.tell(last.Tell, &v)
	}
	if len(last.Commands) > 0 && s.chance(10) {
		v.Err = errors.New("no answer to a command")
	}
	return v
}

// write lets the record become what was wanted, or not, and tells or not.
func (s *story) write(last Step, v *View) {
	lands := !s.claimed && s.chance(70)
	told := s.chance(70)
	if lands {
		s.sealed = last.Record.Offer != nil
	}
	switch {
	case told && lands:
		v.Written = Accepted
	case told:
		v.Written, v.Err = Refused, errors.New("somebody else was faster")
		s.sealed = s.sealed && !s.claimed
	default:
		v.Written, v.Err = Unknown, errors.New("no answer to a write")
	}
}

// tell lets the word arrive, or not, and the answer too.
func (s *story) tell(word string, v *View) {
	if word != "word" {
		s.t.Fatalf("the successor is told %q", word)
	}
	switch {
	case s.chance(10):
		v.Told, v.Err = Refused, errors.New("it knows no such offer")
		return
	case s.chance(80):
		s.given, s.had = true, s.written
	}
	if s.claimed = s.given && s.sealed && s.chance(60); s.claimed && s.chance(80) {
		return
	}
	v.Told, v.Err = Unknown, errors.New("no answer to a word")
}

// pass lets time pass: clients write where nothing keeps them from it.
func (s *story) pass(long time.Duration) {
	s.now = s.now.Add(long)
	if s.master && s.now.After(s.paused) {
		s.written++
	}
}

// do carries a step's commands out, and judges them.
func (s *story) do(step Step) {
	for _, c := range step.Commands {
		s.log = append(s.log, c.Do.String())
		switch c.Do {
		case decide.PauseWrites:
			if !s.paused.IsZero() && s.now.After(s.paused) {
				s.t.Fatalf("the pause is made longer after it ran out, and what was written since then is not with the successor: %v", s.log)
			}
			s.paused = s.now.Add(c.For)
		case decide.ReplicateFrom:
			if c.Master != model.FenceAddress && !s.claimed {
				s.t.Fatalf("it follows a successor that does not lead: %v", s.log)
			}
			s.master = false
		case decide.DisconnectClients:
			if s.master && (!s.claimed || s.now.After(s.paused)) {
				s.t.Fatalf("clients are sent away from a master that takes writes: %v", s.log)
			}
		case decide.ResumeWrites:
			if s.master && s.offered() {
				s.t.Fatalf("writes go on while an offer may stand: %v", s.log)
			}
			s.paused = time.Time{}
		case decide.NeedNoReplicas:
			if s.master && s.now.After(s.paused) {
				s.t.Fatalf("writes need no replica, and are not held back: %v", s.log)
			}
		case decide.BecomeMaster, decide.EndScript, decide.Reconnect:
			s.t.Fatalf("a handover promotes nobody and ends nothing: %s", c.Do)
		}
	}
}

// TestNoOrderOfAnswersLosesAWrite (4, 13): whatever servers and API answer, in a time that does not stand still, nothing is written
// between an offer that may stand and its end, and the end comes before the pause runs out.
func TestNoOrderOfAnswersLosesAWrite(t *testing.T) {
	moved := 0
	for seed := range uint64(20_000) {
		s := &story{t: t, rng: rand.New(rand.NewPCG(seed, 4)), now: decidetest.Clock, master: true}
		willing := s.rng.IntN(3) * 10 // of a hundred: how soon the successor accepts, if ever
		state, step := begun(), Step{}
		for n := 0; !step.Done; n++ {
			if n > 10_000 {
				t.Fatalf("seed %d: it does not end: %v", seed, s.log)
			}
			before := step
			step, state = state.Next(s.heard(state.Asks(), before))
			s.do(step)
			if s.offered() && !s.claimed && s.chance(willing) {
				s.claimed = true
			}
			s.pass(step.Recheck + time.Duration(s.rng.Int64N(int64(300*time.Millisecond))))
			if s.offered() && s.had < s.written {
				t.Fatalf("seed %d: the word was given at %d, and %d is written: %v", seed, s.had, s.written, s.log)
			}
			if s.offered() && s.master && !step.Done && s.now.After(s.paused) {
				t.Fatalf("seed %d: the pause ran out before the end: %v", seed, s.log)
			}
		}
		if s.claimed && step.Err == nil {
			moved++
		}
	}
	if moved < 1000 {
		t.Errorf("%d of 20000 handovers succeed: these stories test little", moved)
	}
}
