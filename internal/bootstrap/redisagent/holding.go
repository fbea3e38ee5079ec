// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"slices"
	"sync"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
)

// holding measures for how long writes are held back for a failover of the Sentinels: from the first pause until clients may go on: by a
// command, elsewhere, or because its time is over. A turn pauses, and elections do between turns.
type holding struct {
	mu sync.Mutex
	// since is when writes began to be held back, zero while they are not, and until when that ends by itself.
	since, until time.Time
}

// hold takes in that writes are held back from now on, for at most some time.
func (h *holding) hold(now time.Time, most time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.since.IsZero() {
		h.since = now
	}
	h.until = now.Add(most)
}

// turn takes in what a turn decided, and whether it was carried out. It returns for how long writes were held back, once they go on.
func (h *holding) turn(d decide.Decision, done bool, now time.Time) (long time.Duration, over bool) {
	resumed := false
	for _, c := range d.Commands {
		switch {
		case done && c.Do == decide.PauseWrites:
			h.hold(now, c.For)
		case done && (c.Do == decide.ResumeWrites || c.Do == decide.DisconnectClients):
			resumed = true
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.since.IsZero() || !resumed && now.Before(h.until) {
		return 0, false
	}
	ended := slices.MinFunc([]time.Time{now, h.until}, time.Time.Compare)
	long = ended.Sub(h.since)
	h.since, h.until = time.Time{}, time.Time{}
	return long, true
}
