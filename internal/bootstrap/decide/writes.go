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
	// trustedAfter is for how long a master that refused writes must be confirmed before it takes them again: longer than another pod
	// takes to look at the group and to claim.
	trustedAfter = time.Second
	// longestLook is how long a look takes in which somebody is silent. One that took longer did so for want of a processor.
	longestLook = model.AnswerWithin + soon
	// refusesLong is after how long it looks less often whether it may take them again.
	refusesLong = 10 * time.Second
	// firstLook is how long an agent that has just started may take to find its Redis confirmed. The one before it may have waited
	// already.
	firstLook = time.Second
)

// guardWrites makes a master that may have been replaced refuse writes and answer that it is not ready.
func (s *situation) guardWrites(d Decision) Decision {
	if s.Self.Redis.Role != model.Master || s.Self.Redis.Answer == model.Silent || d.endsMastership() {
		return d
	}
	why := s.trusted(s.refuses())
	if why != "" {
		d.Ready, d.Tuning.MinReplicas, d.Recheck = false, model.NoWrites, min(d.Recheck, s.refusesAgain())
		if d.Action == Wait || d.Action == Retain {
			d.Reason, d.Record = why, nil // a record that cannot be written must not keep it from refusing
		}
		return d
	}
	if s.unconfirmedFor() > tick+tick/2 || !s.confirmedForAWhile() {
		d.Recheck = min(d.Recheck, soon)
	}
	if s.memory.Unproven {
		d.Tuning.MinReplicas = model.AsItIs
	}
	return d
}

// trusted is why a master must refuse writes that has refused them, and may be about to take them again: for a while yet, in which it has to
// be confirmed all the time. Whoever found it gone claims by what he saw a moment ago, and it may be cut off again before it hears of that.
func (s *situation) trusted(why model.Reason) model.Reason {
	m := &s.memory
	switch {
	case why != "":
		m.Refuses, m.TrustedSince = true, time.Time{}
		return why
	case !m.Refuses || s.justClaimed():
		m.Refuses = false
		return ""
	case !s.confirmed:
		m.TrustedSince = time.Time{}
	case m.TrustedSince.IsZero():
		m.TrustedSince = s.Now
	case s.Now.Sub(m.TrustedSince) >= trustedAfter:
		m.Refuses = false
		return ""
	}
	return model.Unconfirmed
}

// refuses is why my Redis must refuse writes; empty where it may take them.
func (s *situation) refuses() model.Reason {
	switch {
	case s.outvoted():
		return model.Superseded
	case s.Took > s.writesUnconfirmed(): // I stood still meanwhile, and what I was told before that says nothing of now
		return model.Unconfirmed
	case !s.seen && s.unconfirmedFor()+s.untilAskedAgain() > s.writesUnconfirmed(): // while I see that they see me, nobody has been promoted
		return model.Unconfirmed
	}
	return ""
}

// untilAskedAgain is how long it takes from the beginning of this look until I can decide once more: where somebody is silent a look takes as
// long as an answer is waited for, and a master that left it to the next one would refuse writes by so much too late. Where this look confirms
// me there is time; and an agent that has just started needs its second.
func (s *situation) untilAskedAgain() time.Duration {
	if s.confirmed || s.memory.Unproven {
		return 0
	}
	return 2*min(s.Took, longestLook) + 2*soon // and as long as a pause again, for what is done after a look
}

// refusesAgain is when a master that refuses writes looks again whether it may take them: soon, and after some seconds less often. Many
// masters may be cut off from one set of Sentinels, and all of them ask it when it is back.
func (s *situation) refusesAgain() time.Duration {
	if s.unconfirmedFor() > s.writesUnconfirmed()+refusesLong {
		return tick / 2
	}
	return soon
}

// confirmedForAWhile reports whether Sentinels confirm me. What pods say holds at this moment only.
func (s *situation) confirmedForAWhile() bool { return s.seen || len(s.Peers) == 0 }

// endsMastership reports whether a decision makes my Redis a replica, or is the handover, which holds writes back by itself.
func (d *Decision) endsMastership() bool {
	return d.Action == Handover || slices.ContainsFunc(d.Commands, func(c Command) bool { return c.Do == ReplicateFrom })
}

// writesUnconfirmed is for how long an unconfirmed master takes writes.
func (s *situation) writesUnconfirmed() time.Duration {
	return max(s.Config.DownAfter-refusesBefore, refusesBefore)
}

