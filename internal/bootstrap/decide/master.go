// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// retain keeps me master. An API outage alone changes nothing.
func (s *situation) retain() Decision {
	d := Decision{Action: Retain, Reason: model.Incumbent, Ready: true, Tuning: s.masterTuning()}
	if s.yields() {
		return s.yield(d)
	}
	if !s.holdsRecord {
		return d
	}
	s.memory.Led = Position{s.Self.Redis.ReplID, s.Self.Redis.Offset}
	members := s.membersNow()
	s.keep(members)
	heirs, why := s.heirs()
	switch {
	case why == "":
		s.memory.OfferedTo, s.memory.OfferedAt, s.memory.Declined, s.memory.TriedAt = "", time.Time{}, nil, time.Time{}
	case len(heirs) > 0 && s.API && s.mayTry() && s.refuses() == "" && !s.memory.Refuses: // else another may lead, whom a claim by my offer would replace
		d.Again, d.Calm = s.memory.OfferedTo != "", s.calm()
		d.Action, d.Reason, d.Successor, d.Recheck = Handover, why, s.try(heirs), atOnce
		s.memory.Paused = true
		return d
	case s.leaving(): // without the API the offer cannot be written: Sentinel takes over later
		d.Reason = why
		if why == model.NoSuccessor && s.linkIsDue() {
			d.Reason, d.Recheck = model.HandingOver, soon
		}
		return d
	case s.requested():
		d.Reason = model.RequestWaits
	}
	if s.Self.Redis.PersistenceError {
		d.Reason = model.CannotSave
	}
	if s.visible() && s.API {
		d.Record = s.recordKeptTrue(members)
	}
	if s.mayUnpause() {
		s.memory.Unpaused, s.memory.Paused = true, false
		d.Commands = []Command{{Do: ResumeWrites}}
	}
	return d
}

// mayUnpause reports whether a pause can be ended that the agent before me may have left, or I: nobody can take my place any more by what
// was begun. An offer is taken back first.
func (s *situation) mayUnpause() bool {
	return (!s.memory.Unpaused || s.memory.Paused) && !s.memory.Unproven && s.Record.Offer == nil && s.API && !s.failoverRunning
}

// recordKeptTrue is the record with the members and the lineage as they are now, and without an offer; nil where it already says that.
func (s *situation) recordKeptTrue(members map[int]model.Member) *model.Record {
	lineage := s.lineageWith(s.Self.Redis.ReplID)
	if maps.Equal(members, s.Record.Members) && slices.Equal(lineage, s.Record.Lineage) && s.Record.Offer == nil {
		return nil
	}
	next := s.Record
	next.Members, next.Lineage, next.Offer = members, lineage, nil
	return &next
}

const (
	// triesApart is the least time between two attempts of a master that has time: each may hold writes back for a second.
	triesApart = 10 * time.Second
	// unheldApart is that time after an attempt that held nothing back.
	unheldApart = 2 * time.Second
)

// mayTry reports whether a handover may begin now.
func (s *situation) mayTry() bool {
	return s.leaving() || s.memory.TriedAt.IsZero() || s.Now.Sub(s.memory.TriedAt) >= triesApart
}

// linkTime is for how long a pod that ends waits for a replica to be in sync: after a partition what was lost is sent again within seconds.
const linkTime = 2 * time.Second

// linkIsDue reports whether a pod that stays follows me, and may be in sync in a moment.
func (s *situation) linkIsDue() bool {
	return s.Now.Sub(s.memory.LeavingSince) < linkTime && slices.ContainsFunc(s.eligible(), func(p model.Pod) bool {
		stays := s.Replicas < 0 || p.Ordinal < s.FirstOrdinal+s.Replicas
		return p.UID != s.Self.UID && stays && p.Redis.Role == model.Replica && p.Redis.Following == s.Self.Address && !p.Redis.LinkUp
	})
}

// requested reports whether a person wants my Redis to give the mastership away.
func (s *situation) requested() bool {
	switch to := s.Config.Handover; to {
	case "":
		return false
	case contract.HandoverAny:
		return s.Config.HandoverFrom == s.Self.Name
	default:
		return to != s.Self.Name
	}
}

// try takes the best of the pods that have not let a handover fail since I wanted to hand over; where all have, it begins again with the
// first. I am master still, so what was tried last has failed.
func (s *situation) try(pods []model.Pod) model.Pod {
	m := &s.memory
	if m.OfferedTo != "" && !slices.Contains(m.Declined, m.OfferedTo) {
		m.Declined = append(slices.Clone(m.Declined), m.OfferedTo)
	}
	i := slices.IndexFunc(pods, func(p model.Pod) bool { return !slices.Contains(m.Declined, p.Redis.RunID) })
	if i < 0 {
		i, m.Declined = 0, nil
	}
	m.OfferedTo, m.OfferedAt, m.TriedAt = pods[i].Redis.RunID, time.Time{}, s.Now
	return pods[i]
}

// outruns reports whether another pod that stays could not load what a pod has saved, because it is older: while images are changed the
// newer one leads only where no other can.
func (s *situation) outruns(p *model.Pod) bool {
	return slices.ContainsFunc(s.Peers, func(other model.Pod) bool {
		return !other.Terminating && other.UID != p.UID && other.Redis.Version.Before(p.Redis.Version)
	})
}

// heirs says to which pods and why I should give the mastership, the best first; without a reason I keep it.
func (s *situation) heirs() ([]model.Pod, model.Reason) {
	leaving, failing, requested := s.leaving(), s.Self.Redis.PersistenceError, s.requested()
	if !leaving && !failing && !requested && (!s.Releasing || s.Self.Ordinal == s.FirstOrdinal) {
		return nil, ""
	}
	pods := slices.DeleteFunc(s.eligible(), func(p model.Pod) bool {
		stays := s.Replicas < 0 || p.Ordinal < s.FirstOrdinal+s.Replicas
		saves := leaving || !failing || !p.Redis.PersistenceError
		return p.UID == s.Self.UID || !stays || !saves || !s.inSyncWithSelf(&p)
	})
	if i := slices.IndexFunc(pods, func(p model.Pod) bool { return p.Ordinal == s.FirstOrdinal }); s.Releasing && i >= 0 {
		return pods[i : i+1], model.HandingToFirst
	}
	if to := s.Config.Handover; requested && to != contract.HandoverAny && !leaving && !failing {
		pods = slices.DeleteFunc(pods, func(p model.Pod) bool { return p.Name != to })
	}
	switch {
	case !leaving && !requested && (!failing || len(pods) == 0):
		return nil, ""
	case len(pods) == 0 && requested && !leaving:
		return nil, model.RequestWaits
	case len(pods) == 0:
		return nil, model.NoSuccessor
	}
	slices.SortStableFunc(pods, func(a, b model.Pod) int {
		return cmp.Or(compareBools(s.outruns(&a), s.outruns(&b)), compareBools(b.Updated, a.Updated), compareBools(b.Ready, a.Ready), cmp.Compare(b.Redis.Offset, a.Redis.Offset))
	})
	switch {
	case leaving:
		return pods, model.HandingOver
	case failing:
		return pods, model.CannotSave
	}
	return pods, model.HandoverRequested
}
