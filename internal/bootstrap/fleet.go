// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
)

// groupManager is the agent of a Sentinel pod: all groups that its Sentinel serves.
type groupManager struct {
	env     Environment
	set     *observe.SentinelSet
	own     *redis.Client
	clients *redisio.Clients
	actor   *act.Sentinel
	pages   *endpoints
	woken   wakeup

	mu     sync.Mutex
	groups map[string]*watchedGroup
	dirty  map[string]bool
	swept  time.Time
	// concurrent bounds how many groups are repaired at the same moment: a Sentinel writes its file at each change.
	concurrent chan struct{}
}

// watchedGroup is one group in the agent's care.
type watchedGroup struct {
	key    observe.GroupKey
	memory decide.SentinelMemory
	last   decide.SentinelDecision
	err    string
	due    time.Time
	status Status
}

func newGroupManager(env Environment) *groupManager {
	return &groupManager{env: env, woken: newWakeup(), groups: map[string]*watchedGroup{}, dirty: map[string]bool{}, concurrent: make(chan struct{}, 8)}
}

// wake marks one group, or all when the key is empty.
func (f *groupManager) wake(key observe.GroupKey) {
	f.mu.Lock()
	f.dirty[groupKey(key.Namespace, key.StatefulSet)] = true
	f.mu.Unlock()
	f.woken.wake()
}

func (f *groupManager) wakeAll() {
	f.mu.Lock()
	for _, g := range f.groups {
		g.due = time.Time{}
	}
	f.mu.Unlock()
	f.woken.wake()
}

// wakeMaster marks the group that Sentinel calls by this name.
func (f *groupManager) wakeMaster(name string) {
	f.mu.Lock()
	for _, g := range f.groups {
		if g.key.MasterName == name {
			g.due = time.Time{}
		}
	}
	f.mu.Unlock()
	f.woken.wake()
}

// turn looks after every group that is due, several at a time, and says when the next one is.
func (f *groupManager) turn(ctx context.Context) time.Duration {
	now := time.Now()
	var due []*watchedGroup
	f.mu.Lock()
	f.sync(ctx)
	for name, g := range f.groups {
		if f.dirty[name] || !g.due.After(now) {
			due = append(due, g)
		}
	}
	clear(f.dirty)
	f.mu.Unlock()
	var all sync.WaitGroup
	for _, g := range due {
		f.concurrent <- struct{}{}
		all.Go(func() {
			defer func() { <-f.concurrent }()
			guarded(ctx, f.env.Log, func(ctx context.Context) time.Duration { f.reconcile(ctx, g); return 0 })
		})
	}
	all.Wait()
	return f.finish(ctx)
}

// sync keeps the list of groups: those whose records name this set, those already in care, and those that the Sentinel
// knows but no record names any more.
func (f *groupManager) sync(ctx context.Context) {
	for _, lease := range f.set.Leases() {
		settings, ok := record.Settings(lease)
		key := observe.KeyOf(lease, settings)
		name := groupKey(key.Namespace, key.StatefulSet)
		if _, known := f.groups[name]; !known && ok && key.StatefulSet != "" && serves(f.env, lease.Namespace, settings) {
			f.groups[name] = &watchedGroup{key: key}
			f.set.WatchPods(ctx, key.Namespace)
		}
	}
	for _, key := range f.set.Orphans(ctx, f.own) {
		name := groupKey(key.Namespace, key.StatefulSet)
		if _, known := f.groups[name]; !known {
			f.groups[name] = &watchedGroup{key: key}
		}
	}
}

// reconcile is one round for one group.
func (f *groupManager) reconcile(ctx context.Context, g *watchedGroup) {
	began := time.Now()
	lease, settings := f.set.Lease(g.key)
	view := f.set.View(ctx, g.key, lease, f.own, f.clients, f.wanted(settings))
	view.CurrentEpoch = currentEpoch(f.env)
	view.Elsewhere = lease != nil && settings.Sentinels.Name != "" && !serves(f.env, g.key.Namespace, settings)
	decision, memory := decide.NextForSentinel(view, g.memory)
	written, err := f.actor.Do(ctx, g.key.MasterName, lease, view, decision)
	if written != nil {
		f.set.Learn(g.key, written)
	}
	if err == nil {
		err = f.label(ctx, g.key, lease, view, decision)
	}
	f.pages.metrics.turn(g.key.MasterName, decision.Action.String(), string(decision.Reason), time.Since(began), err)
	f.mu.Lock()
	defer f.mu.Unlock()
	g.memory = memory
	wait := decision.Recheck
	if err != nil {
		wait = min(wait, time.Second)
	}
	g.due = time.Now().Add(wait)
	f.report(g, view, decision, err)
	if decision.Reason == decide.GroupAbsent && lease == nil {
		delete(f.groups, groupKey(g.key.Namespace, g.key.StatefulSet))
	}
}

// label puts the role labels right, after a live read of the record.
func (f *groupManager) label(ctx context.Context, key observe.GroupKey, lease *coordinationv1.Lease, v decide.SentinelView, d decide.SentinelDecision) error {
	if lease == nil || len(d.Labels) == 0 {
		return nil
	}
	var errs []error
	confirmed := false
	for _, name := range slices.Sorted(maps.Keys(d.Labels)) {
		pod := f.set.Pod(key, name)
		if pod == nil || pod.Labels[labelRole] == d.Labels[name] {
			continue
		}
		if !confirmed && !f.set.StillEpoch(ctx, key, v.Record.Epoch) {
			return nil
		}
		confirmed = true
		errs = append(errs, f.actor.Label(ctx, pod, d.Labels[name], v.Record.Epoch))
	}
	return errors.Join(errs...)
}

func (f *groupManager) report(g *watchedGroup, v decide.SentinelView, d decide.SentinelDecision, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if d.Reason != g.last.Reason || d.Action != decide.SentinelWait && d.Action != g.last.Action || text != g.err {
		f.env.Log.Info("decided", "group", g.key.MasterName, "action", d.Action.String(), "reason", string(d.Reason),
			"why", d.Reason.Sentence(), "target", d.Target.String(), "epoch", d.Epoch, "recordEpoch", v.Record.Epoch,
			"sentinelEpoch", v.Own.ConfigEpoch, "sentinelMaster", v.Own.Address.String(), "error", text)
	}
	g.last, g.err = d, text
	g.status = Status{
		Group: g.key.MasterName, Action: d.Action.String(), Reason: string(d.Reason), Sentence: d.Reason.Sentence(),
		Ready: v.Own.Answered, Epoch: v.Record.Epoch, Master: v.Record.Holder, At: v.Now, Error: text,
	}
}

// finish answers the probes and says when the next group is due.
func (f *groupManager) finish(ctx context.Context) time.Duration {
	answers := redisio.Answers(ctx, f.own)
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.swept) > sweepAfter {
		f.clients.Sweep(sweepAfter)
		f.swept = time.Now()
	}
	s := Status{Pod: f.env.PodName, Ready: answers, Reason: string(decide.SentinelSilent), At: time.Now()}
	if answers {
		s.Reason = string(decide.Agreed)
	}
	next := time.Second
	for _, g := range f.groups {
		s.Groups = append(s.Groups, g.status)
		next = min(next, max(time.Until(g.due), shortest))
	}
	s.Sentence = decide.Reason(s.Reason).Sentence()
	f.pages.set(s)
	return next
}
