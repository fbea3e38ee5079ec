// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/load"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

const (
	// frozenFor is how long a frozen master stands still.
	frozenFor = 60 * time.Second
	// islandFor is how long an island lasts at least: long enough to see whether it ever stops to acknowledge.
	islandFor = 3 * downAfter
	// scriptFor is how long the script blocks the master.
	scriptFor = downAfter + 10*time.Second
	// electedWithin bounds the wait for another master.
	electedWithin = 90 * time.Second
)

// frozen lets the master's pod stand still for a minute, and go on then.
func frozen(ctx context.Context, r *round) error {
	if err := r.freeze(ctx, r.arm.group().Namespace, r.before.master.pod); err != nil {
		return err
	}
	if err := r.elected(ctx); err != nil {
		return err
	}
	if err := r.until(ctx, r.began.Add(frozenFor)); err != nil {
		return err
	}
	return r.mended(ctx)
}

// freeze freezes a pod until the round is over.
func (r *round) freeze(ctx context.Context, namespace, pod string) error {
	r.then(func(ctx context.Context) error { return r.world.Thaw(ctx, namespace, pod) })
	return r.world.Freeze(ctx, namespace, pod)
}

// islanded cuts the master from everything but a client beside it, which goes on writing to it.
func islanded(ctx context.Context, r *round) error {
	namespace, pod := r.arm.group().Namespace, r.before.master.pod
	spec := load.Spec{Path: "island", Client: measure.OnTheWire, Address: r.before.master.address, Key: r.islandKey(), Rate: r.rate}
	var err error
	if r.island, err = load.Start(ctx, spec); err != nil {
		return err
	}
	r.began = time.Now()
	r.then(func(ctx context.Context) error { return r.world.Heal(ctx, namespace, pod) })
	if err := r.world.Cut(ctx, namespace, pod); err != nil {
		return err
	}
	if err := r.elected(ctx); err != nil {
		return err
	}
	if err := r.until(ctx, r.began.Add(islandFor)); err != nil {
		return err
	}
	return r.mended(ctx)
}

// busyScript writes, so that nobody may end it before its time.
const busyScript = `redis.call('set', KEYS[1], 'written') local from = redis.call('time')[1] + 0
while redis.call('time')[1] + 0 < from + ARGV[1] + 0 do end return 'acknowledged'`

// scripted blocks the master with a script that runs longer than Sentinels wait for an answer.
func scripted(ctx context.Context, r *round) error {
	client := redis.NewClient(&redis.Options{Addr: r.before.master.address, MaxRetries: -1, ReadTimeout: -1})
	defer client.Close()
	err := client.Eval(ctx, busyScript, []string{r.key + ":script"}, int(scriptFor.Seconds())).Err()
	if err != nil && !errors.Is(err, context.Canceled) && !cutOff(err) {
		return fmt.Errorf("running the script: %w", err)
	}
	return r.mended(ctx)
}

// cutOff reports whether the server ended the connection, as one that is demoted may.
func cutOff(err error) bool {
	text := err.Error()
	return strings.Contains(text, "EOF") || strings.Contains(text, "reset by peer")
}

// twoSentinelsGone takes two of the three Sentinels away for good, and then freezes the master.
func twoSentinelsGone(ctx context.Context, r *round) error {
	pods, err := r.arm.sentinels(ctx)
	if err != nil {
		return err
	}
	for _, pod := range pods[:2] {
		if err := r.freeze(ctx, pod.Namespace, pod.Name); err != nil {
			return err
		}
	}
	r.began = time.Now()
	if err := r.freeze(ctx, r.arm.group().Namespace, r.before.master.pod); err != nil {
		return err
	}
	// A majority of the Sentinels names nobody any more: whether another leads is seen by the writers alone.
	failed := r.flowing(ctx, electedWithin, everyPath)
	return errors.Join(failed, r.mended(ctx))
}

// mended puts right what was broken and waits until all is well.
func (r *round) mended(ctx context.Context) error {
	if err := r.undo(ctx); err != nil {
		return err
	}
	_, err := r.whole(ctx, wholeWithin, nil)
	return err
}

// elected waits until the Sentinels name another master.
func (r *round) elected(ctx context.Context) error {
	_, err := world.Until(ctx, electedWithin, "another master", func(ctx context.Context) string {
		now, err := r.arm.look(ctx)
		if err != nil {
			return err.Error()
		}
		if now.master.pod == "" || now.master.pod == r.before.master.pod {
			return now.missing
		}
		return ""
	})
	return err
}

// until waits for a moment, which is part of a fault's meaning.
func (r *round) until(ctx context.Context, moment time.Time) error {
	return world.Pass(ctx, time.Until(moment))
}
