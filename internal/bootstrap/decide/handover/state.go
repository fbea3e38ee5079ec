// SPDX-License-Identifier: Apache-2.0

// Package handover gives the mastership from one Redis to another without losing a write. It is a decision like the others of
// the agent, in several steps: pure, and carried out by whatever drives it.
package handover

import (
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// stage is how far a handover has come. Each names what the next observation shows.
type stage int

const (
	// starting means that nothing has been done.
	starting stage = iota
	// offering means that the sealed offer is being written.
	offering
	// preparing means that the successor's agent is to say that it has read the offer.
	preparing
	// catchingUp means that writes are paused, and the successor gets what it lacks.
	catchingUp
	// extending means that the successor has everything, and the pause is made long.
	extending
	// telling means that the successor's agent is given the word.
	telling
	// awaiting means that the word was given, and the successor is to claim.
	awaiting
	// withdrawing means that the offer is being taken back, because its word has been given.
	withdrawing
	// awaitingStill means that the offer could not be taken back, so it may have been accepted.
	awaitingStill
	// announcing means that the successor leads, and writes are held back until Sentinels can tell clients where to go.
	announcing
	// rerouting means that Sentinels name the successor, and clients that come through the Service of the master still end at my Redis.
	rerouting
	// ending means that the last commands are under way.
	ending
	// parting means that my Redis follows the successor, and clients that came through the Service since then are still with it.
	parting
	// stages is their number.
	stages
)

// State is how far one handover has come. A handover gives the mastership to a successor without losing a write: offer it under a
// seal, wait until the successor's agent has read that, pause, let it catch up, give it the word that opens the seal, wait for its
// claim, follow it. So the pause has one write of the record in it, the claim. Until the word is given, going back means to end the
// pause: nobody else knows it. Afterwards the offer must be withdrawn from the record first, because the successor may be about to
// claim; what cannot be withdrawn ends in a fenced replica.
//
// It is a step machine that has no clock and asks no server. Its caller's loop is
//
//	for {
//		step, state = state.Next(observe(state.Asks()))
//		if step.Done { return step.Err }
//		write(step.Record); notify(step.Notify); send(step.Commands); tell(step.Tell)
//		wait(step.Recheck)
//	}
type State struct {
	stage     stage
	self      string
	record    model.Record
	successor model.Pod
	reason    model.Reason
	// word opens the seal of the offer.
	word string
	// calm is for how long clients may go on writing, and pausedBy when that is over; whole is for how long their writes may be held back.
	calm, whole time.Duration
	pausedBy    time.Time
	// until is when the stage is over, and deadline is when everything before the end must be: after it only the end remains.
	until    time.Time
	deadline time.Time
	outcome  error
	// tried is the version of the record that the offer was last taken out of, and refused reports whether it was another by then.
	tried   string
	refused bool
	// service is the Service of the master, with no host where none is known; moved reports whether it leads to the successor, and
	// sentAway is when clients were sent away for the first time, where that was before my Redis followed.
	service  model.Address
	moved    bool
	sentAway time.Time
	// rests reports whether there is the time to let proxies rest before the pause.
	rests bool
	// covered reports whether the successor has a replica beside my Redis.
	covered bool
	// began is when each stage did; zero where it never did.
	began [stages]time.Time
}

// Begin begins what a decision for the action Handover wants. The word opens the seal of its offer; nobody can guess it, and no other
// handover has it.
func Begin(v model.View, d decide.Decision, word string) State {
	return State{
		self: v.Self.UID, record: v.Record, successor: d.Successor, reason: d.Reason, word: word, covered: covered(v, d.Successor.UID),
		calm: d.Calm, whole: max(leastTime, min(wholeTime, v.Config.DownAfter-time.Second)),
		rests: d.Reason == model.HandingOver && !d.Again && v.Grace >= graceToRest, // before a second attempt they have rested
	}
}

// covered reports whether another pod than the successor has what my Redis has.
func covered(v model.View, successor string) bool {
	return slices.ContainsFunc(v.Peers, func(p model.Pod) bool {
		r := &p.Redis
		return p.UID != successor && !p.Terminating && r.Answer == model.Up && r.Role == model.Replica && r.LinkUp && r.Following == v.Self.Address
	})
}

// Service is the Service of the master, where one is known.
func (h State) Service() model.Address { return h.service }

// Successor is the pod that is to lead.
func (h State) Successor() model.Pod { return h.successor }

// Reason is why the mastership is given away.
func (h State) Reason() model.Reason { return h.reason }

// Seal is that of the offer.
func (h State) Seal() string { return model.SealOf(h.word) }

// Deadline is when what is under way must have come to an end: before the pause, so that clients do not go on writing for too long, and
// then so that the last commands are sent before it runs out. Zero is never.
func (h State) Deadline() time.Time {
	switch {
	case !h.deadline.IsZero():
		return h.deadline
	case h.stage == offering, h.stage == preparing:
		return h.pausedBy
	}
	return time.Time{}
}

// Questions are what the next step must know.
type Questions struct {
	// Prepared asks the successor's agent whether it would accept, and where the Service of the master is. Own and Successor ask what the
	// two servers say, Sentinels whether all that answer name the successor, and Route who answers through the Service.
	Prepared, Own, Successor, Sentinels, Route bool
}

// Asks returns what has to be asked before the next step.
func (h State) Asks() Questions {
	switch h.stage {
	case preparing:
		return Questions{Prepared: true}
	case catchingUp:
		return Questions{Own: true, Successor: true}
	case awaiting, awaitingStill:
		return Questions{Successor: true}
	case announcing:
		return Questions{Sentinels: true}
	case rerouting, parting:
		return Questions{Route: true}
	case starting, offering, extending, telling, withdrawing, ending, stages:
	}
	return Questions{}
}

// Outcome is what became of a write of the record, or of the word.
type Outcome int

const (
	// Accepted means that the record is now as it was wanted, or that the successor leads.
	Accepted Outcome = iota
	// Refused means that the record had changed since the version that the write was based on, or that the successor will not lead.
	Refused
	// Unknown means that no answer came, and reading back did not tell. The write may stand or not, and the successor may lead or not.
	Unknown
)

// View is what was heard for one step.
type View struct {
	// Now must not jump: it is compared with earlier steps only.
	Now time.Time
	// Own and Successor are what the two servers answered, if they were asked. Prepared reports whether the successor's agent would
	// accept, and Announced whether all Sentinels that answer name the successor.
	Own, Successor      model.Redis
	Prepared, Announced bool
	// Elected reports whether a Sentinel has said lately that it was elected to replace my Redis.
	Elected bool
	// Service is the Service of the master, with no host where none is known, and Routed the process that answers through it.
	Service model.Address
	Routed  string
	// Record is the newest that is known.
	Record model.Record
	// Written is what became of the last step's record, Told what became of its word, and Err is why one of them, or one of the step's
	// commands, failed.
	Written, Told Outcome
	Err           error
}

// Step is what a handover wants done next, in this order.
type Step struct {
	// Record is what the record is to become, by compare-and-swap with the version in it; nil leaves it.
	Record *model.Record
	// Notify is the address whose agent is to observe at once, after the record was written; the zero value is none.
	Notify model.Address
	// Commands are sent to my Redis.
	Commands []decide.Command
	// Tell is the word for the successor's agent; empty is none.
	Tell string
	// Recheck is when to ask again.
	Recheck time.Duration
	// Done means that the handover is over and nothing is left to do. Err says why it did not succeed.
	Done bool
	Err  error
}