// calm is for how long a handover may leave clients writing. A second is what refusesBefore leaves for it.
func (s *situation) calm() time.Duration {
	return max(s.writesUnconfirmed()-s.unconfirmedFor(), refusesBefore)
}

// confirm remembers when it was last certain that nobody can have taken my place, nor does before down-after is over from then.
func (s *situation) confirm() {
	m := &s.memory
	switch {
	case s.Self.Redis.Role == model.Replica: // and it was made master after this moment, which may be long ago when its agent looks again
		m.Confirmed, m.Unproven = s.Now, false
		return
	case s.Self.Redis.Role != model.Master:
		return
	case m.Confirmed.IsZero() && m.AnsweredRun != "":
		m.Confirmed = s.Now
	case m.Confirmed.IsZero():
		m.Confirmed, m.Unproven = s.Now.Add(min(firstLook, s.writesUnconfirmed())-s.writesUnconfirmed()), true
	}
	if m.Confirmed.After(s.Now) { // a clock that was put back makes nobody confirmed
		m.Confirmed = s.Now.Add(-s.writesUnconfirmed() - tick)
	}
	s.confirmed = true
	switch age, seen := s.seenBySentinels(); {
	case seen:
		m.Confirmed, m.Unproven = later(m.Confirmed, s.Now.Add(-age)), false
	case s.justClaimed():
		m.Confirmed, m.Unproven = s.Now, false
	case s.peerIsMaster: // whatever was certain before; it stays so when that one is out of sight
		s.confirmed = false
		m.Confirmed = s.Now.Add(-s.writesUnconfirmed() - tick)
	case s.podsKnown() && s.everyoneFollowsSelf():
		m.Confirmed, m.Unproven = s.Now, false
	case s.confirmedByRecord():
		m.Unproven = false
		m.Confirmed = later(m.Confirmed, s.Now.Add(-min(apiAge, s.writesUnconfirmed()/2)))
	default:
		s.confirmed = false
	}
}

// claimCounts is for how long a claim alone says that nobody has taken my place since. A former master that gives the mastership away
// answers as master until Sentinels name me, and refuses or holds back its writes. Where my machine stood still after the claim, another may
// have claimed since.
const claimCounts = 2 * time.Second

// justClaimed reports whether my Redis leads by a claim of a moment ago, which the record has.
func (s *situation) justClaimed() bool {
	led := s.memory.LedEpoch == s.Record.Epoch && s.Now.Sub(s.memory.LedSince) < claimCounts
	leads := s.ownClaim() && s.Now.Sub(s.memory.ClaimedAt) < claimCounts
	return s.holdsRecord && s.API && (led || leads)
}

// seenBySentinels reports how long ago most Sentinels last heard me as their master, of those that see me alive: no others of them can
// elect another. One that has just made me master may not have heard me yet; whether it has is not known of a Redis that was master before its
// agent came.
func (s *situation) seenBySentinels() (time.Duration, bool) {
	if s.memory.NamedEpoch == 0 && s.failoverRunning && !s.overdue() && !s.memory.Unproven {
		return 0, true
	}
	return s.aliveBySentinels(s.Self.Address)
}

// aliveBySentinels reports how long ago most Sentinels last heard a master, of those that name it and see it alive.
func (s *situation) aliveBySentinels(master model.Address) (time.Duration, bool) {
	var usual [8]time.Duration // a turn at rest allocates nothing
	ages := usual[:0]
	for i := range s.Sentinels {
		if x := &s.Sentinels[i]; x.Answered && x.Monitors && x.Address == master && !x.MasterDown {
			ages = append(ages, x.HeardAgo)
		}
	}
	most := len(s.Sentinels) / 2
	if len(ages) <= most {
		return 0, false
	}
	slices.Sort(ages)
	return ages[most], true
}

// confirmedByRecord reports whether the record names me and every other pod is seen to be no master.
func (s *situation) confirmedByRecord() bool {
	return s.podsKnown() && s.API && s.holdsRecord && s.everyoneIsSeen()
}

// apiAge is how old what the API says may be.
const apiAge = 2500 * time.Millisecond

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
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

// everyoneIsSeen reports whether each other pod answers and is no master, or has no Redis at this moment: by its kubelet's word of this
// moment, and nothing listens there, which a firewall may say as well. One that is silent may have been promoted where I cannot see it, and the API neither: that
// it is not ready is no proof.
func (s *situation) everyoneIsSeen() bool {
	return !slices.ContainsFunc(s.Peers, func(p model.Pod) bool {
		r := &p.Redis
		absent := p.Address.Host == "" || s.PodsListed && isDown(&p)
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
