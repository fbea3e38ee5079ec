// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
)

// ErrNotAccepted means that an agent will not lead by the word that it was given.
var ErrNotAccepted = errors.New("the offer was not accepted")

// Accept claims the mastership that a sealed offer in the view gives, and promotes my Redis, in one go: clients wait for it. View.Word is
// the holder's. It returns what is remembered afterwards, and ErrNotAccepted where nothing was claimed and nothing will be by this view.
func (a *Redis) Accept(ctx context.Context, v model.View, m decide.Memory, next func(model.View, decide.Memory) (decide.Decision, decide.Memory)) (decide.Memory, error) {
	v.Self.Redis = a.own.Ask(ctx)
	claim, claimed := next(v, m)
	if claim.Action != decide.Claim {
		return m, fmt.Errorf("%w: %s (%s)", ErrNotAccepted, claim.Action, claim.Reason)
	}
	switch err := a.record.Swap(ctx, *claim.Record, claim.Reason); {
	case errors.Is(err, record.ErrConflict):
		return claimed, fmt.Errorf("%w: %w", ErrNotAccepted, err)
	case err != nil:
		return claimed, fmt.Errorf("claiming: %w", err)
	}
	v.Record = a.record.Newest()
	promotion, after := next(v, claimed)
	if promotion.Action != decide.Promote { // the next turn sees why
		return after, fmt.Errorf("promoting after a claim: %s (%s)", promotion.Action, promotion.Reason)
	}
	return after, a.send(ctx, v, promotion.Commands)
}
