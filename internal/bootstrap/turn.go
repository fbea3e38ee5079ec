// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

// shortest keeps a storm of wake-ups from becoming a storm of questions.
const shortest = 10 * time.Millisecond

// wakeup is a channel of one: many calls between two turns are one wake-up.
type wakeup chan struct{}

func newWakeup() wakeup { return make(wakeup, 1) }

func (w wakeup) wake() {
	select {
	case w <- struct{}{}:
	default:
	}
}

// repeat takes turns until the context ends; each turn says when the next is due. A panic ends its turn only.
func repeat(ctx context.Context, log *slog.Logger, woken wakeup, turn func(context.Context) time.Duration) {
	for ctx.Err() == nil {
		wait := guarded(ctx, log, turn)
		timer := time.NewTimer(max(wait, shortest))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-woken:
		}
		timer.Stop()
	}
}

func guarded(ctx context.Context, log *slog.Logger, turn func(context.Context) time.Duration) (wait time.Duration) {
	defer func() {
		if cause := recover(); cause != nil {
			log.Error("turn failed", "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
			wait = time.Second
		}
	}()
	return turn(ctx)
}
