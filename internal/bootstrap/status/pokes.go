// SPDX-License-Identifier: Apache-2.0

package status

import (
	"sync"
	"time"
)

const (
	// pokeEvery is how often one source wakes the agent at once.
	pokeEvery = time.Second
	// mostPokers is how many sources may do so in that time. Agents notify each other once in a handover; everybody else may poke too.
	mostPokers = 8
)

// pokes folds wake-ups: each is a round of questions to every server of the group. The first of a source wakes at once, further ones
// together within a second. None is lost: after each there is a wake-up.
type pokes struct {
	wake func()

	mu      sync.Mutex
	woke    map[string]time.Time // by source
	pending bool
}

func newPokes(wake func()) *pokes { return &pokes{wake: wake, woke: map[string]time.Time{}} }

func (p *pokes) take(source string) {
	if p.fold(source, time.Now()) {
		return
	}
	p.wake()
}

// fold reports whether a poke is answered by a later wake-up, which it arranges.
func (p *pokes) fold(source string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s, at := range p.woke {
		if now.Sub(at) >= pokeEvery {
			delete(p.woke, s)
		}
	}
	if _, recently := p.woke[source]; !recently && len(p.woke) < mostPokers {
		p.woke[source] = now
		return false
	}
	if !p.pending {
		p.pending = true
		time.AfterFunc(pokeEvery, func() {
			p.mu.Lock()
			p.pending = false
			p.mu.Unlock()
			p.wake()
		})
	}
	return true
}
