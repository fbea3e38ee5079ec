// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
)

const word = "word"

// offered is what pod 1 sees when the holder, pod 0, has offered it the mastership.
func offered() model.View {
	v := decidetest.Formed(0, decidetest.Pod(1, decidetest.Replica(0)), decidetest.Pod(0, decidetest.Master), decidetest.Pod(2, decidetest.Replica(0)))
	r := &v.Self.Redis
	v.Record.Offer = &model.Offer{PodUID: v.Self.UID, RunID: r.RunID, ReplID: r.ReplID, Offset: r.Offset, Seal: model.SealOf(word)}
	return v
}

// TestWordOpensWhatTheLastTurnSaw: no other word does, and no offer outlives the turn that no longer sees it.
func TestWordOpensWhatTheLastTurnSaw(t *testing.T) {
	o, seen := newOffers(), offered()
	opens := func(word string) bool {
		v, opens := o.openedBy(word)
		if opens != (v.Self.UID != "") {
			t.Errorf("%q: opens %t, and shows %q", word, opens, v.Self.UID)
		}
		return opens
	}
	if opens(word) {
		t.Error("before any turn")
	}
	o.prepare(model.SealOf(word), seen)
	for with, want := range map[string]bool{word: true, "": false, "another": false, model.SealOf(word): false} {
		if got := opens(with); got != want {
			t.Errorf("by %q: %t", with, got)
		}
	}
	o.prepare("", seen)
	if opens(word) {
		t.Error("the offer is gone, or would not be accepted any more")
	}
}

// TestQuestionWaitsForItsOffer: the holder asks as soon as the record has its offer, often before this agent has seen it. The record is
// read if the watch does not bring it soon.
func TestQuestionWaitsForItsOffer(t *testing.T) {
	const patience = time.Second
	ask := func(t *testing.T, o *offers, seal string) (bool, time.Duration) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		began := time.Now()
		return o.prepared(ctx, seal), time.Since(began)
	}
	for name, c := range map[string]struct {
		seal  string
		after time.Duration
		// prepared is what the turn meanwhile says, after which time the answer comes, and reads how often the record was read by then.
		prepared string
		yes      bool
		takes    time.Duration
		reads    int
	}{
		"the turn has seen it":      {"seal", 0, "seal", true, 0, 0},
		"the watch brings it":       {"seal", watchTime / 2, "seal", true, watchTime / 2, 0},
		"the watch is late":         {"seal", 2 * watchTime, "seal", true, 2 * watchTime, 1},
		"it would not be accepted":  {"seal", watchTime / 2, "", false, patience, 1},
		"it is another one":         {"seal", watchTime / 2, "other", false, patience, 1},
		"nobody may ask about none": {"", 0, "", false, patience, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, api := newOffers(), &liveOf{answers: true}
				o.readsBy(api)
				if c.after == 0 {
					o.prepare(c.prepared, offered())
				} else {
					time.AfterFunc(c.after, func() { o.prepare(c.prepared, offered()) })
				}
				if yes, took := ask(t, o, c.seal); yes != c.yes || took != c.takes || api.soon != c.reads {
					t.Errorf("%t after %s, read %d times; want %t after %s, %d", yes, took, api.soon, c.yes, c.takes, c.reads)
				}
			})
		})
	}
	t.Run("the API does not answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			o, api := newOffers(), &liveOf{}
			o.readsBy(api)
			o.prepare("seal", offered())
			if yes, _ := ask(t, o, "seal"); yes || api.now != 1 {
				t.Errorf("it is prepared: %t, though its claim would not arrive; read %d times", yes, api.now)
			}
		})
	})
	t.Run("it is asked again and again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			o, api := newOffers(), &liveOf{answers: true}
			o.readsBy(api)
			o.prepare("seal", offered())
			for range 5 {
				if yes, _ := ask(t, o, "seal"); !yes {
					t.Error("it is not prepared")
				}
			}
			if api.now != 1 {
				t.Errorf("read %d times within a moment", api.now)
			}
			time.Sleep(reachedWithin)
			api.answers = false
			if yes, _ := ask(t, o, "seal"); yes {
				t.Error("it is prepared by what the API answered long ago")
			}
			o.prepare("", offered())
			o.prepare("seal", offered())
			if yes, _ := ask(t, o, "seal"); yes {
				t.Error("it is prepared by what the API answered for an offer before")
			}
		})
	})
	t.Run("before the API has answered", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			if yes, _ := ask(t, newOffers(), "seal"); yes {
				t.Error("it is prepared for what it cannot have read")
			}
		})
	})
}

