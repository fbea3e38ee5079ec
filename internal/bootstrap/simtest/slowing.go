// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"time"
)

// What stands still or is slow, and clocks that are wrong.

func (w *World) freezePod(p *pod, long time.Duration) {
	w.freeze(p.host)
	p.disturbed = w.now + long
	w.in(long, func() { w.thaw(p.host) })
}

func (w *World) jumpClock(p *pod, long time.Duration) {
	if w.chance(50) {
		long = -long
	}
	p.host.skew += 20 * long
}

func (w *World) freezeSentinel(who int, long time.Duration) {
	s := w.sentinelOf(who)
	s.disturbed = w.now + long
	w.freeze(s.host)
	w.in(long, func() { w.thaw(s.host) })
}

// script keeps a pod's server with a script of a client beside it.
func (w *World) script(p *pod, long time.Duration) {
	if w.accepts(p.server) {
		w.runScript(&client{host: p.host, stays: p}, p.server, long)
	}
}

// slowDown delays what a replica gets from its master, for some time.
func (w *World) slowDown(p *pod, long time.Duration) {
	p.server.slow = long
	w.in(long, func() { p.server.slow = 0 })
}
