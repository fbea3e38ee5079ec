// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"context"
	"sync"
	"time"
)

const (
	// hookBudget bounds the preStop hook: Redis gets its SIGTERM only after it, and what the hook takes is missing there.
	hookBudget = 10 * time.Second
	// departureLife is how long a call of the hook counts. A container that was restarted by its liveness probe, and not
	// deleted, is not leaving for ever.
	departureLife = 30 * time.Second
)

// departure is the kubelet's word that my Redis is about to end. The word is reason enough: evictions and node shutdowns
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

// within tells how long the pod has to end, once the API can say.
func (d *departure) within(grace func() time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.grace = grace
}

// asked reports whether the hook was called of late.
func (d *departure) asked() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.since.IsZero() && time.Since(d.since) < departureLife
}

// ask starts the departure and waits until there is nothing more to give away, or the budget of the hook is spent.
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

// succeeded ends the wait of the hook: the last turn found nothing to hand over.
func (d *departure) done() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over != nil {
		close(d.over)
		d.over = nil
	}
}
