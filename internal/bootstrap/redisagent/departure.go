// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"context"
	"sync"
	"time"
)

const (
	// hookBudget bounds the preStop hook: Redis gets its SIGTERM only after it, and the hook's time is taken from the grace
	// period.
	hookBudget = 10 * time.Second
	// departureLife is how long a call of the hook counts. A container that was restarted by its liveness probe, and not
	// deleted, does not stay in departure for ever.
	departureLife = 30 * time.Second
)

// departure is the kubelet's notice that my Redis is about to end. The notice is reason enough: evictions and node shutdowns
// come without a deletion.
type departure struct {
	wake  func()
	grace func() time.Duration

	mu    sync.Mutex
	since time.Time
	over  chan struct{}
}

func newDeparture(wake func()) *departure {
	return &departure{wake: wake, grace: func() time.Duration { return 0 }}
}

// within says how long the pod has to end, once the API can tell.
func (d *departure) within(grace func() time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.grace = grace
}

// asked reports whether the hook was called recently.
func (d *departure) asked() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.since.IsZero() && time.Since(d.since) < departureLife
}

// ask starts the departure and waits until there is nothing left to give away, or the budget of the hook is spent.
func (d *departure) ask(ctx context.Context) {
	budget := hookBudget
	d.mu.Lock()
	if grace := d.grace(); grace > 0 {
		budget = min(budget, grace/3)
	}
	d.since = time.Now()
	if d.over == nil {
		d.over = make(chan struct{})
	}
	over := d.over
	d.mu.Unlock()
	d.wake()
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	select {
	case <-over:
	case <-ctx.Done():
	}
}

// done ends the wait of the hook: the last turn found nothing to hand over.
func (d *departure) done() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over != nil {
		close(d.over)
		d.over = nil
	}
}
