// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// redisAgent is the agent of a Redis pod.
type redisAgent struct {
	env      Environment
	observer *observe.Observer
	actor    *act.Redis
	events   *events
	pages    *endpoints
	memory   decide.Memory
	last     decide.Decision
	lastErr  string
	swept    time.Time
	settled  string
	leave    *departure
}

// RunRedis writes redis.conf, then repeats observe, decide, act until the context ends. It returns an error only where the
// agent can never work: no configuration directory, no port for the probes.
func RunRedis(ctx context.Context, env Environment) error {
	woken := newWakeup()
	leave := newDeparture(woken.wake)
	pages := &endpoints{token: env.HookToken, notify: woken.wake, leave: leave.ask, metrics: newMetrics()}
	pages.set(Status{Pod: env.PodName, Group: env.Settings.StatefulSet, Reason: string(decide.NotRunning), Sentence: decide.NotRunning.Sentence()})
	user, err := writeRedisConf(env)
	if err != nil {
		return err
	}
	pages.markStarted()
	served := make(chan error, 1)
	go func() { served <- pages.serve(ctx, env.Listen) }()

	client, err := env.kubernetesClient()
	if err != nil {
		return err
	}
	group := &observe.Group{
		Namespace: env.Namespace, StatefulSet: env.Settings.StatefulSet, PodName: env.PodName, PodUID: env.PodUID,
		PodIP: env.PodIP, Settings: env.Settings,
	}
	if err := group.Start(ctx, client, woken.wake); err != nil {
		return stopped(ctx, err)
	}
	observer := &observe.Observer{
		Group: group, Clients: redisio.NewClients(), Names: observe.NewNames(env.PodIP), Hellos: &redisio.Hellos{}, User: user.values,
		Leaving: leave.asked,
	}
	leave.within(group.Grace)
	own := redisio.Keep(observer.Own(), "", "")
	observer.Mine = own
	go observer.Hellos.Listen(ctx, own, woken.wake)
	agent := &redisAgent{
		env: env, observer: observer, pages: pages, events: newEvents(client, env), leave: leave,
		actor: &act.Redis{
			Own: own, Leases: client.CoordinationV1().Leases(env.Namespace), Lease: group.Lease, Learn: group.Learn,
			Clients: observer.Clients, Named: observer.Named, Group: contract.ReplicationUser(env.Namespace, env.Settings.StatefulSet),
		},
	}
	agent.events.object(ctx, env.Settings.Redis.Include, user.objections)
	turns := make(chan struct{})
	go func() { repeat(ctx, env.Log, woken, agent.turn); close(turns) }()
	return untilEnded(ctx, served, turns)
}

// untilEnded waits for the end that is asked for, or for that of the probes' server. A turn that has begun comes to its end
// first: a handover that breaks off leaves an offer and a pause behind, and writes between the two would be lost.
func untilEnded(ctx context.Context, served <-chan error, turns <-chan struct{}) error {
	select {
	case <-ctx.Done():
		<-turns
		return nil
	case err := <-served:
		return stopped(ctx, err)
	}
}

// stopped tells an end that was asked for from an error.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // asked for
	}
	return err
}

// turn is one round of the loop.
func (a *redisAgent) turn(ctx context.Context) time.Duration {
	began := time.Now()
	view := a.observer.View(ctx)
	decision, memory := decide.Next(view, a.memory)
	a.memory = memory
	err := a.actor.Prepare(ctx, view)
	if err == nil {
		err = a.actor.Do(ctx, view, decision)
	}
	a.setOptions(ctx, view)
	a.report(ctx, view, decision, err)
	a.pages.metrics.turn(a.env.Settings.StatefulSet, decision.Action.String(), string(decision.Reason), time.Since(began), err)
	if view.Leaving && decision.Action != decide.Handover {
		a.leave.done()
	}
	if time.Since(a.swept) > sweepAfter {
		a.observer.Clients.Sweep(sweepAfter)
		a.swept = time.Now()
	}
	if err != nil && !errors.Is(err, record.ErrConflict) {
		return max(decision.Recheck, 100*time.Millisecond)
	}
	return decision.Recheck
}

