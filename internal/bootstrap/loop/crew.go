// SPDX-License-Identifier: Apache-2.0

package loop

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"
)

// errPanicked ends an agent whose start, or whose server of probes, panicked.
var errPanicked = errors.New("a part that the agent cannot do without panicked; the log has the cause")

// Crew is the goroutines of one agent. All of them end before Wait returns, and a panic in one is a line in the log.
type Crew struct {
	group *errgroup.Group
	log   *slog.Logger
	// ctx ends when the agent is to end, or when one of the goroutines failed.
	ctx context.Context //nolint:containedctx // it is the life of the goroutines, not of a call
}

// NewCrew makes an empty crew. Its context ends with ctx, or with the first error.
func NewCrew(ctx context.Context, log *slog.Logger) (*Crew, context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	return &Crew{group: group, log: log, ctx: ctx}, ctx
}

// Go runs a function without which the agent is none, such as its start and the server of its probes: an error of it ends the agent,
// and so does a panic, because nobody can say how far it came.
func (c *Crew) Go(f func(context.Context) error) {
	c.group.Go(func() error {
		err := errPanicked
		Guard(c.log, func() { err = f(c.ctx) })
		return err
	})
}

// Keep runs a function for as long as the agent lives: where it returns early or panics, it is started again a second later.
func (c *Crew) Keep(f func(context.Context)) {
	c.group.Go(func() error {
		for c.ctx.Err() == nil {
			Guard(c.log, func() { f(c.ctx) })
			Pause(c.ctx, afterPanic)
		}
		return nil
	})
}

// Pause waits; it ends early with the context.
func Pause(ctx context.Context, long time.Duration) {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// Spawn runs something beside the turns, once; a panic ends only that.
func (c *Crew) Spawn(f func(context.Context)) {
	c.group.Go(func() error {
		Guard(c.log, func() { f(c.ctx) })
		return nil
	})
}

// Wait returns when all have ended, with the first error; nil where the end was asked for.
func (c *Crew) Wait() error { return c.group.Wait() }
