// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// client writes again and again, one write after the other, and remembers what was acknowledged to it.
type client struct {
	host *host
	// stays is the pod on whose machine it is, and whose server it never leaves; nil asks a Sentinel before each write.
	stays *pod
	acked []int
	// last is the server that it wrote to last, over a connection that it keeps.
	last *server
	// waits is the server that holds its write back; its answer comes when that server goes on.
	waits *server
}

// addClient adds a client on the machine of a pod, which is cut off together with it.
func (w *World) addClient(beside *pod) *client {
	c := &client{host: beside.host, stays: beside}
	w.clients = append(w.clients, c)
	w.on(c.host, 0, func() { w.clientTurn(c) })
	return c
}

// clientTurn begins a write. Usually the client asks a Sentinel where to.
func (w *World) clientTurn(c *client) {
	w.on(c.host, w.between(60*time.Millisecond, 160*time.Millisecond), func() { w.clientTurn(c) })
	if c.waits != nil {
		return
	}
	if s := w.chosenBy(c); s != nil && s.alive && (c.host == s.host || w.reach(c.host, s.host)) {
		w.writeTo(c, s)
	}
}

// writeTo is tryWrite over the connection that a client has, or gets.
func (w *World) writeTo(c *client, s *server) {
	if w.refuses(c.caller(), c.host, s) {
		return
	}
	c.last = s
	w.tryWrite(c, s)
}

// chosenBy is the server that a client writes to now.
func (w *World) chosenBy(c *client) *server {
	if c.stays != nil {
		return c.stays.server
	}
	a := w.askSentinel(c.host, w.sentinels[w.rng.IntN(len(w.sentinels))])
	if r := w.listeners[a.Address]; a.Monitors && r != nil && r.pod != nil {
		return r
	}
	return nil
}

// tryWrite is one write: it is held back while the server hangs, or pauses writes, and refused or acknowledged otherwise. For want of
// replicas it is refused also in a pause.
func (w *World) tryWrite(c *client, s *server) {
	switch {
	case w.now < s.hung || s.role == model.Master && w.now < s.paused && s.good >= s.tuning.MinReplicas:
		c.waits = s
		s.held = append(s.held, c)
	case w.accepts(s):
		w.acknowledge(c, s)
	}
}

func (w *World) acknowledge(c *client, s *server) {
	v := w.write(s, keysOf(s.data)+1)
	c.acked = append(c.acked, v.write)
	s.lastAcked = v
	w.noteAcknowledged(s)
	w.checkLetGo(s)
	if c.stays != nil {
		return
	}
	w.acked = append(w.acked, v.write)
	if w.ackedAt > 0 {
		w.gap = max(w.gap, w.now-w.ackedAt)
	}
	w.ackedAt = w.now
}

// letGo lets the writes go on that a server has held back, in the order in which they came.
func (w *World) letGo(s *server) {
	held := s.held
	s.held = nil
	for _, c := range held {
		if c.waits == s {
			c.waits = nil
			w.tryWrite(c, s)
		}
	}
}

// dropClients closes the connections of clients: their writes are not answered.
func (s *server) dropClients() {
	for _, c := range s.held {
		if c.waits == s {
			c.waits = nil
		}
	}
	s.held = nil
}

// pause holds writes back for a time; a later, longer pause extends it.
func (w *World) pause(s *server, most time.Duration) {
	s.paused = max(s.paused, w.now+most)
	run := s.run
	w.on(s.host, most, func() { w.pauseOver(s, run) })
}

// pauseOver lets writes go on when the pause is over, which a server that hangs notices when it goes on.
func (w *World) pauseOver(s *server, run string) {
	switch {
	case !s.alive || s.run != run || w.now < s.paused:
	case w.now < s.hung:
		w.on(s.host, s.hung-w.now, func() { w.pauseOver(s, run) })
	default:
		w.letGo(s)
	}
}
