// SPDX-License-Identifier: Apache-2.0

// Package handover gives the mastership from one Redis to another without losing a write. It is a decision like the others of
// the agent, in several steps: pure, and carried out by whatever drives it.
package handover

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// stage is how far a handover has come. Each names what the next observation shows.
type stage int

const (
	// starting means that nothing has been done.
	starting stage = iota
	// catchingUp means that writes are paused, and the successor gets what it lacks.
	catchingUp
	// extending means that the successor has everything, and the pause is made long.
	extending
	// offering means that the offer is being written.
	offering
	// awaiting means that the offer stands, and the successor is to claim.
	awaiting
	// withdrawing means that the offer is being taken back.
	withdrawing
	// awaitingStill means that the offer could not be taken back, so it may have been accepted.
	awaitingStill
	// moving means that the successor leads, and my Redis is pointed at it.
	moving
	// announcing means that my Redis follows, and clients are kept until Sentinels can tell them where to go.
	announcing
	// ending means that the last commands are under way.
	ending
)

// State is how far one handover has come. A handover gives the mastership to a successor without losing a write: pause, let it
// catch up, offer, wait for its claim, follow it. Until the offer is written, going back means to end the pause. Afterwards the
// offer must be withdrawn from the record first, because the successor may be about to claim; what cannot be withdrawn ends in a
// fenced replica.
//
// It is a step machine that has no clock and asks no server. Its caller's loop is
//
//	for {
//		step, state = state.Next(observe(state.Asks()))
//		if step.Done { return step.Err }
//		write(step.Record); notify(step.Notify); send(step.Commands)
//		wait(step.Recheck)
//	}
type State struct {
	stage     stage
	self      string
	record    model.Record
	successor model.Pod
	reason    model.Reason
	// offered is the successor as it was seen when it had everything.
	offered model.Redis
	// until is when the stage is over, and deadline is when everything before the end must be: after it only the end remains.
	until    time.Time
	deadline time.Time
	outcome  error
}

// Begin begins what a decision for the action Handover wants.
func Begin(v model.View, d decide.Decision) State {
	return State{self: v.Self.UID, record: v.Record, successor: d.Successor, reason: d.Reason}
}

// Successor is the pod that is to lead.
func (h State) Successor() model.Pod { return h.successor }

// Reason is why the mastership is given away.
func (h State) Reason() model.Reason { return h.reason }

// Deadline is when what is under way must have come to an end, so that the last commands are sent before the pause runs out; zero
// before the beginning.
func (h State) Deadline() time.Time {
	if h.stage == announcing {
		return h.until
	}
	return h.deadline
}

// Questions are what the next step must know.
type Questions struct {
	// Own and Successor ask what the two servers say, and Sentinels whether most of them name the successor.
	Own, Successor, Sentinels bool
}

// Asks returns what has to be asked before the next step.
func (h State) Asks() Questions {
	switch h.stage {
	case catchingUp:
		return Questions{Own: true, Successor: true}
	case awaiting, awaitingStill:
		return Questions{Successor: true}
	case announcing:
		return Questions{Sentinels: true}
	case starting, extending, offering, withdrawing, moving, ending:
	}
	return Questions{}
}

// WriteOutcome is what became of a write of the record.
type WriteOutcome int

const (
	// Accepted means that the record is now as it was wanted.
	Accepted WriteOutcome = iota
	// Refused means that the record had changed since the version that the write was based on.
	Refused
	// Unknown means that no answer came, and reading back did not tell. The write may stand or not.
	Unknown
)

// View is what was heard for one step.
type View struct {
	// Now must not jump: it is compared with earlier steps only.
	Now time.Time
	// Own and Successor are what the two servers answered, if they were asked. Announced reports whether most Sentinels name
	// the successor.
	Own, Successor model.Redis
	Announced      bool
	// Record is the newest that is known.
	Record model.Record
	// Written is what became of the last step's record, and Err is why it, or one of the step's commands, failed.
	Written WriteOutcome
	Err     error
}

// Step is what a handover wants done next, in this order.
type Step struct {
	// Record is what the record is to become, by compare-and-swap with the version in it; nil leaves it.
	Record *model.Record
	// Notify is the address whose agent is to observe at once, after the record was written; the zero value is none.
	Notify model.Address
	// Commands are sent to my Redis.
	Commands []decide.Command
	// Recheck is when to ask again.
	Recheck time.Duration
	// Done means that the handover is over and nothing is left to do. Err says why it did not succeed.
	Done bool
	Err  error
}
