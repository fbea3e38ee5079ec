// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Switch is one change of master, as the agent of the new one saw it.
type Switch struct {
	// From is the pod that led before; empty where the group has just formed.
	From, To string
	Cause    model.Reason
	Epoch    uint64
	// Without is for how long there was no master that took writes, at most; negative where that is not known.
	Without time.Duration
	// Missing is how many bytes of the former master's stream are known to be missing.
	Missing int64
}

// Planned reports whether it lost nothing by design.
func (s Switch) Planned() bool {
	return s.From == "" || slices.Contains([]model.Reason{model.HandingOver, model.HandoverRequested, model.HandingToFirst, model.CannotSave}, s.Cause)
}

// String tells it in a sentence.
func (s Switch) String() string {
	text := fmt.Sprintf("%s leads instead of %s (%s, epoch %d)", s.To, s.From, s.Cause, s.Epoch)
	if s.From == "" {
		return fmt.Sprintf("%s leads: the group has formed (%s, epoch %d).", s.To, s.Cause, s.Epoch)
	}
	if s.Without >= 0 {
		text += fmt.Sprintf(": there was no writable master for at most %d ms.", s.Without.Milliseconds())
	} else {
		text += ": for how long there was no writable master is not known."
	}
	if s.Planned() {
		return text + " Writes waited meanwhile, and none that was acknowledged is lost."
	}
	text += fmt.Sprintf(" What %s acknowledged and had not sent to %s is lost", s.From, s.To)
	if s.Missing > 0 {
		text += fmt.Sprintf(": at least %d bytes of its stream", s.Missing)
	}
	return text + "."
}

// story is what one agent saw of a change of master, from turn to turn, until its Redis leads.
type story struct {
	// replica reports whether the agent has seen its Redis not leading since the last change.
	replica bool
	// holder is the pod that the record named last beside mine, seenAt when it last answered as master, and at where it was then.
	holder string
	seenAt time.Time
	at     decide.Position
	// cause is why mine was to lead, and mine where it was then.
	cause model.Reason
	mine  decide.Position
	// without is for how long clients waited, where the former master said so.
	without time.Duration
	exact   bool
}

// accepted takes in that an offer was accepted by its word, while writes had been held back for some time.
func (s *story) accepted(v model.View, without time.Duration) {
	s.replica, s.holder, s.cause, s.without, s.exact = true, v.Record.Holder, model.Reason(v.Record.Offer.Reason), without, true
}

// turn takes in one turn. It returns the change that this turn completes, nil if it completes none.
func (s *story) turn(v model.View, d decide.Decision) *Switch {
	r := &v.Self.Redis
	switch {
	case d.Action == decide.Retain && v.Record.HasHolder() && v.Record.PodUID == v.Self.UID && r.Role == model.Master:
		return s.complete(v)
	case !s.exact:
		s.follow(v, d)
	}
	return nil
}

// follow takes in a turn in which my Redis does not lead.
func (s *story) follow(v model.View, d decide.Decision) {
	r := &v.Self.Redis
	s.replica = true
	if v.Record.HasHolder() && v.Record.PodUID != v.Self.UID {
		s.holder = v.Record.Holder
	}
	for i := range v.Peers {
		p := &v.Peers[i]
		if p.UID == v.Record.PodUID && p.UID != "" && p.Redis.Answer == model.Up && p.Redis.Role == model.Master {
			s.seenAt, s.at = v.Now, decide.Position{ReplID: p.Redis.ReplID, Offset: p.Redis.Offset}
		}
	}
	switch {
	case d.Action == decide.Claim && d.Reason == model.TransferAccepted && v.Record.Offer != nil:
		s.cause = model.Reason(v.Record.Offer.Reason)
	case d.Action == decide.Claim:
		s.cause = d.Reason
	case r.Role == model.Master:
		s.cause = model.PromotedBySentinel
	default:
		s.mine = decide.Position{ReplID: r.ReplID, Offset: r.Offset}
	}
}

// complete tells of the change whose end this is, and forgets it.
func (s *story) complete(v model.View) *Switch {
	told := *s
	*s = story{}
	if !told.replica || told.cause == "" || told.holder == v.Self.Name {
		return nil
	}
	out := &Switch{From: told.holder, To: v.Self.Name, Cause: told.cause, Epoch: v.Record.Epoch, Without: -1}
	switch {
	case told.exact:
		out.Without = told.without
	case !told.seenAt.IsZero():
		out.Without = v.Now.Sub(told.seenAt)
	}
	if !told.exact && told.at.ReplID != "" && told.at.ReplID == told.mine.ReplID {
		out.Missing = max(0, told.at.Offset-told.mine.Offset)
	}
	return out
}
