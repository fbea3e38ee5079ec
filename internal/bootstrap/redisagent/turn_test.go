// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
)

// led is what the master of a group at rest sees.
func led() model.View {
	pods, rec := decidetest.Led(3)
	v := decidetest.Formed(0, pods[0], pods[1:]...)
	v.Record = rec
	return v
}

// following is what a replica sees that has to be pointed at the master.
func following() model.View {
	return decidetest.Formed(0, decidetest.Pod(1, decidetest.Replica(2)), decidetest.Pod(0, decidetest.Master), decidetest.Pod(2, decidetest.Replica(0)))
}

// TestTurnDoesOneThingAfterTheOther: nothing is done to a Redis that is not yet one of its group, and keys are told of last, in a turn
// that writes nothing else.
func TestTurnDoesOneThingAfterTheOther(t *testing.T) {
	v := following()
	v.Use = &model.KeyUse{Presents: "key"}
	s := newStage(t, v)
	wait := s.turn(t.Context())
	if want := []string{"secure", "follow 10.0.0.1:6379", "tune", "say"}; !slices.Equal(s.journal, want) || wait >= time.Second {
		t.Errorf("%v, and the next turn in %s; want %v, and soon", s.journal, wait, want)
	}
	v = offered()
	v.Record.Offer.Seal, v.Use = "", &model.KeyUse{Presents: "key"}
	s = newStage(t, v)
	if s.turn(t.Context()); !s.did("write for redis-1") || s.did("say") || s.memory.Claimed.Epoch == 0 {
		t.Errorf("a turn that claims: %v, remembers %+v", s.journal, s.memory.Claimed)
	}
}

// TestOfferThatWasAcceptedMeanwhile: a turn that asked everybody before that acts on what it saw no more.
func TestOfferThatWasAcceptedMeanwhile(t *testing.T) {
	s := newSuccessor(t)
	s.meanwhile = func() { s.accept(t.Context(), word, 0) }
	wait := s.turn(t.Context())
	if want := []string{"write for redis-1", "promote run-1"}; wait != 0 || !slices.Equal(s.journal, want) {
		t.Errorf("%v, and the next turn in %s; want %v, and at once", s.journal, wait, want)
	}
	if s.memory.Claimed.Epoch == 0 {
		t.Error("the claim is forgotten")
	}
}

// TestTurnSaysWhichOfferWouldBeAccepted, before it acts.
func TestTurnSaysWhichOfferWouldBeAccepted(t *testing.T) {
	s := newStage(t, offered())
	s.turn(t.Context())
	if _, opens := s.offers.openedBy(word); !opens {
		t.Error("the turn has seen it, and its word does not open it")
	}
	s.view.Record.Offer = nil
	s.turn(t.Context())
	if _, opens := s.offers.openedBy(word); opens {
		t.Error("it was taken back, and its word opens it")
	}
}

// TestTurnThatFails comes again soon, and not at once; one that was only late, as its decision says.
func TestTurnThatFails(t *testing.T) {
	v := offered()
	v.Record.Offer.Seal = ""
	for err, want := range map[error]bool{nil: false, record.ErrConflict: false, errors.New("no answer"): true} {
		s := newStage(t, v)
		s.refuses = err
		if wait := s.turn(t.Context()); (wait == afterFailure) != want {
			t.Errorf("%v: the next turn in %s", err, wait)
		}
	}
}

// promoted is a pod that ends, which a Sentinel is making the master.
func promoted() model.View {
	v := decidetest.Formed(1, decidetest.Pod(0, decidetest.Master), decidetest.Pod(1, decidetest.Replica(0)))
	v.Leaving = true
	v.Sentinels[0].FailoverInProgress, v.Sentinels[0].Address = true, v.Self.Address
	v.Sentinels[0].ConfigEpoch++
	return v
}

// TestHookEndsWithTheLastHandover: not in the turn of an attempt, after which the mastership may still be mine.
func TestHookEndsWithTheLastHandover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := led()
		v.Leaving = true
		s := newStage(t, v)
		over := make(chan bool, 1)
		ended := func() bool {
			synctest.Wait()
			return len(over) > 0
		}
		go func() { over <- s.leave.ask(t.Context()) }()
		synctest.Wait()
		if s.turn(t.Context()); !s.did("ask the successor") || ended() {
			t.Errorf("the attempt failed, and the hook does not wait for another one: %v", s.journal)
		}
		s.view = promoted()
		if d, _ := decide.Next(s.view, s.memory); d.Reason != model.PromotedBySentinel {
			t.Fatalf("%s/%s: this tests nothing", d.Action, d.Reason)
		}
		if s.turn(t.Context()); ended() {
			t.Error("a failover may leave it with the mastership, and the hook does not wait for its end")
		}
		s.view = decidetest.Formed(1, decidetest.Pod(0, decidetest.Replica(1)), decidetest.Pod(1, decidetest.Master))
		if s.turn(t.Context()); ended() {
			t.Error("a turn that did not know of the departure ends it")
		}
		s.view.Leaving = true
		if s.turn(t.Context()); !ended() {
			t.Error("another one leads, and the hook waits")
		}
	})
}

// TestTurnTellsElectionsWhetherItLeads, and the hook which process may depart.
func TestTurnTellsElectionsWhetherItLeads(t *testing.T) {
	s := newStage(t, led())
	s.turn(t.Context())
	if len(s.elections.begins) != 1 || s.leave.process != s.view.Self.Redis.RunID {
		t.Error("the master's Sentinels are not listened to, or its process is not known to the hook")
	}
	if s.did("sweep") {
		t.Error("connections are swept in each turn")
	}
	s.swept = time.Now().Add(-2 * sweepAfter)
	for range 2 {
		s.turn(t.Context())
	}
	if n := len(slices.DeleteFunc(slices.Clone(s.journal), func(what string) bool { return what != "sweep" })); n != 1 {
		t.Errorf("once a minute is over, connections are swept %d times in two turns", n)
	}
	if d, _ := decide.Next(s.view, s.memory); d.Action != decide.Retain {
		t.Fatalf("%s: this tests nothing", d.Action)
	}
}
