// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// caller is somebody who asks servers over connections that stay open, in one of his lives.
type caller struct {
	of   any
	life int
}

func (p *pod) caller() caller        { return caller{p, p.generation} }
func (s *sentinel) caller() caller   { return caller{s, s.life} }
func (s *sentinel) watcher() caller  { return caller{&s.watch, s.generation} }
func (c *client) caller() caller     { return caller{c, 0} }
func newcomer() caller               { return caller{} }
func (f *full) lasts(s *server) bool { return f != nil && f.run == s.run }

// full is a process that has as many connections as it may have. Those that are open go on; whoever comes is refused, in words.
type full struct {
	run  string
	open map[caller]bool
}

// fill lets nobody in any more who is not connected to a server now.
func (w *World) fill(s *server, long time.Duration) {
	f := &full{run: s.run, open: map[caller]bool{}}
	for _, p := range w.pods {
		f.open[p.caller()] = p.agent && w.near(p.host, s)
	}
	for _, x := range w.sentinels {
		f.open[x.caller()] = x.alive && x.monitors && x.knows(s.address) && w.near(x.host, s)
		f.open[x.watcher()] = x.agent && w.near(x.host, s)
	}
	for _, c := range w.clients {
		f.open[c.caller()] = c.last == s && w.near(c.host, s)
	}
	s.full = f
	w.in(long, func() {
		if s.full == f {
			s.full = nil
		}
	})
}

// near reports whether what a server sends comes to a host.
func (w *World) near(from *host, s *server) bool {
	return s.alive && w.now >= s.hung && (from == s.host || w.reach(from, s.host))
}

// refuses reports whether a server refuses somebody because it is full. A connection over which no answer came in time is given up.
func (w *World) refuses(c caller, from *host, s *server) bool {
	if s == nil || !s.full.lasts(s) {
		return false
	}
	if !w.near(from, s) {
		delete(s.full.open, c)
		return false
	}
	if s.turnsAway(c) {
		w.bites["full"]++
		return true
	}
	return false
}

// turnsAway reports whether a server that is full has no connection with somebody.
func (s *server) turnsAway(c caller) bool { return s.full.lasts(s) && !s.full.open[c] }

// asks is what somebody hears of a server.
func (w *World) asks(c caller, from *host, s *server) model.Redis {
	if w.refuses(c, from, s) {
		return model.Redis{Full: true}
	}
	return w.info(from, s)
}
