// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// recovery decides when the named master does not answer as master, and is not my own pod.
func (s *situation) recovery() Decision {
	s.trackLeaderSilence(s.leader.epoch)
	if s.leaderAnswers() {
		// Its own agent decides who leads. That agent has as long as it may wait for others itself, and a failover more; then it
		// counts as gone. The wait for it is a wait for a candidate, whose clock goes on.
		loading := s.leaderPod.Redis.Answer == model.Loading
		if !loading && s.API {
			s.keepWaiting(clockStops)
		}
		if loading || !s.API || s.waited() <= s.Config.RecoveryTimeout+s.Config.FailoverTimeout {
			return s.unchanged(model.MasterReturning)
		}
	}
	switch {
	case !s.API:
		return s.unchanged(s.withoutAPI())
	case s.peerIsMaster:
		return s.unchanged(model.AnotherLeads)
	}
	s.keepWaiting(clockStops)
	if !s.leaderGone() { // it is not waited for by whom alone it is out of sight
		s.memory.WaitingSince = s.Now
	}
	if s.mustWaitForBetter() || !s.mayReplaceLeader() {
		if s.failoverRunning {
			return s.unchanged(model.FailoverRunning)
		}
		return s.unchanged(model.MasterSilent)
	}
	if !s.Record.HasHolder() { // only Sentinels remember a master; without a record there are no members to choose from
		return s.formation()
	}
	best, why := s.bestData(s.leaderRun())
	switch {
	case why != "":
		return s.unchanged(why)
	case best.UID != s.Self.UID:
		return s.unchanged(model.AnotherLeads)
	case s.allOverwritable():
		return s.claim(model.DataGone)
	case s.beginsAnew(&s.Self):
		return s.claim(model.Chosen)
	case s.isHoldersData(&s.Self):
		return s.claim(model.Resumed)
	}
	return s.claim(model.MasterGone)
}

// mustWaitForBetter reports whether a candidate that has not answered could have better data than all that did, and still has time.
// Where a member in sync never went away, only another such process can: what comes back from a disk is not compared with it. That of
// the named pod is gone, and a pod that was made in its place has a new one.
func (s *situation) mustWaitForBetter() bool {
	if !s.mustWait() || !s.anyUnbroken() {
		return s.mustWait()
	}
	return slices.ContainsFunc(s.unheard(), func(ordinal int) bool {
		p, exists := s.podOf(ordinal)
		return exists && p.Redis.Answer == model.Silent && !s.leader.is(p) && (p.Name != s.Record.Holder || p.UID == s.Record.PodUID)
	})
}

// anyUnbroken reports whether one of the pods that may lead never went away.
func (s *situation) anyUnbroken() bool {
	return slices.ContainsFunc(s.eligible(), func(p model.Pod) bool { return s.unbroken(&p) })
}

// promotionTime is how long a pod may take from its claim to its promotion: it asks others meanwhile, who may be silent.
const promotionTime = 3 * time.Second

// trackLeaderSilence keeps the clock of the silence of the master that an epoch names.
func (s *situation) trackLeaderSilence(epoch uint64) {
	if s.memory.SilentEpoch != epoch || s.memory.SilentSince.IsZero() {
		s.memory.SilentSince, s.memory.SilentEpoch = s.Now, epoch
	}
}

// silentFor is how long the named master has not been seen as master.
func (s *situation) silentFor() time.Duration { return s.Now.Sub(s.memory.SilentSince) }

// leaderAnswers reports whether the recorded master's Redis answers again, though not as master.
func (s *situation) leaderAnswers() bool {
	return s.leaderPod != nil && s.leaderPod.Redis.Answer != model.Silent && s.Record.HasHolder()
}

// leaderRun is the process of the named pod if it did not lead in its time; nil where there is none.
func (s *situation) leaderRun() []string {
	if s.leaderPod != nil && s.leaderPod.Redis.RunID != "" {
		return []string{s.leaderPod.Redis.RunID}
	}
	return nil
}

// mayReplaceLeader reports whether the named master is proven gone and Sentinel has had its time; it needs none where the master's process
// has ended and nobody else is about to replace it, nor where Sentinel could elect no replica, as when everything restarted. A holder that
// comes back alone does not overtake the replicas that never went away.
func (s *situation) mayReplaceLeader() bool {
	ended := s.leaderAbsent() || s.leaderDown() && s.leftToReplicas()
	switch {
	case s.Record.HasHolder() && ended && s.nobodyHearsLeader() && s.allSentinelsAnswered && !s.failoverRunning:
		return true // nothing is left to wait for
	case !s.leaderGone():
		return false
	}
	budget := s.Config.DownAfter + s.Config.FailoverTimeout
	if s.failoverRunning || !s.allSentinelsAnswered && s.majority(func(*model.Sentinel) bool { return true }) {
		// A Sentinel that does not answer may lead a failover just as well: its silence must not count for more than its word.
		budget += s.Config.FailoverTimeout
	}
	silent := s.silentFor()
	return silent > budget || !s.electable() || silent > s.Config.DownAfter+sentinelsApart && s.sentinelsWillNotAct()
}
