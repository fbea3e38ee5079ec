// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"context"
	"sync"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
)

const (
	// hookBudget bounds the preStop hook: Redis gets its SIGTERM only after it, and the hook's time is taken from the grace
	// period.
	hookBudget = 10 * time.Second
	// departureLife is how long a call of the hook counts. A container that was restarted by its liveness probe, and not
	// deleted, does not stay in departure for ever.
	departureLife = 30 * time.Second
	// departuresApart is the least time between two departures of a pod that does not end. The hook's token stands in the pod's
	// specification: whoever can read that must not be able to move the mastership about for ever.
	departuresApart = 10 * time.Minute
	// unheardAfter is how long after the hook a server of a pod that ends may still answer. The kubelet's SIGTERM comes at once, and a
	// shell that does not pass it on keeps the pod for all of its grace period.
	unheardAfter = 3 * time.Second
	// deletionSeenWithin is how long a call that would be refused waits for the deletion that may be its reason.
	deletionSeenWithin = time.Second
)

// departure is the kubelet's notice that my Redis is about to end. The notice is reason enough: evictions and node shutdowns
// come without a deletion.
type departure struct {
	wake func()
	pod  leaver

	mu    sync.Mutex
	since time.Time
	over  chan struct{}
	// ended is when there was nothing left to give away.
	ended time.Time
	// process is the run id of my Redis, and left that of the one that departed last.
	process, left string
}

// leaver is what the API says of the end of my pod.
type leaver interface {
	// Grace is how long my pod has to end; zero while that is not known.
	Grace() time.Duration
	// Terminating reports whether it is being deleted.
	Terminating() bool
}

func newDeparture(wake func()) *departure { return &departure{wake: wake} }

// knows says what the API knows of my pod, once it has answered.
func (d *departure) knows(pod leaver) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pod = pod
}

// sees says which process my Redis is; empty while it does not answer.
func (d *departure) sees(runID string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if runID != "" {
		d.process = runID
	}
}

// asked reports whether the hook was called recently.
func (d *departure) asked() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts(time.Now())
}

func (d *departure) counts(now time.Time) bool {
	return !d.since.IsZero() && now.Sub(d.since) < departureLife
}

// ask starts the departure and waits until there is nothing left to give away, or the budget of the hook is spent. It returns false
// where it may not begin.
func (d *departure) ask(ctx context.Context) bool {
	over, budget := d.begin(time.Now())
	if over == nil { // the kubelet may know of a deletion before my watch does
		loop.Pause(ctx, deletionSeenWithin)
		if over, budget = d.begin(time.Now()); over == nil {
			return false
		}
	}
	d.wake()
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	select {
	case <-over:
	case <-ctx.Done():
	}
	return true
}

// begin returns what is closed when there is nothing left to give away, and how long that may take; nil where the departure may not
// begin. A call during one joins it, and does not make it longer.
func (d *departure) begin(now time.Time) (over <-chan struct{}, budget time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	budget = hookBudget
	ends := false
	if d.pod != nil {
		ends = d.pod.Terminating()
		if grace := d.pod.Grace(); grace > 0 {
			budget = min(budget, grace/3)
		}
	}
	switch {
	case d.counts(now):
	case ends, d.since.IsZero(), now.Sub(d.since) >= departuresApart, d.process != d.left: // the container did end last time
		d.since, d.left, d.ended = now, d.process, time.Time{}
	default:
		return nil, 0
	}
	if d.over == nil {
		d.over = make(chan struct{})
	}
	return d.over, budget
}

// done ends the wait of the hook: the last turn found nothing to hand over.
func (d *departure) done() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over != nil {
		close(d.over)
		d.over, d.ended = nil, time.Now()
	}
}

// unheard reports whether my pod ends and its hook is over, and for so long that a server which still answers never got its SIGTERM.
func (d *departure) unheard(now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pod != nil && d.pod.Terminating() && !d.ended.IsZero() && now.Sub(d.ended) > unheardAfter
}
