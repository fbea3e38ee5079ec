// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"cmp"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

const (
	// crashBudget is how long a replica has to accept the mastership of a process that is gone, and offerBudget that of one
	// that is back.
	crashBudget = 300 * time.Millisecond
	offerBudget = time.Second
	// hangBudget is how long a process that has claimed may be silent.
	hangBudget = time.Second
	// silenceAllowance is how much longer it may take while a pod or Sentinel does not answer: the target's agent waits for that
	// one too, in the observation that runs when the offer comes and perhaps in the one after it.
	silenceAllowance = time.Second
	// startBudget is how long a Redis that never answered may refuse connects before a person is told: containers take seconds to
	// start.
	startBudget = 30 * time.Second
)

// notRunning decides while my Redis is silent, so that there is nothing to point or promote. If its process is gone and the
// record names it, the replicas in sync hold what clients wrote: they are offered the mastership, one after the other and again
// from the first, until one leads or my Redis is back. What it holds then is judged as restarted.
func (s *situation) notRunning() Decision {
	wait := Decision{Reason: model.NotRunning, Recheck: soon}
	switch {
	case s.Self.Redis.Denied != "":
		wait.Reason = model.AgentDenied
		return wait
	case s.Self.Redis.Full:
		wait.Reason = model.TooManyClients
		return wait
	case s.endsScript():
		why := model.FailoverRunning
		if s.master != nil {
			why = model.Superseded
		}
		return Decision{Action: Fence, Reason: why, Commands: []Command{{Do: EndScript}}, Recheck: soon}
	case s.Self.Redis.Busy:
		wait.Reason = model.ScriptRunning
		return wait
	case s.neverAnswered():
		wait.Reason = model.NeverAnswered
		return wait
	case !s.Self.Redis.Refused && !s.hangsUnpromoted() || s.memory.AnsweredRun == "" || !s.holdsRecord || s.recordIsStale() || !s.API || s.peerIsMaster:
		return wait
	case s.failoverRunning:
		wait.Reason = model.FailoverRunning
		return wait
	case s.offerStanding(crashBudget):
		return wait
	}
	s.passOver()
	replicas := s.successors()
	if len(replicas) == 0 {
		s.memory.Declined = nil
		return wait
	}
	return s.offer(&replicas[0], model.TransferAfterCrash)
}

// hangsUnpromoted reports whether my Redis claimed, and has not answered since, for longer than a turn may take. It leads nothing and
// holds back no write, so its silence is no reason to keep the mastership; should it still become master, it takes no writes.
func (s *situation) hangsUnpromoted() bool {
	return s.memory.Claimed.Epoch == s.Record.Epoch && !s.memory.HungSince.IsZero() && s.Now.Sub(s.memory.HungSince) > hangBudget
}

// neverAnswered reports whether my Redis has not answered in this agent's life, and has had its time to start.
func (s *situation) neverAnswered() bool {
	return !s.memory.RefusedSince.IsZero() && s.Now.Sub(s.memory.RefusedSince) > startBudget
}

// successors are the replicas in sync, the furthest first, that may be offered the mastership. A replica that was in sync when
// the members last changed may have stood still since then: while another one is silent, only those are offered it that have
// everything that I had when I last led.
func (s *situation) successors() []model.Pod {
	replicas, led := s.notBehindSelf(s.inSyncReplicas()), s.memory.Led
	someoneInSyncUnheard := func(o int) bool { return o != s.Self.Ordinal && s.Record.Members[o].InSync }
	if led.ReplID == "" || !slices.ContainsFunc(s.unheard(), someoneInSyncUnheard) {
		return replicas
	}
	return slices.DeleteFunc(replicas, func(p model.Pod) bool {
		return p.Redis.ReplID != led.ReplID || p.Redis.Offset < led.Offset
	})
}

// inSyncReplicas are the peers whose link was up when the members last changed, and that have not let an offer pass; the
// furthest first.
func (s *situation) inSyncReplicas() []model.Pod {
	pods := slices.DeleteFunc(s.eligible(), func(p model.Pod) bool {
		if p.UID == s.Self.UID || p.Redis.Role != model.Replica || s.lags(&p.Redis) || slices.Contains(s.memory.Declined, p.Redis.RunID) {
			return true
		}
		// A process that lost its own memory too has no history: what it had in sync is gone.
		return !s.isMember(&p) || !s.Record.Members[p.Ordinal].InSync || !s.inLineage(&p.Redis)
	})
	slices.SortStableFunc(pods, func(a, b model.Pod) int {
		return cmp.Or(s.compareData(&b, &a), compareBools(s.outruns(&a), s.outruns(&b)))
	})
	return pods
}

// notBehindSelf leaves out the replicas that have less of one history than I: an offer to them would lose the difference.
func (s *situation) notBehindSelf(replicas []model.Pod) []model.Pod {
	mine := &s.Self.Redis
	return slices.DeleteFunc(replicas, func(p model.Pod) bool {
		return mine.Answer == model.Up && s.relate(&p.Redis, mine) == behind
	})
}

// offerStanding reports whether the record has my offer, and its target has not had its time yet.
func (s *situation) offerStanding(budget time.Duration) bool {
	offer := s.Record.Offer
	if s.anySilent() {
		budget += silenceAllowance
	}
	if offer == nil || offer.RunID != s.memory.OfferedTo || s.Now.Sub(s.memory.OfferedAt) > budget {
		return false
	}
	return !slices.ContainsFunc(s.Peers, func(p model.Pod) bool {
		return p.UID == offer.PodUID && (p.Redis.Answer == model.Silent || p.Redis.RunID != offer.RunID)
	})
}

// passOver remembers that the process that I last offered to has let its time pass. An offer that the record never had does not
// count: its write failed.
func (s *situation) passOver() {
	m := &s.memory
	if !m.OfferedAt.IsZero() && !slices.Contains(m.Declined, m.OfferedTo) {
		m.Declined = append(slices.Clone(m.Declined), m.OfferedTo)
	}
	m.OfferedTo, m.OfferedAt = "", time.Time{}
}

// offer offers the mastership to one process, at the position at which I saw it. Its time begins when the record has it.
func (s *situation) offer(p *model.Pod, why model.Reason) Decision {
	r, next := &p.Redis, s.Record
	s.memory.OfferedTo = r.RunID
	next.Offer = &model.Offer{PodUID: p.UID, RunID: r.RunID, ReplID: r.ReplID, Offset: r.Offset, Reason: string(why)}
	return Decision{
		Action: OfferTransfer, Reason: why, Successor: *p, Tuning: fencedTuning(), Recheck: soon, Record: &next,
	}
}

// offeredToSelf reports whether the holder offers the mastership to this very process, which has at least the data that it is
// offered for, and no greater epoch says that the mastership is no longer the holder's. An offer that does not fit means
// nothing, and nothing waits for it: the agent that made it may be gone.
func (s *situation) offeredToSelf() bool {
	offer, r := s.Record.Offer, &s.Self.Redis
	return offer != nil && (s.assumesWord || offer.Stands(s.Word)) && offer.PodUID == s.Self.UID && !s.holdsRecord && s.leader.epoch == s.Record.Epoch &&
		offer.RunID == r.RunID && offer.ReplID == r.ReplID && r.Offset >= offer.Offset
}
