// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
)

var errNoClaim = errors.New("the heir did not take the mastership in time; it was taken back")

// handOver gives the mastership to the heir without losing a write: pause, let it catch up, offer, wait for its claim,
// follow it. Until the offer is written, going back means to end the pause. Afterwards the offer must be withdrawn from
// the record first, because the heir may be about to claim; what cannot be withdrawn ends in a fenced replica.
func (a *Redis) handOver(ctx context.Context, v decide.View, d decide.Decision) error {
	// Whatever becomes of the loop meanwhile, the end must be reached before the pause runs out: steps on the way are
	// bounded together, the last step has its own time.
	end := context.WithoutCancel(ctx)
	ctx, cancel := context.WithTimeout(end, decide.HandoverLongPause-2*time.Second)
	defer cancel()
	if err := redisio.PauseWrites(ctx, a.Own, decide.HandoverFirstPause); err != nil {
		return err
	}
	heir, err := a.caughtUp(ctx, d.Successor)
	if err != nil {
		return errors.Join(err, redisio.Unpause(end, a.Own))
	}
	if err := redisio.PauseWrites(ctx, a.Own, decide.HandoverLongPause); err != nil {
		return errors.Join(err, redisio.Unpause(end, a.Own))
	}
	next := v.Record
	next.Offer = &decide.Offer{PodUID: d.Successor.UID, RunID: heir.RunID, ReplID: heir.ReplID, Offset: heir.Offset, Reason: string(d.Reason)}
	err = a.swap(ctx, v, next, d.Reason)
	switch {
	case errors.Is(err, record.ErrConflict):
		return errors.Join(err, redisio.Unpause(end, a.Own))
	case err != nil: // nobody knows whether the offer stands: serve nobody, and see
		return errors.Join(err, a.stepDown(end, decide.FenceAddress))
	}
	notify(ctx, d.Successor.Address.Host)
	if !a.promoted(ctx, d.Successor, decide.HandoverClaimTime) {
		if err := a.withdraw(ctx, v, next); err == nil {
			return errors.Join(errNoClaim, redisio.Unpause(end, a.Own))
		}
		if !a.promoted(ctx, d.Successor, decide.HandoverClaimTime) {
			return errors.Join(errNoClaim, a.stepDown(end, decide.FenceAddress))
		}
	}
	return a.moveTo(end, d.Successor)
}

// caughtUp waits until the heir has everything that I have.
func (a *Redis) caughtUp(ctx context.Context, heir decide.Pod) (decide.Redis, error) {
	client := a.Clients.To(heir.Address, "", "")
	var last decide.Redis
	err := poll(ctx, decide.HandoverCatchUp, func() bool {
		own := redisio.Ask(ctx, a.Own)
		last = redisio.Ask(ctx, client)
		return own.Answer == decide.Up && last.Answer == decide.Up && last.ReplID == own.ReplID && last.Offset >= own.Offset && last.RunID == heir.Redis.RunID
	})
	if err != nil {
		return last, fmt.Errorf("%s did not catch up: %w", heir.Name, err)
	}
	return last, nil
}

// promoted waits until the heir answers role:master.
func (a *Redis) promoted(ctx context.Context, heir decide.Pod, most time.Duration) bool {
	client := a.Clients.To(heir.Address, "", "")
	return poll(ctx, most, func() bool {
		r := redisio.Ask(ctx, client)
		return r.Answer == decide.Up && r.Role == decide.Master
	}) == nil
}

// withdraw takes the offer back; an error means that it may have been taken.
func (a *Redis) withdraw(ctx context.Context, v decide.View, offered decide.Record) error {
	seen := a.Lease()
	if seen == nil {
		return record.ErrConflict
	}
	now, err := record.Decode(seen)
	if err != nil || now.PodUID != v.Self.UID || now.Epoch != offered.Epoch {
		return errors.Join(record.ErrConflict, err)
	}
	now.Offer = nil
	written, err := record.Swap(ctx, a.Leases, seen, now, "OfferWithdrawn")
	if err != nil {
		return err
	}
	a.Learn(written)
	return nil
}

// moveTo follows the heir, keeps the clients until Sentinels can tell them where to go, and sends them there.
func (a *Redis) moveTo(ctx context.Context, heir decide.Pod) error {
	if err := redisio.Follow(ctx, a.Own, heir.Address); err != nil {
		return err
	}
	_ = poll(ctx, decide.HandoverMoveTime, func() bool { return a.Named(ctx, heir.Address) }) // late Sentinels cost clients a retry
	return errors.Join(redisio.KillClients(ctx, a.Own), redisio.Unpause(ctx, a.Own))
}

// stepDown makes me serve nobody.
func (a *Redis) stepDown(ctx context.Context, to decide.Address) error {
	return errors.Join(redisio.Follow(ctx, a.Own, to), redisio.KillClients(ctx, a.Own), redisio.Unpause(ctx, a.Own))
}

// poll asks until the answer is yes or the time is over.
func poll(ctx context.Context, most time.Duration, yes func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for ticker := time.NewTicker(decide.HandoverPollEvery); ; {
		if yes() {
			ticker.Stop()
			return nil
		}
		select {
		case <-ctx.Done():
			ticker.Stop()
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
