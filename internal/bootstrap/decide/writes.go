// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Whether my Redis may take writes is asked beside every decision that leaves it master, whatever else is known: a master that may
// have been replaced acknowledges nothing.

const (
	// refusesBefore is how long before down-after is over an unconfirmed master refuses writes: no Sentinel promotes another earlier.
	refusesBefore = time.Second
	// firstLook is how long an agent that has just started may take to find its Redis confirmed. The one before it may have waited
	// already.
	firstLook = time.Second
)

// guardWrites makes a master that may have been replaced refuse writes and answer that it is not ready.
func (s *situation) guardWrites(d Decision) Decision {
	if s.Self.Redis.Role != model.Master || s.Self.Redis.Answer == model.Silent || d.endsMastership() {
		return d
	}
	why := model.Reason("")
	switch {
	case s.outvoted():
		why = model.Superseded
	case s.unconfirmedFor() > s.writesUnconfirmed():
		why = model.Unconfirmed
	case s.unconfirmedFor() > 0:
		d.Recheck = min(d.Recheck, soon)
	}
	if why != "" {
		d.Ready, d.Tuning.MinReplicas, d.Recheck = false, model.NoWrites, min(d.Recheck, soon)
		if d.Action == Wait || d.Action == Retain {
			d.Reason = why
		}
	}
	return d
}

// endsMastership reports whether a decision makes my Redis a replica, or is the handover, which holds writes back by itself.
func (d *Decision) endsMastership() bool {
	return d.Action == Handover || slices.ContainsFunc(d.Commands, func(c Command) bool { return c.Do == ReplicateFrom })
}

// writesUnconfirmed is for how long an unconfirmed master takes writes.
func (s *situation) writesUnconfirmed() time.Duration {
	return max(s.Config.DownAfter-refusesBefore, refusesBefore)
}

// confirm remembers when it was last certain that nobody can have taken my place.
func (s *situation) confirm() {
	m := &s.memory
	switch {
	case s.Self.Redis.Role == model.Replica:
		m.Confirmed = time.Time{}
	case s.Self.Redis.Role != model.Master:
	case s.confirmed() || m.Confirmed.IsZero() && m.AnsweredRun != "":
		m.Confirmed = s.Now
	case m.Confirmed.IsZero():
		m.Confirmed = s.Now.Add(min(firstLook, s.writesUnconfirmed()) - s.writesUnconfirmed())
	}
}

// confirmed reports whether most Sentinels see me as the living master, so that no others of them can elect another; or whether
// they may be about to, because one of them made me master; or whether every pod that they could elect follows me; or whether the
// record names me and every other pod is seen to be no master.
func (s *situation) confirmed() bool {
	self := s.Self.Address
	if s.memory.NamedEpoch == 0 && s.failoverRunning && !s.overdue() {
		return true
	}
	if s.majority(func(x *model.Sentinel) bool { return x.Monitors && x.Address == self && !x.MasterDown }) {
		return true
	}
	return s.podsKnown() && (s.everyoneFollowsSelf() || s.API && s.holdsRecord && s.everyoneIsSeen())
}

// unconfirmedFor is how long it has not been certain that nobody took my place.
func (s *situation) unconfirmedFor() time.Duration {
	if s.memory.Confirmed.IsZero() {
		return 0
	}
	return s.Now.Sub(s.memory.Confirmed)
}

// podsKnown reports whether the API has ever shown the group's pods.
func (s *situation) podsKnown() bool { return s.UIDByName != "" || len(s.Peers) > 0 }

// everyoneIsSeen reports whether each other pod answers and is no master, or has no Redis at this moment, or is not ready by the API's
// word. One that is silent and ready may have been promoted where I cannot see it.
func (s *situation) everyoneIsSeen() bool {
	return !slices.ContainsFunc(s.Peers, func(p model.Pod) bool {
		r := &p.Redis
		absent := p.Address.Host == "" || r.Refused || r.Answer == model.Silent && s.API && !p.Ready
		return !absent && (r.Answer == model.Silent || r.Role == model.Master)
	})
}

// outvoted reports whether an epoch above the last that named me names another, by the record or by most Sentinels.
func (s *situation) outvoted() bool {
	if s.memory.NamedEpoch == 0 || s.leader.epoch <= s.memory.NamedEpoch || s.selfLeads {
		return false
	}
	other := s.leader.address
	return s.leader.podUID != "" || s.majority(func(x *model.Sentinel) bool { return x.Monitors && x.Address == other })
}
