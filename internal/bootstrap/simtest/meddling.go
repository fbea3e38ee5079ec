// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"time"
)

// What people do to a group, rightly or not.

func (w *World) scale(_ int, long time.Duration) {
	if w.Nodes < 2 {
		return
	}
	w.change(func(s *state) { s.replicas = w.Nodes - 1 })
	w.remove(w.podOf(w.Nodes - 1))
	w.in(long, func() { w.change(func(s *state) { s.replicas = w.Nodes }) })
}

func (w *World) flushAll() {
	if p := w.leader(); p != nil && w.accepts(p.server) {
		w.write(p.server, 0)
	}
}

func (w *World) demoteByHand(who int) {
	w.meddled, w.overruled = true, true
	p, q := w.podOf(who), w.podOf((who+1)%w.Nodes)
	if p != nil && q != nil && p != q && p.server.up(w.now) {
		w.point(p.server, q.server.address, false)
	}
}

func (w *World) promoteByHand(who int) {
	w.meddled, w.overruled = true, true
	if p := w.podOf(who); p != nil && p.server.up(w.now) {
		w.promote(p.server, false)
	}
}

// oneEpoch makes a Sentinel name a replica at the very epoch of the record, as after an election that met a claim.
func (w *World) oneEpoch(who int) {
	w.meddled, w.overruled = true, true
	s, p := w.sentinelOf(who), w.podOf((w.leader().ordinal+1)%w.Nodes)
	if s.alive && s.monitors && p != nil && p != w.leader() {
		s.configEpoch = w.api().record.Epoch
		w.switchTo(s, p.server.address)
	}
}

// spoof publishes a hello that names an address which no pod has.
func (w *World) spoof(who int, _ time.Duration) {
	w.meddled, w.overruled = true, true
	s := w.sentinelOf(who)
	if s.alive && s.monitors {
		w.hearHello(s, w.newAddress(), s.configEpoch+1, s.current+1)
	}
}
