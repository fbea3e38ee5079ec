// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// offers has the sealed offer that the last turn saw and would accept. Its word comes from the holder while clients wait, and is acted on
// at once with what that turn saw, instead of in a turn that asks everybody again.
type offers struct {
	mu      sync.Mutex
	seal    string
	view    model.View
	changed chan struct{}
	// record is nil before the API has answered.
	record liveRecord
	// reached is when the API answered while the present seal was prepared.
	reached time.Time
}

// liveRecord is the record as it can be read live.
type liveRecord interface {
	// ReadSoon has it read beside what goes on, at most once a second.
	ReadSoon()
	// Reaches reads it now, and reports whether the API answered.
	Reaches(ctx context.Context) bool
}

func newOffers() *offers { return &offers{changed: make(chan struct{})} }

// readsBy says how the record is read live.
func (o *offers) readsBy(live liveRecord) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.record = live
}

// watchTime is how long an offer that somebody asks about may take to come in by the watch, before it is read.
const watchTime = 200 * time.Millisecond

// prepare takes in what a turn saw; an empty seal is no offer.
func (o *offers) prepare(seal string, v model.View) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seal != seal {
		close(o.changed)
		o.changed, o.reached = make(chan struct{}), time.Time{}
	}
	o.seal, o.view = seal, model.View{}
	if seal != "" {
		o.view = v
	}
}

// reachedWithin is how long ago the API must have answered for the claim to be expected to reach it.
const reachedWithin = time.Second

// prepared waits until the offer of a seal is seen and would be accepted, or the context ends, and reports which. The claim has to reach the
// API: where the network was broken, what the API says comes in and what it is told does not go out for as long again.
func (o *offers) prepared(ctx context.Context, seal string) bool {
	late := time.NewTimer(watchTime)
	defer late.Stop()
	for {
		o.mu.Lock()
		is, changed, live := o.seal == seal && seal != "", o.changed, o.record
		certain := is && time.Since(o.reached) < reachedWithin
		o.mu.Unlock()
		switch {
		case certain:
			return true
		case is && (live == nil || !live.Reaches(ctx)):
			return false
		case is:
			o.reach(seal)
			continue
		}
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		case <-late.C:
			if live != nil {
				live.ReadSoon()
			}
		}
	}
}

// reach notes that the API has answered, while a seal was prepared.
func (o *offers) reach(seal string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seal == seal {
		o.reached = time.Now()
	}
}

// openedBy returns what was seen of the offer that a word opens.
func (o *offers) openedBy(word string) (model.View, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	offer := o.view.Record.Offer
	if o.seal == "" || offer == nil || !offer.Stands(word) {
		return model.View{}, false
	}
	return o.view, true
}

// acceptWithin bounds the claim and the promotion by a word. Nobody waits for longer, and the next turn goes on from there.
const acceptWithin = 5 * time.Second

// accept claims and promotes by the word of the offer that my last turn saw. It reports whether my Redis leads, and whether it may.
func (a *agent) accept(ctx context.Context, word string, held time.Duration) (leads, mayLead bool) {
	began := time.Now()
	if _, opens := a.offers.openedBy(word); !opens { // whoever guesses waits for no turn, and no turn for him
		return false, false
	}
	ctx, cancel := context.WithTimeout(ctx, acceptWithin)
	defer cancel()
	a.acting.Lock()
	defer a.acting.Unlock()
	view, opens := a.offers.openedBy(word)
	if !opens {
		return false, false
	}
	view.Now, view.Word = time.Now(), word
	memory, err := a.actor.Accept(ctx, view, a.memory, decide.Next)
	a.memory = memory
	a.accepted++
	a.offers.prepare("", model.View{})
	if err == nil {
		a.report.Accepted(view, held+time.Since(began))
	}
	a.env.Log.Info("given the word for an offer", "reason", string(model.TransferAccepted), "holder", view.Record.Holder, "error", err)
	a.woken.Wake()
	return err == nil, !errors.Is(err, act.ErrNotAccepted)
}
