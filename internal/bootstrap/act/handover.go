// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"errors"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/handover"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
)

// Handover is a handover in progress.
type Handover struct {
	actor *Redis
	view  model.View
	state handover.State
	// written, told and err are the outcome of the last step.
	written, told handover.Outcome
	err           error
}

// Handed is what is known of a handover that is over.
type Handed struct {
	handover.Timing
	// To is the pod that was to lead.
	To string
}

// Handed is the last handover that is over.
func (a *Redis) Handed() Handed { return a.handed }

// BeginHandover begins to carry out a decision for a handover. Nothing is done before its first step.
func (a *Redis) BeginHandover(v model.View, d decide.Decision) *Handover {
	return &Handover{actor: a, view: v, state: handover.Begin(v, d, a.word())}
}

// Step observes what the next step needs and takes it. It returns when to take the following one or, after the last one, why
// the handover did not succeed.
func (h *Handover) Step(ctx context.Context) (wait time.Duration, done bool, err error) {
	a := h.actor
	seen := h.observe(ctx)
	step, state := a.next(h.state, seen)
	h.state = state
	if step.Done {
		a.handed = Handed{Timing: state.Timing(seen.Now), To: state.Successor().Name}
		return 0, true, step.Err
	}
	onTheWay, cancel := h.bounded(ctx)
	defer cancel()
	h.err = a.writeAndNotify(onTheWay, step.Record, step.Notify, state.Reason())
	h.written = writeOutcome(h.err)
	if h.err == nil {
		h.err = a.send(ctx, h.view, step.Commands)
	}
	if h.err == nil && step.Tell != "" {
		h.err = a.others.Tell(onTheWay, state.Successor().Address, step.Tell, state.Timing(seen.Now).Pause)
		h.told = tellOutcome(h.err)
	}
	return step.Recheck, false, nil
}

// observe asks what the next step has to know.
func (h *Handover) observe(ctx context.Context) handover.View {
	a := h.actor
	onTheWay, cancel := h.bounded(ctx)
	defer cancel()
	seen := handover.View{Record: a.record.Newest(), Written: h.written, Told: h.told, Err: h.err, Elected: a.others.Elected()}
	asks, to := h.state.Asks(), h.state.Successor().Address
	if asks.Prepared {
		seen.Service = a.others.MasterService(onTheWay)
		seen.Prepared = a.others.Prepared(onTheWay, to, h.state.Seal())
	}
	if asks.Own {
		seen.Own = a.own.Ask(onTheWay)
	}
	if asks.Successor {
		seen.Successor = a.others.Ask(onTheWay, &h.view, to)
	}
	if asks.Sentinels {
		seen.Announced = a.others.Announced(onTheWay, to)
	}
	if asks.Route {
		seen.Routed = a.others.Through(ctx, &h.view, h.state.Service(), to)
	}
	seen.Now = a.now()
	return seen
}

// bounded ends what is in flight at the deadline of the handover's stage; the last commands have a time of their own.
func (h *Handover) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline := h.state.Deadline()
	if deadline.IsZero() {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, deadline.Sub(h.actor.now()))
}

func tellOutcome(err error) handover.Outcome {
	switch {
	case err == nil:
		return handover.Accepted
	case errors.Is(err, ErrNotAccepted):
		return handover.Refused
	}
	return handover.Unknown
}

func writeOutcome(err error) handover.Outcome {
	switch {
	case err == nil:
		return handover.Accepted
	case errors.Is(err, record.ErrConflict):
		return handover.Refused
	}
	return handover.Unknown
}

// handOver takes all steps. Whatever happens to the loop meanwhile, the end must be reached before the pause runs out.
func (a *Redis) handOver(ctx context.Context, v model.View, d decide.Decision) error {
	ctx = context.WithoutCancel(ctx)
	for h := a.BeginHandover(v, d); ; {
		wait, done, err := h.Step(ctx)
		if done {
			return err
		}
		time.Sleep(wait)
	}
}
