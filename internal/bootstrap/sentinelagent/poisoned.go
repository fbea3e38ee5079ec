// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
)

const (
	// rebuildWithin bounds one rebuild, of which the API takes most.
	rebuildWithin = 30 * time.Second
	// endsWithin is how long a Sentinel may take to end, and lookAgain how often it is asked whether it has.
	endsWithin = 5 * time.Second
	lookAgain  = 5 * time.Millisecond
)

// antidote rebuilds a Sentinel whose current epoch is beyond belief. Whoever says such a number on a watched Redis has it saved by all
// Sentinels of the set, and at the end of the number range none of them ever wins an election again: no command lowers it, and
// forgetting the groups does not either. Each agent sees it in the same moment, by its Sentinel's own message, so that the whole set
// starts anew at once and no member tells it to another; what they answer to clients afterwards is what they answered before, because
// both come from the records.
type antidote struct {
	file  *confFile
	own   *redis.Client
	spawn observe.Spawn
	busy  atomic.Bool
}

// look rebuilds where it must. The rebuild needs the API, so it runs beside the caller.
func (a *antidote) look(now time.Time) {
	epoch := currentEpoch(a.file.env)
	if model.Recordable(epoch, now) || !a.busy.CompareAndSwap(false, true) {
		return
	}
	a.spawn(func(ctx context.Context) {
		defer a.busy.Store(false)
		a.file.report.Poisoned(epoch)
		if err := a.rebuild(ctx); err != nil && ctx.Err() == nil {
			a.file.env.Log.Error("rebuilding a Sentinel whose epoch is beyond belief", "epoch", epoch, "error", err.Error())
		}
	})
}

// rebuild writes the file from the records and ends the Sentinel, which its container starts again. A Sentinel that saves once more
// before it ends puts the number back: so the file is written again when it has ended.
func (a *antidote) rebuild(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, rebuildWithin)
	defer cancel()
	text, err := a.file.render(ctx)
	if err != nil {
		return err
	}
	if err := a.file.replace(text); err != nil {
		return err
	}
	if err := redisio.NewSentinel(a.own).Shutdown(ctx); err != nil {
		return err
	}
	ended, stop := context.WithTimeout(ctx, endsWithin)
	defer stop()
	for !redisio.Refuses(ended, a.own) {
		if ended.Err() != nil || model.Recordable(currentEpoch(a.file.env), time.Now()) && redisio.Answers(ended, a.own) {
			break // it is up again already
		}
		loop.Pause(ended, lookAgain)
	}
	if model.Recordable(currentEpoch(a.file.env), time.Now()) {
		return nil
	}
	if err := a.file.replace(text); err != nil {
		return fmt.Errorf("after Sentinel has ended: %w", err)
	}
	return nil
}
