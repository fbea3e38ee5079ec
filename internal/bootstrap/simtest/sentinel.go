// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"slices"
	"time"

	decidesentinel "github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/sentinel"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// The periods of Sentinel 7.0.
const (
	tickEvery     = 100 * time.Millisecond
	pingEvery     = time.Second
	infoEvery     = 10 * time.Second
	askEvery      = time.Second
	helloEvery    = 2 * time.Second
	electionMost  = 10 * time.Second
	tiltAfter     = 2 * time.Second
	tiltFor       = 30 * time.Second
	goodInfo      = 5 * time.Second
	convertAfter  = 4 * helloEvery
	maximumDesync = time.Second
)

// phase is how far a failover has come that a Sentinel leads.
type phase int

const (
	noFailover phase = iota
	electing
	selecting
	promoting
	reconfiguring
)

// instance is a Redis as one Sentinel sees it.
type instance struct {
	address     model.Address
	pinged      time.Duration
	pong        time.Duration
	infoAskedAt time.Duration
	infoAt      time.Duration
	role        model.Role
	roleAt      time.Duration
	follows     model.Address
	// followsAt is when it was first seen to follow that.
	followsAt time.Duration
	linkUp    bool
	// linkDown is for how long its link was down by then.
	linkDown time.Duration
	priority int
	offset   int64
	run      string
	sent     bool
}

// sentinel is one Sentinel process with what it knows of the one group, and the agent beside it.
type sentinel struct {
	ordinal int
	host    *host
	watch   watch

	alive    bool
	life     int
	monitors bool
	want     model.Watching

	master      instance
	replicas    []instance
	configEpoch uint64
	current     uint64
	votedIn     uint64
	votedFor    *sentinel

	downSince  time.Duration
	odown      bool
	askedPeers time.Duration
	phase      phase
	epoch      uint64
	started    time.Duration
	since      time.Duration
	promoted   model.Address
	// facing is the master that lives, and whose agent can hear it, as it is elected.
	facing  *server
	helloAt time.Duration
	ticked  time.Duration
	tilt    time.Duration

	// disturbed is until when a fault kept it from knowing better.
	disturbed time.Duration

	// The agent.
	agent      bool
	generation int
	memory     decidesentinel.Memory
	agreed     uint64 // the epoch that everybody was asked at last
	busy       bool
	planned    int
}

func newInstance(a model.Address, now time.Duration) instance {
	return instance{address: a, pinged: never, pong: now, infoAskedAt: never, infoAt: never, role: model.RoleUnknown, roleAt: now}
}

// bootSentinel starts a process; one without a file begins with nothing.
func (w *World) bootSentinel(s *sentinel, blank bool) {
	s.life++
	if s.monitors && s.phase == reconfiguring && !blank { // its file names the promoted one already
		w.switchTo(s, s.promoted)
	}
	s.alive, s.phase, s.odown, s.downSince, s.tilt, s.ticked = true, noFailover, false, never, never, w.now
	s.helloAt, s.askedPeers, s.started = never, never, never
	if blank {
		s.monitors, s.configEpoch, s.current, s.votedIn = false, 0, 0, 0
	}
	for i := range s.replicas {
		s.replicas[i] = newInstance(s.replicas[i].address, w.now)
	}
	s.master = newInstance(s.master.address, w.now)
	life := s.life
	w.on(s.host, w.between(0, tickEvery), func() { w.tick(s, life) })
}

// monitor is REMOVE and MONITOR: everything that was known is forgotten.
func (w *World) monitor(s *sentinel, master model.Address, epoch uint64) {
	s.monitors, s.configEpoch, s.replicas = true, epoch, nil
	s.master = newInstance(master, w.now)
	s.phase, s.odown, s.downSince, s.started = noFailover, false, never, never
}

// address is the reply of GET-MASTER-ADDR-BY-NAME.
func (s *sentinel) address() model.Address {
	if s.phase == reconfiguring {
		return s.promoted
	}
	return s.master.address
}

func (w *World) askSentinel(from *host, s *sentinel) model.Sentinel {
	a := model.Sentinel{Name: sentinelID(s.ordinal)}
	if !s.alive || from != s.host && !w.reach(from, s.host) {
		return a
	}
	a.Answered, a.Monitors = true, s.monitors
	if s.monitors {
		a.Address, a.ConfigEpoch = s.address(), s.configEpoch
		if w.Deciders.TrustMasterReply {
			a.Address = s.master.address
		}
		a.MasterDown, a.FailoverInProgress = s.downSince != never, s.phase != noFailover
		a.Replicas, a.HeardAgo = len(s.replicas), w.now-s.master.pong
		a.Elected = s.phase == selecting || s.phase == promoting || s.phase == reconfiguring
		a.Promoted = s.phase == reconfiguring
	}
	return a
}

// tick is sentinelTimer.
func (w *World) tick(s *sentinel, life int) {
	if !s.alive || s.life != life {
		return
	}
	if gap := w.now - s.ticked; gap > tiltAfter || gap < 0 {
		s.tilt = w.now
	}
	s.ticked = w.now
	if s.monitors {
		w.talk(s)
		if s.tilt == never || w.now-s.tilt > tiltFor {
			s.tilt = never
			w.judge(s)
		}
	}
	w.on(s.host, w.between(tickEvery/2, tickEvery), func() { w.tick(s, life) })
}

// talk asks every instance that is due, and says hello.
func (w *World) talk(s *sentinel) {
	w.ask(s, &s.master, true)
	for i := range s.replicas {
		w.ask(s, &s.replicas[i], false)
	}
	if w.now-s.helloAt >= helloEvery {
		s.helloAt = w.now
		w.sayHello(s)
	}
}

