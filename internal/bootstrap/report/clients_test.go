// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// reporter is a report whose Events are written at once, and the function that counts those with a reason.
func reporter(t *testing.T) (r *Redis, count func(reason string) int) {
	t.Helper()
	client := fake.NewClientset()
	env := environment.Environment{Namespace: "ns", PodName: "redis-0", Log: slog.New(slog.DiscardHandler)}
	r = NewRedis(env, client, nil, func(run func(context.Context)) { run(context.WithoutCancel(t.Context())) })
	return r, func(reason string) int {
		n := 0
		for _, action := range client.Actions() { // a fake API makes no names, and keeps one Event of each
			if create, ok := action.(clienttesting.CreateAction); ok && create.GetObject().(*corev1.Event).Reason == reason {
				n++
			}
		}
		return n
	}
}

// TestOpenServerIsToldOnce for each process: one that is older than 7.0 lets anybody publish hellos, and one without the password that
// policy requires, or that its Secret should have, lets nobody in.
func TestOpenServerIsToldOnce(t *testing.T) {
	r, count := reporter(t)
	see := func(run string, selectors bool, keptOut []string, noneInSecret bool) {
		var v model.View
		v.Self.Redis = model.Redis{Answer: model.Up, RunID: run, Selectors: selectors}
		r.Openness(v, keptOut, noneInSecret)
	}
	see("a", true, nil, false)
	if count(helloChannelOpen)+count(passwordMissing) != 0 {
		t.Error("an Event of a server that is as it should be")
	}
	for range 2 {
		see("b", false, []string{"default"}, false)
	}
	if count(helloChannelOpen) != 1 || count(passwordMissing) != 1 {
		t.Errorf("%d Events of an open channel and %d of a missing password, want one of each", count(helloChannelOpen), count(passwordMissing))
	}
	see("c", false, nil, true)
	if count(helloChannelOpen) != 2 || count(passwordMissing) != 2 {
		t.Error("another process was not told of")
	}
}

// TestLagThatAllowsOverlapIsToldOnce for each process, also where down-after became shorter while it ran.
func TestLagThatAllowsOverlapIsToldOnce(t *testing.T) {
	r, count := reporter(t)
	see := func(run string, lag int, downAfter time.Duration) int {
		var v model.View
		v.Self.Redis = model.Redis{Answer: model.Up, RunID: run}
		v.Config.MaxLag, v.Config.DownAfter = lag, downAfter
		r.Overlap(v)
		return count(lagAllowsOverlap)
	}
	for i, step := range []struct {
		run       string
		lag       int
		downAfter time.Duration
		want      int
	}{
		{"a", 3, 5 * time.Second, 0}, {"a", 1, 2 * time.Second, 0}, {"a", 3, 4 * time.Second, 1}, {"a", 3, 4 * time.Second, 1}, {"b", 4, 5 * time.Second, 2},
	} {
		if got := see(step.run, step.lag, step.downAfter); got != step.want {
			t.Errorf("step %d: %d Events, want %d", i, got, step.want)
		}
	}
}

// TestZeroThatAllowsOverlapIsToldOnce for each process, of a group in which it makes a difference.
func TestZeroThatAllowsOverlapIsToldOnce(t *testing.T) {
	r, count := reporter(t)
	for i, step := range []struct {
		run               string
		replicas, minimum int
		want              int
	}{
		{"a", 3, 1, 0}, {"a", 2, 0, 0}, {"a", -1, 0, 0}, {"a", 3, 0, 1}, {"a", 3, 0, 1}, {"b", 5, 0, 2}, {"c", 5, 2, 2},
	} {
		var v model.View
		v.Self.Redis = model.Redis{Answer: model.Up, RunID: step.run}
		v.Config.MinReplicas, v.Config.MaxLag, v.Config.DownAfter, v.Replicas = step.minimum, 3, 5*time.Second, step.replicas
		r.Overlap(v)
		if got := count(zeroAllowsOverlap); got != step.want || count(lagAllowsOverlap) > 0 {
			t.Errorf("step %d: %d Events, want %d", i, got, step.want)
		}
	}
}

// TestPeerThatRefusesIsTold once for each stretch, and not for a moment in which passwords change.
func TestPeerThatRefusesIsTold(t *testing.T) {
	r, count := reporter(t)
	start := time.Unix(1_800_000_000, 0)
	for _, step := range []struct {
		after  time.Duration
		denied string
		want   int
	}{
		{0, "WRONGPASS", 0},
		{time.Second, "", 0},
		{2 * time.Second, "NOAUTH", 0},
		{3*time.Second + eventDelay, "NOAUTH", 1},
		{4*time.Second + eventDelay, "NOAUTH", 1},
		{time.Minute, "", 1},
		{2 * time.Minute, "WRONGPASS", 1},
		{2*time.Minute + eventDelay + time.Second, "WRONGPASS", 2},
	} {
		peer := model.Pod{Name: "redis-1"}
		peer.Redis.Denied = step.denied
		r.events.considerDenials(model.View{Now: start.Add(step.after), Peers: []model.Pod{peer}})
		if got := count(peerDenied); got != step.want {
			t.Errorf("%q after %s: %d Events, want %d", step.denied, step.after, got, step.want)
		}
	}
}

// TestUnfitRecordIsToldOnce, however fast its faults change.
func TestUnfitRecordIsToldOnce(t *testing.T) {
	r, count := reporter(t)
	r.Unfit(nil)
	for _, fault := range []string{"one", "one", "another"} {
		r.Unfit(errors.New(fault))
	}
	if count(unfitRecord) != 1 {
		t.Errorf("%d Events, want one", count(unfitRecord))
	}
}
