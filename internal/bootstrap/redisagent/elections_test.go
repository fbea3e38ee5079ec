// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// ballot is what elections listen to and what they do.
type ballot struct {
	*elections
	// heardBy are those who listen now.
	heardBy []func()
	mu      sync.Mutex
	pauses  []time.Duration
	wakes   atomic.Int32
	// hangs is how long my Redis takes to hold writes back, and fails why it cannot.
	hangs time.Duration
	fails error
}

func newBallot(t *testing.T) *ballot {
	t.Helper()
	b := &ballot{}
	b.elections = newElections(func(ctx context.Context, heard func()) {
		b.heardBy = append(b.heardBy, heard)
		<-ctx.Done()
		b.heardBy = nil
	}, func(ctx context.Context, most time.Duration) error {
		b.mu.Lock()
		b.pauses = append(b.pauses, most)
		b.mu.Unlock()
		select {
		case <-time.After(b.hangs):
			return b.fails
		case <-ctx.Done():
			return ctx.Err()
		}
	}, func() { b.wakes.Add(1) })
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	go b.run(ctx)
	synctest.Wait()
	return b
}

// paused are the attempts to hold writes back, for how long each.
func (b *ballot) paused() []time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.pauses)
}

// after lets a turn decide, and counts who listens then.
func (b *ballot) after(d decide.Decision) int {
	b.decided(d)
	synctest.Wait()
	return len(b.heardBy)
}

// TestOnlyAMasterListensToElections: and it listens on while its Redis does not answer, which an election may be about.
func TestOnlyAMasterListensToElections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBallot(t)
		for i, c := range []struct {
			d       decide.Decision
			listens int
		}{
			{decide.Decision{Reason: model.NotRunning}, 0},
			{decide.Decision{Reason: model.Synced}, 0},
			{decide.Decision{Action: decide.Retain}, 1},
			{decide.Decision{Action: decide.Retain}, 1},
			{decide.Decision{Reason: model.NotRunning}, 1},
			{decide.Decision{Reason: model.ScriptRunning}, 1},
			{decide.Decision{Action: decide.Handover}, 1},
			{decide.Decision{Action: decide.Fence}, 0},
			{decide.Decision{Reason: model.NotRunning}, 0},
			{decide.Decision{Action: decide.Handover}, 1},
			{decide.Decision{Action: decide.Follow}, 0},
		} {
			if got := b.after(c.d); got != c.listens {
				t.Errorf("turn %d, %s/%s: %d listen, want %d", i, c.d.Action, c.d.Reason, got, c.listens)
			}
		}
		b.decided(decide.Decision{Action: decide.Retain})
		if got := b.after(decide.Decision{Action: decide.Fence}); got != 0 {
			t.Error("it listens although it did not lead any more when it began")
		}
	})
}

// TestWritesAreHeldBackUntilATurnComes: the turn may be writing the record to an API that does not answer, or handing over, and the replica
// is promoted meanwhile. What is held back never ends between two attempts, and does end.
func TestWritesAreHeldBackUntilATurnComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBallot(t)
		b.after(decide.Decision{Action: decide.Retain})
		if b.lately() {
			t.Error("elected before anybody said so")
		}
		began := time.Now()
		b.heardBy[0]()
		for at := time.Duration(0); at < decide.YieldMost; at += 100 * time.Millisecond {
			time.Sleep(time.Until(began.Add(at)))
			synctest.Wait()
			if least := 1 + int(at/heldEvery); len(b.paused()) < least || !b.lately() {
				t.Fatalf("after %s writes were held back %d times, for %s each; lately: %v", at, len(b.paused()), decide.YieldPause, b.lately())
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if most := 1 + int(decide.YieldMost/heldEvery); len(b.paused()) > most || b.lately() {
			t.Errorf("nothing came of it, and writes were held back %d times, at most %d are right", len(b.paused()), most)
		}
		b.heardBy[0]()
		b.after(decide.Decision{Action: decide.Follow}) // it does not lead any more
		before := len(b.paused())
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(b.paused()) > before {
			t.Error("a replica's writes are held back")
		}
	})
}

// TestElectionHoldsWritesBack: once, however many Sentinels tell of it, and the turn that follows is told.
func TestElectionHoldsWritesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBallot(t)
		b.after(decide.Decision{Action: decide.Retain})
		heard := b.heardBy[0]

		b.hangs = time.Second
		go heard()
		synctest.Wait()
		if b.wakes.Load() != 1 {
			t.Error("the turn that may have to end a script is not woken while writes are not held back yet")
		}
		heard() // another Sentinel's word
		time.Sleep(b.hangs)
		synctest.Wait()
		if len(b.paused()) != 1 || b.paused()[0] != decide.YieldPause || b.wakes.Load() != 2 || !b.yielded() || b.yielded() {
			t.Errorf("paused for %v, woke %d turns", b.paused(), b.wakes.Load())
		}

		time.Sleep(decide.YieldMost) // the turn has taken it over: nobody else goes on with it
		synctest.Wait()
		if len(b.paused()) != 1 {
			t.Errorf("held back %d times", len(b.paused()))
		}

		b.hangs, b.fails = 0, errors.New("no answer")
		heard()
		if len(b.paused()) != 2 || b.wakes.Load() != 3 || b.yielded() {
			t.Errorf("what was not held back counts as held: %d attempts, %d turns woken", len(b.paused()), b.wakes.Load())
		}

		b.hangs, b.fails = time.Hour, nil
		began := time.Now()
		if heard(); time.Since(began) != longestTry || b.yielded() {
			t.Errorf("a server that hangs was tried for %s", time.Since(began))
		}

		go heard()
		synctest.Wait()
		b.after(decide.Decision{Action: decide.Fence})
		if b.after(decide.Decision{Action: decide.Retain}); len(b.heardBy) != 1 {
			t.Fatal("it does not listen again")
		}
		b.hangs = 0
		if b.heardBy[0](); !b.yielded() {
			t.Error("an attempt for a mastership that is over keeps the next from holding writes back")
		}
	})
}