// ask sends PING and INFO, each at its own time: INFO of a replica often, and at once, where that is urgent.
func (w *World) ask(s *sentinel, in *instance, master bool) {
	every := infoEvery
	if !master && (s.odown || s.phase != noFailover || !in.linkUp) {
		every = pingEvery
	}
	ping, info := w.now-in.pinged >= pingEvery, w.now-in.infoAskedAt >= every
	if !ping && !info {
		return
	}
	r := w.asks(s.caller(), s.host, w.listeners[in.address])
	if ping {
		in.pinged = w.now
		if r.Answer != model.Silent && !r.PersistenceError { // PING is refused then, and INFO is not
			in.pong = w.now
		}
	}
	if info && r.Answer == model.Up {
		in.infoAskedAt = w.now
		w.hear(s, in, r, master)
	}
}

// hear takes INFO in.
func (w *World) hear(s *sentinel, in *instance, r model.Redis, master bool) {
	in.infoAt = w.now
	if r.Role != in.role {
		in.role, in.roleAt = r.Role, w.now
	}
	if r.Following != in.follows {
		in.followsAt = w.now
	}
	if r.Role == model.Replica {
		in.linkDown = w.linkDown(w.listeners[in.address])
	}
	in.follows, in.linkUp, in.priority, in.offset, in.run = r.Following, r.LinkUp, r.Priority, r.Offset, r.RunID
	if master && r.Role == model.Master {
		w.discover(s)
	}
	if !master {
		w.reactTo(s, in)
	}
}

// discover adds the replicas that the master lists.
func (w *World) discover(s *sentinel) {
	m := w.listeners[s.master.address]
	for _, r := range w.servers {
		if m == nil || !r.alive || r.link != m || slices.ContainsFunc(s.replicas, func(i instance) bool { return i.address == r.address }) {
			continue
		}
		s.replicas = append(s.replicas, newInstance(r.address, w.now))
	}
}

// reactTo is what Sentinel does when it learns a replica's role.
func (w *World) reactTo(s *sentinel, in *instance) {
	sane := s.master.role == model.Master && s.downSince == never && w.now-s.master.infoAt < 2*infoEvery
	switch {
	case s.phase == promoting && in.address == s.promoted && in.role == model.Master:
		s.configEpoch, s.phase, s.since = s.epoch, reconfiguring, w.now
		w.checkEpoch(s.epoch, s.promoted)
		w.helloSoon(s)
	case s.phase != noFailover || s.tilt != never || !sane:
	case in.role == model.Master && w.now-in.roleAt > convertAfter:
		w.slaveOf(s, in.address, s.master.address)
	case in.role == model.Replica && in.follows != s.master.address && w.now-in.followsAt > s.want.FailoverTimeout:
		w.slaveOf(s, in.address, s.master.address)
	}
}

func (w *World) helloSoon(s *sentinel) { s.helloAt = w.now - helloEvery + 200*time.Millisecond }

// slaveOf is the transaction that a Sentinel sends.
func (w *World) slaveOf(s *sentinel, to, master model.Address) {
	target := w.listeners[to]
	if target == nil || !w.reach(s.host, target.host) || !target.alive || w.refuses(s.caller(), s.host, target) {
		return
	}
	w.on(s.host, w.between(0, 3*time.Millisecond), func() {
		if !target.alive || !w.reach(s.host, target.host) {
			return
		}
		w.checkOrdered(s, target, master)
		if master == (model.Address{}) {
			w.checkKept(s, target)
			w.promote(target, false)
		} else {
			w.point(target, master, false)
		}
		w.wakePod(target.pod)
	})
}

// sayHello publishes through each Redis that it reaches; every Sentinel that listens there hears it.
func (w *World) sayHello(s *sentinel) {
	var ways []*server
	for _, in := range append([]instance{s.master}, s.replicas...) {
		if r := w.listeners[in.address]; r != nil && r.up(w.now) && w.reach(s.host, r.host) && !w.refuses(s.caller(), s.host, r) {
			ways = append(ways, r)
			r.hello = max(r.hello, s.current)
		}
	}
	address, epoch, current := s.address(), s.configEpoch, s.current
	for _, t := range w.sentinels {
		if t == s || !t.alive || !t.monitors || !slices.ContainsFunc(ways, func(r *server) bool {
			return w.reach(r.host, t.host) && t.knows(r.address) && !w.refuses(t.caller(), t.host, r)
		}) {
			continue
		}
		w.on(t.host, w.between(time.Millisecond, 8*time.Millisecond), func() {
			if t.alive && t.monitors {
				w.hearHello(t, address, epoch, current)
			}
		})
	}
}

func (s *sentinel) knows(a model.Address) bool {
	return s.master.address == a || slices.ContainsFunc(s.replicas, func(i instance) bool { return i.address == a })
}

// hearHello takes over what another Sentinel announces: the greater config-epoch wins.
func (w *World) hearHello(s *sentinel, master model.Address, epoch, current uint64) {
	s.current = max(s.current, current)
	if epoch <= s.configEpoch {
		return
	}
	s.configEpoch = epoch
	if master != s.master.address { // in a failover that is still the old one's, which goes on where it is named again
		w.switchTo(s, master)
	}
	w.wakeSentinel(s)
}

// switchTo makes another server the master; the old one stays known as a replica.
func (w *World) switchTo(s *sentinel, master model.Address) {
	known := []model.Address{s.master.address}
	for _, in := range s.replicas {
		known = append(known, in.address)
	}
	s.replicas = nil
	for _, a := range known {
		if a != master && !slices.ContainsFunc(s.replicas, func(i instance) bool { return i.address == a }) {
			s.replicas = append(s.replicas, newInstance(a, w.now))
		}
	}
	s.master = newInstance(master, w.now)
	s.phase, s.odown, s.downSince, s.started = noFailover, false, never, never
}