// liveOf is a record that the API has or does not answer for, and how often it was asked.
type liveOf struct {
	answers   bool
	soon, now int
}

func (l *liveOf) ReadSoon() { l.soon++ }

func (l *liveOf) Reaches(context.Context) bool {
	l.now++
	return l.answers
}

// newSuccessor is the agent of pod 1, whose last turn saw an offer to it.
func newSuccessor(t *testing.T) *stage {
	t.Helper()
	v := offered()
	s := newStage(t, v)
	s.offers.prepare(model.SealOf(word), v)
	return s
}

// TestWordIsActedOnOnce: who gives the word is told whether it was heeded, not heeded, or may yet be.
func TestWordIsActedOnOnce(t *testing.T) {
	claimed, promoted := "write for redis-1", "promote run-1"
	for name, c := range map[string]struct {
		word           string
		change         func(*stage)
		leads, mayLead bool
		journal        []string
	}{
		"it is heeded":                             {word, func(*stage) {}, true, true, []string{claimed, promoted}},
		"it is another word":                       {"another", func(*stage) {}, false, false, nil},
		"my process is another one by now":         {word, func(s *stage) { s.self.RunID = "run-1-again" }, false, false, nil},
		"the holder took the offer back meanwhile": {word, func(s *stage) { s.refuses = record.ErrConflict }, false, false, []string{claimed}},
		"the record does not answer":               {word, func(s *stage) { s.refuses = errors.New("no answer") }, false, true, []string{claimed}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSuccessor(t)
			c.change(s)
			leads, mayLead := s.accept(t.Context(), c.word, 0)
			if leads != c.leads || mayLead != c.mayLead || !slices.Equal(s.journal, c.journal) {
				t.Errorf("leads %t, may lead %t by %v; want %t, %t by %v", leads, mayLead, s.journal, c.leads, c.mayLead, c.journal)
			}
			if c.word != word {
				return
			}
			if s.accepted != 1 || len(s.woken) != 1 {
				t.Error("the turn that runs meanwhile does not learn of it")
			}
			if s.accept(t.Context(), word, 0); !slices.Equal(s.journal, c.journal) {
				t.Errorf("the word was acted on twice: %v", s.journal)
			}
			if claims := len(c.journal) > 0; claims != (s.memory.Claimed.Epoch > 0) {
				t.Error("a claim whose answer is lost would not be known as mine")
			}
		})
	}
}

// TestWordWaitsForTheTurn: two do not act at once, and what the turn has ended is not accepted. Whoever guesses waits for nothing.
func TestWordWaitsForTheTurn(t *testing.T) {
	s := newSuccessor(t)
	s.acting.Lock() // a turn acts
	if leads, mayLead := s.accept(t.Context(), "a guess", 0); leads || mayLead {
		t.Error("a guess is accepted")
	}
	done := make(chan bool, 1)
	go func() {
		_, mayLead := s.accept(t.Context(), word, 0)
		done <- mayLead
	}()
	select {
	case <-done:
		t.Fatal("it acts beside the turn")
	case <-time.After(20 * time.Millisecond): // a machine that is slower than that notices nothing
	}
	s.offers.prepare("", model.View{})
	s.acting.Unlock()
	if <-done || len(s.journal) > 0 {
		t.Errorf("what the turn ended is accepted: %v", s.journal)
	}
}
