// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
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
	if successor, why := s.successor(); why != "" {
		d.Reason = why
		// Without the API the offer cannot be written: Sentinel takes over later.
		if why != model.NoSuccessor && s.API {
			d.Action, d.Successor, d.Recheck = Handover, successor, atOnce
		}
		return d
	}
	s.memory.OfferedTo, s.memory.OfferedAt, s.memory.Declined = "", time.Time{}, nil
	if s.Self.Redis.PersistenceError {
		d.Reason = model.CannotSave
	}
	if s.visible() {
		d.Record = s.recordKeptTrue()
	}
	return d
}

// recordKeptTrue is the record with members and lineage as they are now, and without an offer; nil where it already says that.
func (s *situation) recordKeptTrue() *model.Record {
	members, lineage := s.membersNow(), s.lineageWith(s.Self.Redis.ReplID)
	if maps.Equal(members, s.Record.Members) && slices.Equal(lineage, s.Record.Lineage) && s.Record.Offer == nil {
		return nil
	}
	next := s.Record
	next.Members, next.Lineage, next.Offer = members, lineage, nil
	return &next
}

// successor says to which pod and why I should give the mastership; without a reason I keep it.
func (s *situation) successor() (model.Pod, model.Reason) {
	leaving, failing := s.leaving(), s.Self.Redis.PersistenceError
	if !leaving && !failing && (!s.Releasing || s.Self.Ordinal == s.FirstOrdinal) {
		return model.Pod{}, ""
	}
	pods := slices.DeleteFunc(s.eligible(), func(p model.Pod) bool {
		stays := s.Replicas < 0 || p.Ordinal < s.FirstOrdinal+s.Replicas
		saves := leaving || !failing || !p.Redis.PersistenceError
		return p.UID == s.Self.UID || !stays || !saves || !s.inSyncWithSelf(&p)
	})
	if i := slices.IndexFunc(pods, func(p model.Pod) bool { return p.Ordinal == s.FirstOrdinal }); s.Releasing && i >= 0 {
		return pods[i], model.HandingToFirst
	}
	switch {
	case !leaving && (!failing || len(pods) == 0):
		return model.Pod{}, ""
	case len(pods) == 0:
		return model.Pod{}, model.NoSuccessor
	}
	slices.SortStableFunc(pods, func(a, b model.Pod) int {
		return cmp.Or(compareBools(b.Updated, a.Updated), cmp.Compare(b.Redis.Offset, a.Redis.Offset))
	})
	if !leaving {
		return pods[0], model.CannotSave
	}
	return pods[0], model.HandingOver
}
