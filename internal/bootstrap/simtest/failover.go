// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"cmp"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// judge is what Sentinel decides by itself: which servers are down, and what a failover that it leads does next.
func (w *World) judge(s *sentinel) {
	w.judgeMaster(s)
	switch s.phase {
	case noFailover:
		if s.odown && w.now-s.started > 2*s.want.FailoverTimeout {
			w.startElection(s)
		}
	case electing:
		w.campaign(s)
	case selecting:
		if w.now-s.since >= tickEvery { // each of its steps takes a turn of its timer
			w.selectReplica(s)
		}
	case promoting:
		w.awaitPromotion(s)
	case reconfiguring:
		w.reconfigure(s)
	}
}

// judgeMaster finds the master subjectively down after down-after without an answer, and objectively down when a quorum agrees.
func (w *World) judgeMaster(s *sentinel) {
	m := &s.master
	silent := w.now-m.pong > s.want.DownAfter
	wrong := m.role == model.Replica && w.now-m.roleAt > s.want.DownAfter+2*infoEvery
	if !silent && !wrong {
		s.downSince, s.odown = never, false
		return
	}
	if s.downSince == never {
		s.downSince, s.askedPeers = w.now, never
	}
	if w.now-s.askedPeers < askEvery {
		return
	}
	s.askedPeers = w.now
	down := 1
	for _, t := range w.sentinels {
		if t != s && t.alive && w.reach(s.host, t.host) && t.monitors && t.tilt == never && t.downSince != never && t.master.address == m.address {
			down++
		}
	}
	s.odown = down >= s.want.Quorum
}

// startElection begins an election.
func (w *World) startElection(s *sentinel) {
	s.current++
	s.epoch, s.phase, s.since = s.current, electing, w.now
	s.started = w.now + w.between(0, maximumDesync)
	w.voteOf(s, s, s.epoch)
	w.campaign(s)
}

// voteOf is the answer to a request for a vote: one vote for each epoch.
func (w *World) voteOf(voter, candidate *sentinel, epoch uint64) bool {
	voter.current = max(voter.current, epoch)
	if epoch > voter.votedIn {
		voter.votedIn, voter.votedFor = epoch, candidate
		if voter != candidate { // a voter gives the candidate its time
			voter.started = w.now + w.between(0, maximumDesync)
		}
	}
	return voter.votedIn == epoch && voter.votedFor == candidate
}

func (w *World) campaign(s *sentinel) {
	votes := 0
	for _, t := range w.sentinels {
		if t == s || t.alive && t.monitors && t.master.address == s.master.address && w.reach(s.host, t.host) {
			if w.voteOf(t, s, s.epoch) {
				votes++
			}
		}
	}
	if votes > len(w.sentinels)/2 && votes >= s.want.Quorum {
		w.elect(s)
		return
	}
	if w.now-s.since > min(electionMost, s.want.FailoverTimeout) {
		s.phase = noFailover
	}
}

// elect makes a Sentinel the leader of its failover, which it announces to whoever listens: the agent of the master that it names.
func (w *World) elect(s *sentinel) {
	s.phase, s.since, s.facing = selecting, w.now, nil
	if m := w.listeners[s.master.address]; w.hears(m, s) {
		s.facing = m
	}
	for _, p := range w.pods {
		if !p.gone && p.agent && p.leads && w.reach(p.host, s.host) && !w.Deciders.Deaf {
			w.on(p.host, w.between(time.Millisecond, 4*time.Millisecond), func() {
				p.electedAt = w.now
				w.hearElection(p)
			})
		}
	}
}

// hearElection lets the master's agent hold writes back, which it tries until a script that keeps the server has ended.
func (w *World) hearElection(p *pod) {
	s := p.server
	switch {
	case !p.agent || !p.leads || !s.alive:
	case w.now < s.busy:
		w.on(p.host, time.Millisecond, func() { w.hearElection(p) })
	case w.now >= s.hung:
		w.pause(s, decide.YieldPause)
		p.yielded = true
		w.wakePod(p)
		w.holdOn(p, p.generation)
	}
}

// holdOn lets the agent hold writes back anew until a turn has taken that over.
func (w *World) holdOn(p *pod, generation int) {
	w.on(p.host, decide.YieldPause/3, func() {
		if p.generation != generation || !p.yielded || w.now-p.electedAt > decide.YieldMost {
			return
		}
		if s := p.server; s.alive && w.now >= s.hung {
			w.pause(s, decide.YieldPause)
		}
		w.holdOn(p, generation)
	})
}

// selectReplica picks, of those whose link was up not long before the master was missed, the one with the lowest priority, then the greatest
// offset, then the smallest run id.
func (w *World) selectReplica(s *sentinel) {
	longest := 10 * s.want.DownAfter
	if s.downSince != never {
		longest += w.now - s.downSince
	}
	var good []instance
	for _, in := range s.replicas {
		if in.linkDown <= longest && w.now-in.pong < goodInfo && in.infoAt != never && w.now-in.infoAt < goodInfo+time.Second && in.priority > 0 {
			good = append(good, in)
		}
	}
	if len(good) == 0 {
		s.phase = noFailover
		return
	}
	best := slices.MinFunc(good, func(a, b instance) int {
		return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(b.offset, a.offset), cmp.Compare(a.run, b.run))
	})
	s.phase, s.promoted, s.since = promoting, best.address, w.now
	w.slaveOf(s, best.address, model.Address{})
}

func (w *World) awaitPromotion(s *sentinel) {
	if w.now-s.since > s.want.FailoverTimeout {
		s.phase = noFailover
	}
}

// reconfigure points the others at the new master, and ends; never while the new one is down.
func (w *World) reconfigure(s *sentinel) {
	if i := slices.IndexFunc(s.replicas, func(in instance) bool { return in.address == s.promoted }); i >= 0 && w.now-s.replicas[i].pong > s.want.DownAfter {
		return
	}
	done := true
	for i := range s.replicas {
		in := &s.replicas[i]
		if in.address == s.promoted || w.now-in.pong > goodInfo {
			continue
		}
		if !in.sent {
			in.sent = true
			w.slaveOf(s, in.address, s.promoted)
		}
		done = done && in.follows == s.promoted && in.linkUp
	}
	if done || w.now-s.since > s.want.FailoverTimeout {
		w.switchTo(s, s.promoted)
		w.wakeSentinel(s)
	}
}

// forceFailover is SENTINEL FAILOVER by a person: no vote, the next epoch.
func (w *World) forceFailover(s *sentinel) {
	if s.alive && s.monitors && s.phase == noFailover {
		s.current++
		s.epoch = s.current
		s.votedIn, s.votedFor = s.epoch, s
		w.elect(s)
	}
}
