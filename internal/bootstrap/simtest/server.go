// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"fmt"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// server is one place where a Redis runs: it outlives the processes in it, and its disk outlives it.
type server struct {
	host    *host
	address model.Address
	pod     *pod // nil for a foreign server
	disk    *disk

	alive     bool
	loading   time.Duration
	run       string
	role      model.Role
	following model.Address
	// byAgent reports whether the agent, not a Sentinel or a person, pointed it last.
	byAgent bool

	link  *server
	heard time.Duration
	// stalled is until when nothing comes over the link, and stall how long the last wait of its sender's kernel was.
	stalled, stall time.Duration
	// dial numbers the attempts and links: those with an older number are void.
	dial int

	replID, replID2 string
	offset          int64
	data            *version
	hadReplica      bool
	tuning          model.Tuning
	hello           uint64
	// paused is until when writes are held back, and held whose are.
	paused time.Duration
	held   []*client
	// reign is when it became master last, and firstAck when it then acknowledged its first write.
	reign    time.Duration
	firstAck time.Duration
	lastAck  time.Duration
	// lastAcked is the last write that it acknowledged.
	lastAcked *version
	// slow is how much later than others it gets what its master writes.
	slow time.Duration
	// busy is until when a script keeps the process, which refuses everything meanwhile.
	busy time.Duration
	// hung is until when the process does nothing, and inbox what it was told meanwhile.
	hung  time.Duration
	inbox []func()
	// ackedAt is when the master that it follows last heard from it, and good how many replicas a master counts: it looks
	// once a second.
	ackedAt time.Duration
	good    int
	// insteadOf is the living master in whose place a Sentinel promoted it, and by is the Sentinel.
	insteadOf *server
	by        *sentinel
	// backed reports whether it has had two replicas since it became master.
	backed bool
	// full is the process that lets nobody in any more, and diskFull until when there is no room to write anything down.
	full     *full
	diskFull time.Duration
}

// disk is what is left when a process dies.
type disk struct {
	// unjoined reports whether it took the group's data before the record knew its claim, because its agent could not reach the
	// API.
	unjoined bool
	claim    string
	kept     *version
	replID   string
	offset   int64
}

func (s *server) up(now time.Duration) bool {
	return s.alive && now >= s.loading && now >= s.hung && now >= s.busy
}

// boot starts a process from the generated file: a fenced replica, with what its disk has.
func (w *World) boot(s *server) {
	w.runs++
	d := s.disk
	s.alive, s.run, s.loading = true, fmt.Sprintf("run-%d", w.runs), w.now
	s.role, s.following, s.byAgent, s.link, s.dial = model.Replica, model.FenceAddress, false, nil, s.dial+1
	s.data, s.offset, s.replID, s.replID2, s.hadReplica = nil, 0, w.freshID(), noID, false
	s.tuning, s.hello, s.paused, s.hung, s.busy, s.inbox, s.good = model.Tuning{}, 0, 0, 0, 0, nil, 0
	s.heard = never
	s.dropClients()
	if w.keeps() && d.kept != nil {
		s.data = d.kept
		s.loading = w.now + w.between(0, w.slowLoad)
		if w.Persistence == RDB { // only a snapshot keeps the ids
			s.replID, s.offset = d.replID, d.offset
		}
	}
	w.listeners[s.address] = s
	run := s.run
	w.on(s.host, w.between(0, connectEvery), func() { w.cron(s, run) })
}

const noID = "0000000000000000000000000000000000000000"

func (w *World) freshID() string {
	w.ids++
	return fmt.Sprintf("%040d", w.ids)
}

// die ends the process. Its peers notice at once if the machine stays up.
func (w *World) die(s *server, silently bool) {
	if !s.alive {
		return
	}
	if w.Persistence == Everysec && s.pod != nil && s.data != s.disk.kept {
		w.bites["unwritten"]++
	}
	master := s.link
	s.alive, s.link, s.dial = false, nil, s.dial+1
	s.dropClients()
	if w.listeners[s.address] == s {
		delete(w.listeners, s.address)
	}
	if !silently {
		w.dropReplicas(s)
		w.countGood(master)
		w.wakePod(s.pod) // its agent's connection breaks
	}
}

