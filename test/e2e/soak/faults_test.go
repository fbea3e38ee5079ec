// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/soak/schedule"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// TestFaults plays random faults, a step at a time, and waits after each until the group is whole. A planned change loses no
// acknowledged write, nothing loses one that a replica had, and two masters do not acknowledge for longer than two turns take.
func TestFaults(t *testing.T) {
	s := start(t)
	next, source := plan(t, s.world.CanKill())
	t.Logf("faults by %s", source)
	var played []schedule.Step
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("faults by %s; the schedule up to here, for -soak.replay:\n%s", source, schedule.Text(played))
		}
	})
	gaps := map[string][]time.Duration{}
	for begun := time.Now(); time.Since(begun) < *faultsFor; {
		step := next()
		if step == nil {
			break
		}
		s.begin()
		played = append(played, step)
		after, took := s.play(t, step)
		v := s.judge(t, after, step.Planned())
		now, _ := after.Master()
		t.Logf("step %d at %s: %s (planned: %t): %s leads a whole group %.1f s after the end; %s", len(played), clock(s.current), step, step.Planned(), now.Pod, took.Seconds(), v)
		if t.Failed() {
			t.FailNow()
		}
		kind := "of steps that are not planned"
		if step.Planned() {
			kind = "of planned steps"
		}
		gaps[kind] = append(gaps[kind], max(v.gaps["Sentinel"], v.gaps["Service"]))
	}
	for kind, measured := range gaps {
		t.Logf("%d longest gaps %s: %s", len(measured), kind, spread(measured))
	}
	s.finish(t)
}

// plan is where the steps come from, which end with nil, and its name.
func plan(t *testing.T, node bool) (next func() schedule.Step, source string) {
	t.Helper()
	if *replay == "" {
		return schedule.New(*seed, node).Next, fmt.Sprintf("-soak.seed=%d", *seed)
	}
	text, err := os.ReadFile(*replay)
	must(t, err)
	steps, err := schedule.Parse(string(text))
	must(t, err)
	return func() schedule.Step {
		if len(steps) == 0 {
			return nil
		}
		first := steps[0]
		steps = steps[1:]
		return first
	}, *replay
}

// play carries out one step and waits until the group is whole. It returns how long that took from the end of the last fault.
func (s *soak) play(t *testing.T, step schedule.Step) (whole world.View, took time.Duration) {
	t.Helper()
	before, err := s.remember(t.Context())
	must(t, err)
	ends := make(chan error, len(step))
	for _, fault := range step {
		go func() { ends <- s.inject(t.Context(), fault, before) }()
	}
	for range step {
		if failed := <-ends; failed != nil {
			err = failed
		}
	}
	must(t, err)
	began := time.Now()
	_, err = world.Until(t.Context(), wholeWithin, fmt.Sprintf("the group to be whole after %q", step), func(ctx context.Context) string {
		if missing := s.traces(ctx, step, before); missing != "" {
			return missing
		}
		var silent error
		if whole, silent = s.world.Look(ctx, s.group); silent != nil {
			return silent.Error()
		}
		if missing := whole.Missing(); missing != "" {
			return missing
		}
		return s.unsettled(ctx, whole)
	})
	must(t, err)
	return whole, time.Since(began)
}

// unsettled says what of a step may still come in a group that looks whole: a failover that began when its master was out of sight, by a
// Sentinel that has it down, and what a replica has not heard of yet, which such a failover would lose.
func (s *soak) unsettled(ctx context.Context, whole world.View) string {
	members, err := s.world.Members(ctx, s.group)
	if err != nil {
		return err.Error()
	}
	for _, pod := range members {
		if !schedule.Target(pod.Name).IsSentinel() {
			continue
		}
		said, err := s.world.At(net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(contract.SentinelPort))).Do(ctx, "sentinel", "master", s.group.MasterName()).Result()
		if err != nil {
			return pod.Name + ": " + err.Error()
		}
		if text := fmt.Sprint(said); strings.Contains(text, "_down") || strings.Contains(text, "failover_in_progress") {
			return pod.Name + " has the master down, or fails over"
		}
	}
	master, _ := whole.Master()
	pipe := s.world.In(s.group, master.Address).Pipeline()
	pipe.Set(ctx, "soak:settled", 1, 0)
	heard := pipe.Do(ctx, "wait", s.group.Replicas-1, settledWithin.Milliseconds())
	if _, err := pipe.Exec(ctx); err != nil {
		return err.Error()
	}
	if n, err := heard.Int(); err != nil || n < s.group.Replicas-1 {
		return fmt.Sprintf("%d replicas have everything (%v)", n, err)
	}
	return ""
}