// setOptions sets, once for each process, what a configuration file cannot say for all versions of Redis.
func (a *redisAgent) setOptions(ctx context.Context, v decide.View) {
	if v.Self.Redis.Answer != decide.Up || a.settled == v.Self.Redis.RunID {
		return
	}
	err := redisio.SetOnce(ctx, a.actor.Own, "shutdown-timeout", "5")
	if lag := a.env.Settings.Redis.MinReplicasMaxLag; err == nil && lag > 0 {
		err = redisio.SetOnce(ctx, a.actor.Own, "min-replicas-max-lag", strconv.Itoa(lag))
	}
	if err == nil {
		a.settled = v.Self.Redis.RunID
	}
}

// report says what was decided: in the status always, in the log when it changed, as an Event when a person should know.
func (a *redisAgent) report(ctx context.Context, v decide.View, d decide.Decision, err error) {
	s := Status{
		Pod: a.env.PodName, Group: a.env.Settings.StatefulSet, Ready: d.Ready, Action: d.Action.String(),
		Reason: string(d.Reason), Sentence: d.Reason.Sentence(), Epoch: v.Record.Epoch, Master: v.Record.Holder, At: v.Now,
	}
	text := ""
	if err != nil {
		text, s.Error = err.Error(), err.Error()
	}
	a.pages.set(s)
	if d.Action != decide.Retain && d.Action != a.last.Action || d.Reason != a.last.Reason || d.Ready != a.last.Ready || text != a.lastErr {
		a.env.Log.Info("decided", "action", s.Action, "reason", s.Reason, "why", s.Sentence, "ready", d.Ready,
			"target", d.Target.String(), "epoch", d.Epoch, "recordEpoch", v.Record.Epoch, "holder", v.Record.Holder, "error", text)
	}
	a.last, a.lastErr = d, text
	a.events.consider(ctx, v.Now, d.Reason, outcomeOf(d, err))
}

func outcomeOf(d decide.Decision, err error) outcome {
	switch {
	case d.Action == decide.Wait, d.Action == decide.Retain:
		return waited
	case err != nil:
		return attempted
	}
	return succeeded
}

// userFile is what the user's own redis.conf says that concerns the agent.
type userFile struct {
	values     observe.UserValues
	objections []redisconf.Objection
}

// writeRedisConf renders redis.conf in one rename, and reads the user's own file.
func writeRedisConf(env Environment) (userFile, error) {
	own := env.Settings.Redis
	conf := redisconf.Redis{
		Include: own.Include, Port: env.Settings.Port, AnnounceIP: env.PodIP.String(),
		Group: contract.ReplicationUser(env.Namespace, env.Settings.StatefulSet),
	}
	user := userFile{values: observe.UserValues{Priority: 100, ServeStale: true}}
	if own.Include != "" {
		text, err := os.ReadFile(own.Include)
		if err != nil {
			env.Log.Error("the user's configuration file cannot be read by the agent; defaults are given back after a sync", "file", own.Include, "error", err.Error())
		}
		user.values, user.objections = userValues(redisconf.Values(string(text)), user.values), redisconf.Objections(string(text))
	}
	return user, writeFile(env.ConfigDir, filepath.Base(contract.RedisConfFile), conf.String(), 0o644)
}

func userValues(values map[string]string, user observe.UserValues) observe.UserValues {
	for _, name := range []string{"slave-priority", "replica-priority"} {
		if n, err := strconv.Atoi(values[name]); err == nil && n >= 0 {
			user.Priority = n
		}
	}
	for _, name := range []string{"slave-serve-stale-data", "replica-serve-stale-data"} {
		if text, ok := values[name]; ok {
			user.ServeStale = text == "yes"
		}
	}
	return user
}

// writeFile replaces a file in one rename: a server that starts meanwhile reads the old one or the new one.
func writeFile(dir, name, text string, mode os.FileMode) error {
	temporary, err := os.CreateTemp(dir, "."+name+"-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Join(dir, name), err)
	}
	defer os.Remove(temporary.Name()) //nolint:errcheck // it is gone when all went well
	_, err = temporary.WriteString(text)
	if err = errors.Join(err, temporary.Chmod(mode), temporary.Sync(), temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Join(dir, name), err)
	}
	return nil
}
