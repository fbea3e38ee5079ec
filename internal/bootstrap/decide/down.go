// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// isDown reports whether a pod's kubelet says that its Redis does not run, and nothing listens there. Either alone may be wrong: a kubelet tells
// late that Redis runs again, or never where it is cut off, and a firewall refuses connections too.
func isDown(p *model.Pod) bool { return p.Down && p.Redis.Refused }

// Heard is when and how my Redis last heard the recorded master.
type Heard struct {
	// Epoch is that of the record.
	Epoch uint64
	At    time.Time
	// Down reports whether the kubelet said at that moment that it does not run: such a word is old, until the kubelet has said otherwise.
	Down bool
	// Alive is when most Sentinels last saw it alive, as they said then, and Ended whether something else than it has been at its address
	// since: Sentinels take a process that has come back as a replica for alive, for long.
	Alive time.Time
	Ended bool
}

// hear remembers when my Redis last heard the recorded master, and when Sentinels did.
func (s *situation) hear() {
	r, heard := &s.Self.Redis, &s.memory.Heard
	if s.leader.podUID == "" {
		return
	}
	if s.leaderPod != nil && r.Answer == model.Up && r.Role == model.Replica && r.Following == s.leader.address && s.hearsMaster(r) {
		if heard.Epoch != s.leader.epoch {
			*heard = Heard{Epoch: s.leader.epoch}
		}
		heard.At, heard.Down, heard.Ended = s.Now.Add(-r.LinkIdle), s.leaderPod.Down, false
	}
	if p := s.leaderPod; p != nil && !isMaster(p) && (p.Redis.Answer != model.Silent || isDown(p) || p.Redis.TurnsAway()) {
		heard.Ended = true
	}
	if heard.Epoch != s.leader.epoch || heard.Ended {
		return
	}
	if age, seen := s.aliveBySentinels(s.leader.address); seen {
		heard.Alive = later(heard.Alive, s.Now.Add(-age))
	}
}

// leftBehind reports whether the recorded master, whose data comes back with it, went on for longer than down-after after my Redis heard it last.
func (s *situation) leftBehind() bool {
	heard := s.memory.Heard
	return s.memory.Lead.Returns && s.leader.podUID != "" && heard.Epoch == s.leader.epoch && heard.Alive.Sub(heard.At) > s.Config.DownAfter
}

// leaderDown reports whether the Redis of the recorded pod has ended since my own heard it, and no Sentinel can have replaced it yet. Who has
// not heard it for long may lack what others have, and leaves it to Sentinels.
func (s *situation) leaderDown() bool {
	heard := s.memory.Heard
	return s.API && s.PodsListed && s.leader.podUID != "" && s.leaderPod != nil && isDown(s.leaderPod) &&
		heard.Epoch == s.leader.epoch && !heard.Down && s.Now.Sub(heard.At) < s.writesUnconfirmed()
}

// leftToReplicas reports whether nobody else is about to replace a recorded master that is down: its own agent may live, and has offered the
// mastership, or offers it to nobody because another member in sync may have more; its data comes back with it, and I lack some of that; or
// Sentinels are about to elect one of them.
func (s *situation) leftToReplicas() bool {
	missed := func(x model.Sentinel) bool { return x.Monitors && x.Address == s.leader.address && x.MasterDown }
	mayHaveMore := func(o int) bool { return o != s.leaderPod.Ordinal && s.Record.Members[o].InSync }
	return !s.offerOpen() && !s.lags(&s.Self.Redis) && !slices.ContainsFunc(s.Sentinels, missed) && !slices.ContainsFunc(s.unheard(), mayHaveMore)
}

// offerOpen reports whether the record has an offer that its target may accept at any time.
func (s *situation) offerOpen() bool {
	offer := s.Record.Offer
	if offer == nil || offer.Seal != "" {
		return false
	}
	for i := range s.size() {
		r := &s.pod(i).Redis
		if s.pod(i).UID == offer.PodUID && r.Answer == model.Up && r.RunID == offer.RunID && r.ReplID == offer.ReplID && r.Offset >= offer.Offset {
			return true
		}
	}
	return false
}
