// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"fmt"
	"time"
)

// pollEvery is the resolution of measured times.
const pollEvery = 50 * time.Millisecond

// Pass lets time pass that is part of a schedule, unless the context ends.
func Pass(ctx context.Context, during time.Duration) error {
	timer := time.NewTimer(during)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Until calls check again and again until it returns nothing, and returns how long that took. What check returns is what is
// still missing, in words: at the limit the error says what was waited for, for how long, and what was missing last.
func Until(ctx context.Context, limit time.Duration, what string, check func(context.Context) (missing string)) (time.Duration, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	last := "it was not asked once"
	for {
		missing := check(ctx)
		if missing == "" && ctx.Err() == nil { // a question that the limit cut off found nothing missing either
			return time.Since(start), nil
		}
		if deadline, _ := ctx.Deadline(); time.Until(deadline) > pollEvery {
			last = missing // an answer at the deadline tells of the deadline only
		}
		select {
		case <-ctx.Done():
			return time.Since(start), fmt.Errorf("waited %.1f s for %s: %s", time.Since(start).Seconds(), what, last)
		case <-ticker.C:
		}
	}
}

// Holds calls check for the whole time and fails at the first thing missing: for what must not change meanwhile.
func Holds(ctx context.Context, during time.Duration, what string, check func(context.Context) (missing string)) error {
	start := time.Now()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for time.Since(start) < during {
		if missing := check(ctx); missing != "" {
			return fmt.Errorf("%s did not hold after %.1f s: %s", what, time.Since(start).Seconds(), missing)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("watching that %s holds: %w", what, ctx.Err())
		case <-ticker.C:
		}
	}
	return nil
}
