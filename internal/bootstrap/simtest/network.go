// SPDX-License-Identifier: Apache-2.0

package simtest

import "time"

// host is a machine's share of a pod: what is on it can be frozen, cut off and have a wrong clock together.
type host struct {
	id     int
	zone   int
	noAPI  bool
	frozen bool
	gone   bool
	skew   time.Duration
	// thawed is when it went on after it was frozen.
	thawed time.Duration
	// deferred is what would have happened while it was frozen.
	deferred []func()
}

// pair is a way between two hosts.
type pair [2]int

// reach reports whether an answer can come back from b to a now.
func (w *World) reach(a, b *host) bool {
	return !a.frozen && !b.frozen && !a.gone && !b.gone && a.zone == b.zone && !w.blocked[pair{a.id, b.id}] && !w.blocked[pair{b.id, a.id}]
}

// reachAPI reports whether a host gets an answer from the API server.
func (w *World) reachAPI(h *host) bool {
	return !w.apiDown && !h.noAPI && !h.frozen && !h.gone && h.zone == 0
}

// on runs a piece of a host's life, or keeps it until the host thaws.
func (w *World) on(h *host, after time.Duration, do func()) {
	w.in(after, func() {
		switch {
		case h.gone:
		case h.frozen:
			h.deferred = append(h.deferred, do)
		default:
			do()
		}
	})
}

func (w *World) freeze(h *host) { h.frozen = true }

func (w *World) thaw(h *host) {
	if !h.frozen {
		return
	}
	h.frozen, h.thawed = false, w.now
	for _, do := range h.deferred {
		w.on(h, 0, do)
	}
	h.deferred = nil
}

func (w *World) newHost() *host {
	w.hosts++
	return &host{id: w.hosts}
}
