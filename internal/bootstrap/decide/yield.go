// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// A Sentinel that is elected says so, and promotes a replica about 0.1 s later. A master that lives lets go at once: it holds its
// writes back, its replicas get what they lack, and what is promoted has all that was acknowledged.

const (
	// YieldPause is how long writes are held back at once where an election is announced; the next turn makes more of it, or ends it.
	YieldPause = 1500 * time.Millisecond
	// YieldMost is how long a failover may keep writes back that leads to no master. A promotion is announced within a second.
	YieldMost = 3 * time.Second
)

// yields reports whether writes are to be held back for a failover, or are to go on after one that came to nothing.
func (s *situation) yields() bool {
	since := s.memory.YieldSince
	if s.mayPromote() && !since.IsZero() {
		return s.Now.Sub(since) <= YieldMost // then the pause runs out
	}
	return s.elected || s.Yielded || !since.IsZero()
}

// promotedMe reports whether a Sentinel's failover has made me the master that the greatest epoch names: it only points the other replicas
// at me any more, for a second or until the slowest is in sync, and clients would wait for that. A master that is being replaced has a
// smaller epoch than what was promoted.
func (s *situation) promotedMe(x *model.Sentinel) bool {
	return x.Promoted && s.selfLeads && s.Self.Redis.Role != model.Replica && x.Address == s.Self.Address && x.ConfigEpoch <= s.leader.epoch
}

// mayPromote reports whether a Sentinel is elected, or may be still: silence of one ends nothing that its word began.
func (s *situation) mayPromote() bool {
	return s.elected || !s.memory.YieldSince.IsZero() && !s.allSentinelsAnswered
}

// yield holds writes back while a Sentinel that was elected is about to promote a replica, and lets them go on afterwards.
func (s *situation) yield(d Decision) Decision {
	d.Reason, d.Recheck = model.FailoverRunning, soon
	if s.memory.YieldSince.IsZero() { // the Sentinel whose word it was may have fallen silent since
		s.memory.YieldSince = s.Now
	}
	if !s.mayPromote() {
		s.memory.YieldSince, s.memory.Paused = time.Time{}, false
		d.Commands = []Command{{Do: ResumeWrites}}
		return d
	}
	s.memory.Paused = true
	d.Commands = []Command{{Do: PauseWrites, For: YieldPause}}
	return d
}

// endsScript reports whether a script keeps my Redis from answering, and another leads or is about to, which has or can have all that
// was acknowledged: what mine acknowledged when the script ends would be lost.
func (s *situation) endsScript() bool {
	if !s.Self.Redis.Busy {
		return false
	}
	return s.master != nil && !s.selfLeads || s.elected && s.selfLeads && len(s.inSyncReplicas()) > 0
}
