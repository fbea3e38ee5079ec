// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// How a replica comes to what its master has: links, syncs, the stream, and who is counted on.

const (
	// connectEvery is how often a replica without a link tries its master.
	connectEvery = time.Second
	// replTimeout is how long a link that has gone silent counts as up.
	replTimeout = 60 * time.Second
)

// dropReplicas ends the links to a server that died or changed its role.
func (w *World) dropReplicas(s *server) {
	for _, r := range w.servers {
		if r.link == s && w.reach(r.host, s.host) {
			r.link, r.dial = nil, r.dial+1
		}
	}
	w.countGood(s)
}

// feeds reports whether a server answers a replica that asks for its data.
func (w *World) feeds(m *server) bool {
	return m.up(w.now) && (m.role == model.Master || m.link != nil)
}

// connect begins to sync with the server that listens at the address that is followed.
func (w *World) connect(s *server) {
	m := w.listeners[s.following]
	if s.following == model.FenceAddress || m == nil || m == s || !w.reach(s.host, m.host) || !w.feeds(m) {
		return
	}
	anew := s.replID != m.replID && s.replID != m.replID2
	if anew && w.misconf(s) || w.misconf(m) || w.refuses(newcomer(), s.host, m) { // a sync is written down first, and it begins with a PING
		return
	}
	if (s.pod == nil) != (m.pod == nil) { // neither knows the other's replication user
		return
	}
	s.dial++
	dial, run := s.dial, m.run
	took := w.between(5*time.Millisecond, 40*time.Millisecond)
	if anew {
		took = w.between(40*time.Millisecond, 1200*time.Millisecond)
	}
	w.on(s.host, took, func() {
		if s.alive && s.dial == dial && s.link == nil && m.run == run && w.reach(s.host, m.host) && w.feeds(m) {
			w.synced(s, m)
		}
	})
}

// synced replaces what s held by what m holds now.
func (w *World) synced(s, m *server) {
	if m.role == model.Master && !m.hadReplica { // the first replica ever gives the master new ids
		m.hadReplica, m.replID, m.replID2 = true, w.freshID(), noID
	}
	w.checkReplaced(s, m)
	w.noteUnjoined(s)
	s.data, s.replID, s.replID2, s.offset = m.data, m.replID, m.replID2, m.offset
	s.link, s.heard, s.ackedAt, s.hadReplica = m, w.now, w.now, true
	s.stalled, s.stall = 0, 0
	w.countGood(m)
	if w.Persistence == Everysec { // what was synced is a new file
		w.keep(s)
	}
	w.save(s)
	w.wakePod(s.pod)
}

// stream carries the newest write to each replica, in order, as long as its link is the same one.
func (w *World) stream(s *server) {
	for _, r := range w.servers {
		if r.alive && r.link == s {
			w.deliver(r, s, r.dial, s.data, s.offset, s.replID, r.slow+w.between(time.Millisecond, 6*time.Millisecond))
		}
	}
}

func (w *World) deliver(r, from *server, dial int, data *version, offset int64, id string, after time.Duration) {
	w.on(r.host, after, func() {
		switch {
		case !r.alive || r.dial != dial || r.link != from || r.replID != id || offset <= r.offset:
		case w.now < r.stalled:
			w.deliver(r, from, dial, data, offset, id, r.stalled-w.now)
		case !w.reach(r.host, from.host):
			w.stallLink(r)
			w.deliver(r, from, dial, data, offset, id, r.stall)
		case w.now < r.hung || w.now < r.busy: // what was sent arrives, also from one that hangs since
			w.deliver(r, from, dial, data, offset, id, 200*time.Millisecond)
		case w.cannotTake(r):
		default:
			r.data, r.offset, r.heard = data, offset, w.now
			w.save(r)
			w.stream(r)
		}
	})
}

// stallLink is what TCP does with what does not arrive: it is sent again after twice as long each time, and so it does not arrive when the
// network is whole again, but as late again.
func (w *World) stallLink(r *server) {
	r.stall = min(max(2*r.stall, 200*time.Millisecond), 2*time.Minute)
	r.stalled = w.now + r.stall
}

// online counts the replicas that a master streams to. A connection that has gone silent counts until it times out.
func (w *World) online(m *server) int {
	n := 0
	for _, r := range w.servers {
		if r.alive && r.link == m && (w.reach(r.host, m.host) || w.now-r.heard < replTimeout) {
			n++
		}
	}
	return n
}

// heardOf counts those that it heard a moment ago.
func (w *World) heardOf(m *server) int {
	n := 0
	for _, r := range w.servers {
		if r.alive && r.link == m && w.now-r.ackedAt <= model.HeardWithin {
			n++
		}
	}
	return n
}

// countGood counts the replicas that a master heard of in the last min-replicas-max-lag seconds. It does so once a second, and when
// one comes or goes.
func (w *World) countGood(m *server) {
	if m == nil {
		return
	}
	m.good = 0
	for _, r := range w.servers {
		if r.link == m && w.now-r.ackedAt <= maxLag(m) {
			m.good++
		}
	}
	m.backed = m.backed || m.good > 1
}

// maxLag is min-replicas-max-lag; Redis has ten seconds where nobody set it.
func maxLag(m *server) time.Duration {
	if m.tuning.MaxLag == 0 {
		return 10 * time.Second
	}
	return time.Duration(m.tuning.MaxLag) * time.Second
}

// idle is for how many whole seconds nothing has come over a replica's link.
func (w *World) idle(s *server) time.Duration {
	if s.link == nil {
		return 0
	}
	return (w.now - s.heard).Truncate(time.Second)
}

// linkDown is for how long the link of a replica has been down; one that never was up since its process began has no such time.
func (w *World) linkDown(s *server) time.Duration {
	if s.link != nil || s.heard == never {
		return 0
	}
	return w.now - s.heard
}