// cron is the server's own timer, once a second.
func (w *World) cron(s *server, run string) {
	if !s.alive || s.run != run {
		return
	}
	if s.role == model.Replica && s.up(w.now) {
		switch {
		case s.link == nil:
			w.connect(s)
		case w.now-s.heard > replTimeout:
			s.link, s.dial = nil, s.dial+1
		case w.reach(s.host, s.link.host) && s.link.up(w.now):
			s.ackedAt = w.now
			if w.now >= s.stalled {
				s.heard, s.stall = w.now, 0
			}
		case !w.reach(s.host, s.link.host) && w.now >= s.stalled: // the master says something every second
			w.stallLink(s)
		}
	}
	if s.up(w.now) {
		w.countGood(s)
		if w.Persistence == Everysec {
			w.keep(s)
		}
	}
	w.on(s.host, connectEvery, func() { w.cron(s, run) })
}

// point is REPLICAOF host port.
func (w *World) point(s *server, to model.Address, byAgent bool) {
	if w.whenItGoesOn(s, func() { w.point(s, to, byAgent) }) {
		return
	}
	s.byAgent = byAgent
	if s.role == model.Replica && s.following == to {
		return
	}
	before := s.link
	s.role, s.following, s.link, s.dial = model.Replica, to, nil, s.dial+1
	w.dropReplicas(s)
	w.countGood(before)
	w.on(s.host, w.between(time.Millisecond, 20*time.Millisecond), func() {
		if s.alive && s.following == to && s.link == nil && s.role == model.Replica {
			w.connect(s)
		}
	})
}

// promote is REPLICAOF NO ONE.
func (w *World) promote(s *server, byAgent bool) {
	if w.whenItGoesOn(s, func() { w.promote(s, byAgent) }) {
		return
	}
	s.byAgent = byAgent
	if s.role == model.Master {
		return
	}
	if s.data == nil && byAgent { // a history begins
		w.writes++
		s.data = &version{root: fmt.Sprintf("history-%d", w.writes), write: w.writes}
	}
	s.replID2, s.replID = s.replID, w.freshID()
	before := s.link
	s.reign, s.firstAck = w.now, never
	s.role, s.following, s.link, s.dial, s.hadReplica = model.Master, model.Address{}, nil, s.dial+1, true
	w.dropReplicas(s)
	w.countGood(before)
}

// accepts reports whether a server takes a write now.
func (w *World) accepts(s *server) bool {
	return s.up(w.now) && s.role == model.Master && w.now >= s.paused && s.good >= s.tuning.MinReplicas && !w.misconf(s)
}

// write changes the data and sends the change to the replicas.
func (w *World) write(s *server, keys int64) *version {
	w.writes++
	root := fmt.Sprintf("history-%d", w.writes)
	if s.data != nil {
		root = s.data.root
	}
	s.data = &version{parent: s.data, root: root, keys: keys, write: w.writes}
	s.offset += 10
	w.save(s)
	w.stream(s)
	return s.data
}

// info is what INFO answers to a host that asks.
func (w *World) info(from *host, s *server) model.Redis {
	if s == nil || !s.alive || w.now < s.hung || w.now < s.busy || from != s.host && !w.reach(from, s.host) || s.host.frozen {
		return model.Redis{}
	}
	r := model.Redis{
		Answer: model.Up, Role: s.role, Following: s.following, LinkUp: s.link != nil, RunID: s.run, ReplID: s.replID, ReplID2: s.replID2,
		LinkIdle: w.idle(s), Offset: s.offset, Keys: keysOf(s.data), Priority: s.tuning.Priority, AppendOnly: w.appends(),
		PersistenceError: w.misconf(s),
	}
	if w.now < s.loading {
		r = model.Redis{Answer: model.Loading, RunID: s.run, Role: s.role, Following: s.following}
	}
	if s.role == model.Master {
		r.Following, r.OnlineReplicas, r.HeardReplicas = model.Address{}, w.online(s), w.heardOf(s)
	}
	return r
}
