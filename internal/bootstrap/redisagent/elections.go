// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// elections listens to the Sentinels while my Redis leads, and holds its writes back at once when one of them is elected to replace it:
// a turn asks everybody first, and may come too late. What becomes of it the next turn decides.
type elections struct {
	// listen calls heard at each election until its context ends, and pause holds writes back.
	listen func(ctx context.Context, heard func())
	pause  func(ctx context.Context, most time.Duration) error
	wake   func()

	begins chan struct{}
	mu     sync.Mutex
	leads  bool
	stop   context.CancelFunc
	// held reports whether writes were held back since the last turn, and trying whether they are about to be; heardAt is when the
	// last word came, in nanoseconds since 1970.
	held, trying atomic.Bool
	heardAt      atomic.Int64
	// repeating reports whether somebody holds writes back anew until the next turn, and repeaters waits for him.
	repeating atomic.Bool
	repeaters sync.WaitGroup
	// holding is for how long they are held back.
	holding holding
}

// heldEvery is how often writes are held back anew until a turn does it, which may be writing the record, or handing over. It is well below
// decide.YieldPause.
const heldEvery = decide.YieldPause / 3

// longestTry bounds the attempts to make a server hold writes back that a script keeps from answering.
const longestTry = 30 * time.Second

func newElections(listen func(context.Context, func()), pause func(context.Context, time.Duration) error, wake func()) *elections {
	return &elections{listen: listen, pause: pause, wake: wake, begins: make(chan struct{}, 1)}
}

// run listens whenever my Redis leads, until the context ends.
func (e *elections) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.begins:
		}
		e.listenOnce(ctx)
	}
}

func (e *elections) listenOnce(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	defer e.repeaters.Wait()
	defer stop()
	e.mu.Lock()
	e.stop = stop
	leads := e.leads
	e.mu.Unlock()
	if leads {
		e.listen(ctx, func() { e.heard(ctx) })
	}
}

// decided takes in what a turn decided: whether my Redis leads. One that does not answer says nothing about that.
func (e *elections) decided(d decide.Decision) {
	if d.Reason == model.NotRunning || d.Reason == model.ScriptRunning {
		return
	}
	leads := d.Action == decide.Retain || d.Action == decide.Handover
	e.mu.Lock()
	defer e.mu.Unlock()
	if leads && !e.leads {
		select {
		case e.begins <- struct{}{}:
		default: // it has not begun yet
		}
	}
	if e.leads = leads; !leads && e.stop != nil {
		e.stop()
	}
}

// heard holds writes back. While that is being tried, another Sentinel's word adds nothing.
func (e *elections) heard(listening context.Context) {
	e.heardAt.Store(time.Now().UnixNano())
	if !e.trying.CompareAndSwap(false, true) {
		return
	}
	defer e.trying.Store(false)
	e.wake() // a turn may have to end a script
	ctx, cancel := context.WithTimeout(listening, longestTry)
	defer cancel()
	if e.pause(ctx, decide.YieldPause) != nil {
		return // the turn does what can be done
	}
	e.holding.hold(time.Now(), decide.YieldPause)
	e.held.Store(true)
	e.wake()
	if e.repeating.CompareAndSwap(false, true) {
		e.repeaters.Go(func() { e.repeat(listening) })
	}
}

// repeat holds writes back anew until a turn has taken that over, or nobody can be promoted any more by what was heard.
func (e *elections) repeat(ctx context.Context) {
	defer e.repeating.Store(false)
	for {
		loop.Pause(ctx, heldEvery)
		if ctx.Err() != nil || !e.held.Load() || !e.lately() {
			return
		}
		if e.pause(ctx, decide.YieldPause) == nil { // else the one before lasts a while yet
			e.holding.hold(time.Now(), decide.YieldPause)
		}
	}
}

// yielded reports whether writes were held back since it was last asked.
func (e *elections) yielded() bool { return e.held.Swap(false) }

// lately reports whether a Sentinel may be about to promote another by a word that was heard.
func (e *elections) lately() bool {
	return time.Since(time.Unix(0, e.heardAt.Load())) < decide.YieldMost
}
