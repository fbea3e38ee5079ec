// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"time"
)

// Who does not reach whom any more, for a time.

func (w *World) isolate(p *pod, long time.Duration) {
	w.zone(p.host, long)
	p.disturbed = w.now + long
}

// zone moves a host out of the network for some time.
func (w *World) zone(h *host, long time.Duration) {
	w.hosts++
	zone := w.hosts
	h.zone = zone
	w.in(long, func() {
		if h.zone == zone {
			h.zone = 0
		}
	})
}

func (w *World) block(a, b *host, long time.Duration) {
	w.blocked[pair{a.id, b.id}] = true
	w.in(long, func() { delete(w.blocked, pair{a.id, b.id}) })
}

// cutPair separates two pods, or a pod and a Sentinel.
func (w *World) cutPair(who int, long time.Duration) {
	p := w.podOf(who)
	if p == nil {
		return
	}
	p.disturbed = w.now + long
	if q := w.podOf((who + 1) % w.Nodes); q != nil && q != p && w.chance(60) {
		q.disturbed = w.now + long
		w.block(p.host, q.host, long)
		return
	}
	w.block(p.host, w.sentinelOf(w.rng.IntN(len(w.sentinels))).host, long)
}

// cutHalf cuts off a pod and a Sentinel together; they reach each other.
func (w *World) cutHalf(who int, long time.Duration) {
	p := w.podOf(who)
	if p == nil {
		return
	}
	w.isolate(p, long)
	s := w.sentinelOf(who)
	w.zone(s.host, long)
	s.disturbed = w.now + long
	s.host.zone = p.host.zone
	w.in(long, func() { s.host.zone = 0 })
}

func (w *World) cutAPI(p *pod, long time.Duration) {
	p.host.noAPI, p.disturbed = true, w.now+long
	w.in(long, func() { p.host.noAPI = false })
}

func (w *World) downAPI(_ int, long time.Duration) {
	w.apiDown = true
	for _, p := range w.pods {
		p.disturbed = w.now + long
	}
	w.in(long, func() { w.apiDown, w.apiBack = false, w.now })
}

func (w *World) slowWatch(p *pod, long time.Duration) {
	p.watch.lag, p.disturbed = long, w.now+2*long
	w.in(long, func() { p.watch.lag = 20 * time.Millisecond })
}

func (w *World) cutSentinel(who int, long time.Duration) {
	s := w.sentinelOf(who)
	s.disturbed = w.now + long
	w.zone(s.host, long)
}

// overlay cuts a pod off from all other pods and from clients elsewhere; it keeps the API. A client beside it goes on writing.
func (w *World) overlay(p *pod, long time.Duration) {
	p.disturbed = w.now + long
	for _, q := range w.pods {
		if q != p {
			w.block(p.host, q.host, long)
		}
	}
	for _, x := range w.sentinels {
		w.block(p.host, x.host, long)
	}
	w.block(p.host, w.client.host, long)
	w.addClient(p)
}
