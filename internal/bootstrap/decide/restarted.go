// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// restarted decides when the record names me, but my Redis is not the process that was promoted. It came up fenced, so nothing
// is lost yet. A replica that was in sync holds what I may have lost: it leads, whether I am still loading or not.
func (s *situation) restarted() Decision {
	if !s.API {
		return s.restartedUnwritten()
	}
	if s.offerStanding(offerBudget) {
		d := s.unchanged(model.RestartedWaiting)
		d.Recheck = soon
		return d
	}
	s.passOver()
	if replicas := s.successors(); len(replicas) > 0 {
		if s.coversAll(replicas) {
			return s.claim(model.RestartedInPlace)
		}
		if s.elected { // a replica is about to be promoted, and another one would be in its way
			return s.unchanged(model.FailoverRunning)
		}
		return s.offer(&replicas[0], model.TransferAfterRestart)
	}
	if s.Self.Redis.Answer != model.Up {
		return s.unchanged(model.LoadingData)
	}
	s.keepWaiting(clockStops)
	if s.mustWait() {
		return s.unchanged(model.RestartedWaiting)
	}
	unwilling := s.lagging()
	if s.budgetSpent() {
		unwilling = append(unwilling, s.memory.Declined...)
	}
	best, why := s.bestData(unwilling)
	switch {
	case why != "":
		return s.unchanged(why)
	case best.UID == s.Self.UID && s.allOverwritable():
		return s.claim(model.DataGone)
	case best.UID == s.Self.UID && s.beginsAnew(&s.Self):
		return s.claim(model.Chosen)
	case best.UID == s.Self.UID:
		return s.claim(model.RestartedInPlace)
	}
	return s.offer(&best, model.TransferAfterRestart)
}

// restartedUnwritten decides when nothing can be offered or claimed, but the old epoch still names me, and so do most
// Sentinels.
func (s *situation) restartedUnwritten() Decision {
	if s.Self.Redis.Answer != model.Up || s.overwritable(&s.Self) || !s.majorityNamesSelf() || len(s.notBehindSelf(s.inSyncReplicas())) > 0 {
		return s.unchanged(s.withoutAPI())
	}
	s.keepWaiting(clockStops)
	if s.mustWait() {
		return s.unchanged(model.RestartedWaiting)
	}
	return s.promote(model.RestartedInPlace, s.Record.Epoch, false)
}

// coversAll reports whether my Redis has the history of the replicas, and no less of it than any of them: it did not restart at
// all, or came back with everything. My claim succeeded and its answer was lost, for example.
func (s *situation) coversAll(replicas []model.Pod) bool {
	mine := &s.Self.Redis
	return mine.Answer == model.Up && s.inLineage(mine) && s.allHeard() && !slices.ContainsFunc(replicas, func(p model.Pod) bool {
		has := s.relate(&p.Redis, mine)
		return has == unknown || has == ahead
	})
}

// repointed decides when the record names me, but my Redis was made the replica of another, or another answers as master: a
// Sentinel's failover that has not reached the record. It is left alone; only if it led to no master in failover-timeout is my
// Redis fenced, and the next turn judges it as restarted.
func (s *situation) repointed() Decision {
	s.trackLeaderSilence(s.Record.Epoch)
	switch {
	case s.followedIsReplica():
		return s.fence(model.RestartedWaiting)
	case s.peerIsMaster || s.Self.Redis.LinkUp || s.failoverRunning || s.silentFor() <= s.Config.FailoverTimeout:
		return s.unchanged(model.AnotherLeads)
	}
	return s.fence(model.RestartedWaiting)
}
