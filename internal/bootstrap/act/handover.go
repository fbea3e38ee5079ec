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
	// written and err are the outcome of the last step.
	written handover.WriteOutcome
	err     error
}

// BeginHandover begins to carry out a decision for a handover. Nothing is done before its first step.
func (a *Redis) BeginHandover(v model.View, d decide.Decision) *Handover {
	return &Handover{actor: a, view: v, state: handover.Begin(v, d)}
}

// Step observes what the next step needs and takes it. It returns when to take the following one or, after the last one, why
// the handover did not succeed.
func (h *Handover) Step(ctx context.Context) (wait time.Duration, done bool, err error) {
	a := h.actor
	onTheWay, cancel := h.bounded(ctx)
	defer cancel()
	seen := handover.View{Record: a.record.Newest(), Written: h.written, Err: h.err}
	asks, to := h.state.Asks(), h.state.Successor().Address
	if asks.Own {
		seen.Own = a.own.Ask(onTheWay)
	}
	if asks.Successor {
		seen.Successor = a.others.Ask(onTheWay, &h.view, to)
	}
	if asks.Sentinels {
		seen.Announced = a.others.Announced(onTheWay, to)
	}
	seen.Now = a.now()
	step, state := a.next(h.state, seen)
	h.state = state
	if step.Done {
		return 0, true, step.Err
	}
	h.err = a.writeAndNotify(onTheWay, step.Record, step.Notify, state.Reason())
	h.written = writeOutcome(h.err)
	if h.err == nil {
		h.err = a.send(ctx, h.view, step.Commands)
	}
	return step.Recheck, false, nil
}

// bounded ends what is in flight at the handover's deadline; the last commands have a time of their own.
func (h *Handover) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline := h.state.Deadline()
	if deadline.IsZero() {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, deadline.Sub(h.actor.now()))
}

func writeOutcome(err error) handover.WriteOutcome {
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
