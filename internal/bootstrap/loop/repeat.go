// SPDX-License-Identifier: Apache-2.0

package loop

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

const (
	// Shortest is the least time from one turn to the next: it keeps a storm of wake-ups from becoming a storm of questions.
	Shortest = 10 * time.Millisecond
	// afterPanic is how long after a panic the next turn is.
	afterPanic = time.Second
)

// Wakeup is a channel of capacity one: many calls between two turns are one wake-up.
type Wakeup chan struct{}

// NewWakeup returns a Wakeup that has not been used yet.
func NewWakeup() Wakeup { return make(Wakeup, 1) }

// Wake makes the next turn begin at once.
func (w Wakeup) Wake() {
	select {
	case w <- struct{}{}:
	default:
	}
}

// Repeat takes turns until the context ends; each turn says when the next is due. A panic ends its turn only.
func Repeat(ctx context.Context, log *slog.Logger, woken Wakeup, turn func(context.Context) time.Duration) {
	for ctx.Err() == nil {
		wait := afterPanic
		Guard(log, func() { wait = turn(ctx) })
		Pause(ctx, Shortest)
		timer := time.NewTimer(max(wait-Shortest, 0))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-woken:
		}
		timer.Stop()
	}
}

// Guard runs a function and logs its panic, if there is one. It reports whether the function returned.
func Guard(log *slog.Logger, f func()) (finished bool) {
	defer func() {
		if cause := recover(); cause != nil {
			log.Error("recovered from a panic", "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
		}
	}()
	f()
	return true
}
