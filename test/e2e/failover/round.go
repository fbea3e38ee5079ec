// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/load"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

const (
	// calmFor is how many seconds of acknowledged writes come before a fault, and again when everything is whole.
	calmFor = 0.5
	// calmWithin bounds the wait for those.
	calmWithin = 30 * time.Second
	// wholeWithin bounds the time until an arm is whole before a round, and after most faults.
	wholeWithin = 2 * time.Minute
	// undoWithin bounds what is put right after a round, also one that was interrupted.
	undoWithin = time.Minute
)

// round is one fault being done to one arm.
type round struct {
	world   *world.World
	arm     arm
	clients load.Client
	rate    int
	key     string // begins the keys of this round
	before  state
	specs   []load.Spec
	// began is when the fault began; a fault says it itself where there is something to prepare.
	began  time.Time
	island *load.Writer
	cut    time.Time // no client but the island's reached the master any more
	undos  []func(context.Context) error
}

// play prepares, lets the fault happen, waits until all is well again, and counts. What fails is told in the result, which holds
// what could be measured all the same.
func (r *round) play(ctx context.Context, f fault, result *measure.Round) {
	start := time.Now()
	defer func() {
		result.Seconds = time.Since(start).Seconds()
		if r.island != nil { // nobody counted what it wrote
			r.island.Stop()
		}
	}()
	var err error
	if r.before, err = r.whole(ctx, wholeWithin, nil); err != nil {
		result.Failed = "before: " + err.Error()
		return
	}
	if err = r.startWriters(ctx); err != nil {
		result.Failed = "before: " + err.Error()
		return
	}
	result.Load = loadAverage()
	r.began = time.Now()
	err = f.do(ctx, r)
	err = errors.Join(err, r.undo(ctx))
	if err == nil {
		result.Whole = time.Since(r.began).Seconds()
		err = r.calm(ctx)
	} else if _, late := r.whole(ctx, wholeWithin, nil); late != nil { // the losses can be counted once there is a master again
		err = errors.Join(err, fmt.Errorf("afterwards: %w", late))
	}
	if err = errors.Join(err, r.count(ctx, result)); err != nil {
		result.Failed = err.Error()
	}
}

// startWriters starts a writer for each path and kind of client, and waits until writes flow by all of them.
func (r *round) startWriters(ctx context.Context) error {
	r.specs = r.arm.specs()
	for i := range r.specs {
		r.specs[i].Key = fmt.Sprintf("%s:%s:%s", r.key, r.specs[i].Path, r.specs[i].Client)
		r.specs[i].Rate = r.rate
	}
	if err := r.clients.Start(ctx, r.specs); err != nil {
		return err
	}
	return r.calm(ctx)
}

// calm waits until every writer had some more writes acknowledged, after which nothing of a fault is to be noticed any more.
func (r *round) calm(ctx context.Context) error { return r.flowing(ctx, calmWithin, everyPath) }

// everyPath is each way by which writers come to their master.
func everyPath(string) bool { return true }

// flowing waits until every writer on the paths in question had some more writes acknowledged.
func (r *round) flowing(ctx context.Context, within time.Duration, counts func(path string) bool) error {
	from, err := r.clients.Acks(ctx)
	if err != nil {
		return err
	}
	more := int(calmFor * float64(r.rate))
	_, err = world.Until(ctx, within, fmt.Sprintf("%d more acknowledged writes by each writer", more), func(ctx context.Context) string {
		now, failed := r.clients.Acks(ctx)
		if failed != nil {
			return failed.Error()
		}
		for i := range now {
			if counts(r.specs[i].Path) && now[i] < from[i]+more {
				return fmt.Sprintf("%s as %s has %d", r.specs[i].Path, r.specs[i].Client, now[i]-from[i])
			}
		}
		return ""
	})
	return err
}

// whole waits until the arm lacks nothing, and what else the fault is waited out by.
func (r *round) whole(ctx context.Context, within time.Duration, also func(context.Context, state) string) (state, error) {
	var seen state
	_, err := world.Until(ctx, within, r.arm.name()+" to be whole", func(ctx context.Context) string {
		now, err := r.arm.look(ctx)
		if err != nil {
			return err.Error()
		}
		if also != nil {
			if missing := also(ctx, now); missing != "" {
				return missing
			}
		}
		if now.missing == "" {
			seen = now
		}
		return now.missing
	})
	return seen, err
}

// then keeps what puts right again what a fault breaks. It is done when the round is over, or interrupted.
func (r *round) then(undo func(context.Context) error) { r.undos = append(r.undos, undo) }

// undo puts everything right, the last thing first. What was put right is forgotten.
func (r *round) undo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoWithin)
	defer cancel()
	var failed []error
	for len(r.undos) > 0 {
		last := len(r.undos) - 1
		failed = append(failed, r.undos[last](ctx))
		r.undos = r.undos[:last]
	}
	return errors.Join(failed...)
}
