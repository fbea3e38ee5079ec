// SPDX-License-Identifier: Apache-2.0

// Package handover gives the mastership from one Redis to another without losing a write. It is a decision like the others of
// the agent, in several steps: pure, and carried out by whatever drives it.
package handover

import (
	"errors"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// The times of a handover.
const (
	// catchUpTime bounds the wait for the successor to have everything that was written; the first pause outlasts it.
	catchUpTime = time.Second
	// firstPause stays below the smallest down-after: a paused master answers PING late, because hellos wait with the writes.
	firstPause = 1500 * time.Millisecond
	// longPause covers the offer and its answer. Nothing may be written between offer and demotion, or it would be lost.
	longPause = 8 * time.Second
	// lastMoment is how long before the end of the pause the outcome of a handover must be known.
	lastMoment = 2 * time.Second
	// acceptTime is how long the successor has to claim and promote.
	acceptTime = time.Second
	// announceTime is how long clients are kept so that Sentinels can name the successor.
	announceTime = 500 * time.Millisecond
	// askEvery is how often a server is asked while writes are held back.
	askEvery = 5 * time.Millisecond
)

var (
	// ErrNotCaughtUp ends a handover whose successor did not get everything that was written in time. Writes go on.
	ErrNotCaughtUp = errors.New("the successor did not catch up in time")
	// ErrNotAccepted ends a handover whose successor did not accept the mastership in time.
	ErrNotAccepted = errors.New("the successor did not accept the mastership in time; it was taken back")
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

// Deadline is when what is in flight must have ended, so that the end is reached before the pause runs out; zero before the
// beginning.
func (h State) Deadline() time.Time { return h.deadline }

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

// Next takes one step.
func (h State) Next(v View) (Step, State) {
	switch h.stage {
	case starting:
		h.stage, h.deadline = catchingUp, v.Now.Add(longPause-lastMoment)
		return Step{Commands: []decide.Command{{Do: decide.PauseWrites, For: firstPause}}}, h
	case catchingUp:
		return h.catchUp(v)
	case extending:
		if v.Err != nil {
			return h.resume(v.Err)
		}
		h.stage = offering
		return Step{Record: h.withOffer(), Notify: h.successor.Address}, h
	case offering:
		return h.offerWritten(v)
	case awaiting:
		return h.await(v)
	case withdrawing:
		if v.Written == Accepted {
			return h.resume(ErrNotAccepted)
		}
		return h.awaitStill(v)
	case awaitingStill:
		switch {
		case accepted(v):
			return h.move()
		case !v.Now.Before(h.until):
			return h.serveNobody(ErrNotAccepted)
		}
		return Step{Recheck: askEvery}, h
	case moving:
		if v.Err != nil { // the pause stays: it is unknown whether my Redis follows
			return Step{Done: true, Err: v.Err}, h
		}
		h.stage, h.until = announcing, v.Now.Add(announceTime)
		return Step{}, h
	case announcing:
		if !v.Announced && v.Now.Before(h.until) { // late Sentinels cost clients a retry
			return Step{Recheck: askEvery}, h
		}
		return h.end(nil, decide.Command{Do: decide.DisconnectClients}, decide.Command{Do: decide.ResumeWrites})
	case ending:
	}
	return Step{Done: true, Err: errors.Join(h.outcome, v.Err)}, h
}

// catchUp waits until the successor has everything that I have.
func (h State) catchUp(v View) (Step, State) {
	if h.until.IsZero() {
		if v.Err != nil { // it is unknown whether writes are paused; the pause ends by itself soon
			return Step{Done: true, Err: v.Err}, h
		}
		h.until = h.soonest(v.Now.Add(catchUpTime))
	}
	own, to := &v.Own, &v.Successor
	switch {
	case own.Answer == model.Up && to.Answer == model.Up && to.ReplID == own.ReplID && to.Offset >= own.Offset && to.RunID == h.successor.Redis.RunID:
		h.stage, h.offered = extending, *to
		return Step{Commands: []decide.Command{{Do: decide.PauseWrites, For: longPause}}}, h
	case !v.Now.Before(h.until):
		return h.resume(ErrNotCaughtUp)
	}
	return Step{Recheck: askEvery}, h
}

// withOffer is the record with the offer to the process that has everything.
func (h State) withOffer() *model.Record {
	next, to := h.record, &h.offered
	next.Offer = &model.Offer{PodUID: h.successor.UID, RunID: to.RunID, ReplID: to.ReplID, Offset: to.Offset, Reason: string(h.reason)}
	return &next
}

// offerWritten goes on from what became of the offer.
func (h State) offerWritten(v View) (Step, State) {
	switch v.Written {
	case Refused:
		return h.resume(v.Err)
	case Unknown: // it is unknown whether the offer stands: serve no client, and see
		return h.serveNobody(v.Err)
	case Accepted:
	}
	h.stage, h.until = awaiting, h.soonest(v.Now.Add(acceptTime))
	return Step{}, h
}

// await waits for the successor's promotion, and takes back the offer if it does not come.
func (h State) await(v View) (Step, State) {
	switch {
	case accepted(v):
		return h.move()
	case v.Now.Before(h.until):
		return Step{Recheck: askEvery}, h
	case v.Record.PodUID != h.self || v.Record.Epoch != h.record.Epoch: // it was accepted
		return h.awaitStill(v)
	}
	h.stage = withdrawing
	next := v.Record
	next.Offer = nil
	return Step{Record: &next}, h
}

func (h State) awaitStill(v View) (Step, State) {
	h.stage, h.until = awaitingStill, h.soonest(v.Now.Add(acceptTime))
	return Step{}, h
}

func (h State) move() (Step, State) {
	h.stage = moving
	return Step{Commands: []decide.Command{{Do: decide.ReplicateFrom, Master: h.successor.Address}}}, h
}

// resume lets writes go on where they were.
func (h State) resume(why error) (Step, State) {
	return h.end(why, decide.Command{Do: decide.ResumeWrites})
}

// serveNobody leaves the question which pod leads to the record. A Redis that cannot be fenced stays paused.
func (h State) serveNobody(why error) (Step, State) {
	return h.end(why, decide.Command{Do: decide.ReplicateFrom, Master: model.FenceAddress}, decide.Command{Do: decide.DisconnectClients}, decide.Command{Do: decide.ResumeWrites})
}

func (h State) end(outcome error, commands ...decide.Command) (Step, State) {
	h.stage, h.outcome = ending, outcome
	return Step{Commands: commands}, h
}

// soonest is an instant, or the deadline where that comes first.
func (h State) soonest(at time.Time) time.Time {
	if h.deadline.Before(at) {
		return h.deadline
	}
	return at
}

// accepted reports whether the successor answers as master.
func accepted(v View) bool {
	return v.Successor.Answer == model.Up && v.Successor.Role == model.Master
}
