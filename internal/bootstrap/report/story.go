// SPDX-License-Identifier: Apache-2.0

package report

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// recent is how long ago a change of master may be that an agent tells which did not see it, because it has just started. The Event
// that the agent before it wrote is kept for longer.
const recent = 10 * time.Minute

// story is what one agent saw of a change of master, from turn to turn, until the record says that its Redis leads. That there was a
// change, from whom and why, the record says alone: an agent may have been away, and what it tried may have come to nothing.
type story struct {
	// told is the epoch of the change that was told last.
	told uint64
	// seen reports whether the agent has seen its Redis not leading since then, ledAt since when it leads, and mine where it was last
	// before that.
	seen  bool
	ledAt time.Time
	mine  decide.Position
	// former is what was seen of the pod that led before.
	former former
	// waited is for how long clients waited, where the former master said so, whose name and epoch come with it.
	waited     time.Duration
	waitedFrom string
	waitedOver uint64
}

// former is what was seen of a master before another led.
type former struct {
	uid string
	// answered is when it last answered as master, and at where it was then; stopped is when it first did not.
	answered, stopped time.Time
	at                decide.Position
	// script reports whether a script kept it from answering.
	script bool
}

// accepted takes in that an offer was accepted by its word, while writes had been held back for some time.
func (s *story) accepted(v model.View, without time.Duration) {
	s.waited, s.waitedFrom, s.waitedOver = without, v.Record.Holder, v.Record.Epoch
}

// turn takes in one turn. It returns the change that this turn completes, nil if it completes none.
func (s *story) turn(v model.View, d decide.Decision) *Switch {
	s.watch(v)
	leads := d.Action == decide.Retain && v.Record.HasHolder() && v.Record.PodUID == v.Self.UID && v.Self.Redis.Role == model.Master
	if !leads {
		return nil
	}
	defer s.forget()
	c := v.Record.Change
	if c == nil || c.Epoch == s.told {
		return nil
	}
	s.told = c.Epoch
	if !s.seen && v.Now.Sub(c.At) > recent {
		return nil
	}
	return s.tell(v, c)
}

// watch takes in what a turn shows of my Redis, and of the former master until mine leads.
func (s *story) watch(v model.View) {
	r := &v.Self.Redis
	leads := r.Answer == model.Up && r.Role == model.Master
	if s.ledAt.IsZero() {
		s.former.watch(v)
	}
	switch {
	case leads && s.ledAt.IsZero():
		s.ledAt = v.Now
	case !leads:
		s.seen, s.ledAt = true, time.Time{}
		if r.Answer == model.Up {
			s.mine = decide.Position{ReplID: r.ReplID, Offset: r.Offset}
		}
	}
	// A record that is newer than an accepted offer, and names another, says that nothing came of it.
	if v.Record.PodUID != v.Self.UID && v.Record.Epoch > s.waitedOver {
		s.waitedFrom = ""
	}
}

// watch takes in what a turn shows of the pod that the record named last beside mine.
func (f *former) watch(v model.View) {
	if v.Record.HasHolder() && v.Record.PodUID != v.Self.UID && v.Record.PodUID != f.uid {
		*f = former{uid: v.Record.PodUID}
	}
	if f.uid == "" {
		return
	}
	for i := range v.Peers {
		p := &v.Peers[i]
		if p.UID != f.uid {
			continue
		}
		f.script = f.script || p.Redis.Busy // its agent may end the process, which comes back as a replica
		if p.Redis.Answer == model.Up && p.Redis.Role == model.Master {
			f.answered, f.stopped, f.script = v.Now, time.Time{}, false
			f.at = decide.Position{ReplID: p.Redis.ReplID, Offset: p.Redis.Offset}
			return
		}
	}
	if f.stopped.IsZero() {
		f.stopped = v.Now
	}
}

// tell makes a change of what the record says and the agent saw.
func (s *story) tell(v model.View, c *model.Change) *Switch {
	f := &s.former
	out := &Switch{From: c.From, To: v.Self.Name, Cause: causeOf(c), Epoch: c.Epoch, Without: -1, Seen: s.seen, Script: f.script}
	switch {
	case s.waitedFrom != "" && s.waitedFrom == c.From:
		out.Without = s.waited
	case !s.seen || f.answered.IsZero():
	case f.stopped.IsZero():
		out.Lived = true
	default:
		out.Without = s.ledAt.Sub(f.answered)
		if f.at.ReplID != "" && f.at.ReplID == s.mine.ReplID {
			out.Missing = max(0, f.at.Offset-s.mine.Offset)
		}
	}
	return out
}

// causeOf is why a pod leads, in the words of whoever leads: that Sentinel chose it is written down by others.
func causeOf(c *model.Change) model.Reason {
	if c.Cause == model.NativeSwitch {
		return model.PromotedBySentinel
	}
	return c.Cause
}

// forget begins anew: what comes next is another change.
func (s *story) forget() { *s = story{told: s.told, ledAt: s.ledAt} }
