// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// masterWithin bounds the wait for a master to read the written keys from.
const masterWithin = 30 * time.Second

// count stops the writers, asks the master what it has of their writes, and removes these.
func (r *round) count(ctx context.Context, result *measure.Round) error {
	logs, err := r.clients.Stop(ctx)
	if err != nil {
		return err
	}
	for i, log := range logs {
		gap := log.LongestGap(r.began)
		bits, err := r.take(ctx, r.specs[i].Key)
		if err != nil {
			return err
		}
		lost := log.Lost(bits, gap)
		result.Writers = append(result.Writers, measure.Writer{
			Path: r.specs[i].Path, Client: r.specs[i].Client, Acks: log.Acks(),
			Gap: measure.Milliseconds(gap.Time), GapFrom: measure.Milliseconds(gap.From.Sub(r.began)),
			Kept:   measure.Milliseconds(log.Kept(bits).LongestGap(r.began).Time),
			Errors: log.Errors, Skipped: log.Skipped, Lost: lost.Count, LostAge: measure.Milliseconds(lost.Age),
		})
		if r.specs[i].Path == measure.BySentinel && r.specs[i].Client == measure.OnTheWire {
			r.cut = gap.From
		}
	}
	return r.countIsland(ctx, result)
}

// countIsland counts what a client acknowledged that was cut off with the master. The cut came when the last write of a client on the
// mainland was acknowledged, which is better known than when the rules were loaded.
func (r *round) countIsland(ctx context.Context, result *measure.Round) error {
	if r.island == nil {
		return nil
	}
	log := r.island.Stop()
	r.island = nil
	bits, err := r.take(ctx, r.islandKey())
	if err != nil {
		return err
	}
	acks, last := log.After(r.cut)
	late, _ := log.After(r.cut.Add(downAfter - time.Second))
	lost := log.Lost(bits, measure.Gap{From: r.cut})
	result.Island = &measure.Island{Acks: acks, Late: late, Last: measure.Milliseconds(last), Lost: lost.Count}
	return nil
}

func (r *round) islandKey() string { return r.key + ":island" }

// take reads a key from the master and removes it.
func (r *round) take(ctx context.Context, key string) ([]byte, error) {
	var bits []byte
	_, err := world.Until(ctx, masterWithin, "the master to read "+key+" from", func(ctx context.Context) string {
		now, err := r.arm.look(ctx)
		if err != nil {
			return err.Error()
		}
		if now.master.address == "" {
			return "there is none"
		}
		client := r.world.At(now.master.address)
		bits, err = client.Get(ctx, key).Bytes()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err.Error()
		}
		_ = client.Unlink(ctx, key) // what stays is some kilobytes
		return ""
	})
	return bits, err
}

// loadAverage is the machine's over the last minute; 0 where it has none to tell.
func loadAverage() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), " ")
	load, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return load
}

// line is a round in a few words, for whoever watches.
func line(result measure.Round) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%-12s %-18s round %2d  %5.1f s, whole after %5.1f s", result.Arm, result.Fault, result.Number, result.Seconds, result.Whole)
	for _, w := range result.Writers {
		fmt.Fprintf(&text, "; %s/%s gap %.0f ms, %d errors, %d lost of %d", w.Path, w.Client, w.Gap, w.ErrorSum(), w.Lost, w.Acks)
		if w.Skipped > 0 {
			fmt.Fprintf(&text, ", %d skipped", w.Skipped)
		}
	}
	if i := result.Island; i != nil {
		fmt.Fprintf(&text, "; island: %d acknowledged, the last after %.0f ms, %d late, %d lost", i.Acks, i.Last, i.Late, i.Lost)
	}
	if result.Failed != "" {
		fmt.Fprintf(&text, "\n    FAILED: %s", result.Failed)
	}
	return text.String()
}
