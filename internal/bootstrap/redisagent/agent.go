// SPDX-License-Identifier: Apache-2.0

// Package redisagent is the agent of a Redis pod. It owns that Redis' configuration and role.
package redisagent

import (
	"context"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/report"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/status"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Run writes redis.conf, then repeats observe, decide, act until the context ends. It returns an error only where the agent can
// never work: no configuration directory, no port for the probes. A turn that has begun is finished first: a handover that is
// cut short leaves an offer and a pause behind, and writes between the two would be lost.
func Run(ctx context.Context, env environment.Environment) error {
	password, err := env.Password()
	if err != nil {
		return err
	}
	clients := newClientPassword(env)
	conf, err := newConfiguration(env, password, clients)
	if err != nil {
		return err
	}
	token := &environment.Token{}
	client, err := env.Client(token)
	if err != nil {
		return err
	}
	kept, err := newKeeper(env.ConfigDir)
	if err != nil {
		env.Log.Error("cannot tell what this pod's agent knew before; it begins with what it sees", "error", err.Error())
	}
	woken := loop.NewWakeup()
	leave := newDeparture(woken.Wake)
	crew, _ := loop.NewCrew(ctx, env.Log)
	a := &agent{env: env, client: client, token: token, crew: crew, woken: woken, leave: leave, conf: conf, clients: clients, kept: kept, offers: newOffers()}
	a.memory.Kept = kept.has
	a.pages = status.New(status.Status{
		Pod: env.PodName, Group: env.Settings.StatefulSet, Label: env.GroupLabel(), Reason: string(model.NotRunning), Sentence: model.NotRunning.Sentence(),
	}, status.Hooks{
		Token: env.HookToken, Notify: woken.Wake, Leave: leave.ask,
		Offers: &status.Offers{Prepared: a.offers.prepared, Accept: a.accept},
	})
	a.pages.MarkStarted()
	a.report = report.NewRedis(env, client, a.pages, crew.Spawn)
	crew.Go(func(ctx context.Context) error { return a.pages.Serve(ctx, env.Listen) })
	crew.Go(func(ctx context.Context) error {
		if err := a.start(ctx); err != nil {
			return unlessOver(ctx, err)
		}
		a.report.Unsuitable(conf.user.objections)
		loop.Repeat(ctx, env.Log, woken, a.turn)
		return nil
	})
	return crew.Wait()
}

// unlessOver returns nil for an error that comes from an end that was asked for.
func unlessOver(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // asked for
	}
	return err
}

// start waits for the API, and begins to watch and to listen.
func (a *agent) start(ctx context.Context) error {
	env := a.env
	group := &observe.Group{
		Namespace: env.Namespace, StatefulSet: env.Settings.StatefulSet, PodName: env.PodName, PodUID: env.PodUID,
		PodIP: env.PodIP, Settings: env.Settings, TokenRefused: a.token.Refused,
	}
	if err := group.Start(ctx, a.client, a.crew.Spawn, a.woken.Wake); err != nil {
		return err
	}
	a.leave.knows(group)
	a.offers.readsBy(group)
	own := redisio.KeepOwn(env.Server(), model.Credential{User: contract.AgentUser, Password: a.conf.password}, a.conf.loadedFrom())
	hellos := &redisio.Hellos{}
	a.crew.Keep(func(ctx context.Context) { hellos.Listen(ctx, own.Client(), a.woken.Wake) })
	a.server = server{own.Server(), func() model.Credential { return a.conf.user.master }}
	a.writes = &writes{options: a.server.Options, tell: a.report.Reconfigured}
	everybody := observe.NewObserver(group, observe.Own{
		Redis: own.Ask, Hellos: hellos, User: func() observe.UserValues { return a.conf.user.values }, Leaving: a.leave.asked, Template: a.server.PlainCredential,
		Keys: observe.KeepKeys(env.KeysDir), Clients: a.clients.hashes,
		Yielded: func() bool { return a.elections.yielded() },
	})
	a.observer, a.elections = everybody, newElections(everybody.Elections, a.server.PauseAtOnce, a.woken.Wake)
	a.crew.Keep(a.elections.run)
	store := record.NewStore(a.client.CoordinationV1().Leases(env.Namespace), group, time.Now)
	a.actor = act.NewRedis(a.server, store, others{everybody, a.elections}, contract.ReplicationUser(env.Namespace, env.Settings.StatefulSet), time.Now)
	return nil
}

// server is my Redis.
type server struct {
	redisio.Server
	// file returns what the user's own file has a replica present.
	file func() model.Credential
}

// PlainCredential is what the user's own file has a replica present, or else what the server wants of clients.
func (s server) PlainCredential(ctx context.Context) (model.Credential, error) {
	if c := s.file(); c.Password != "" {
		return c, nil
	}
	return s.Server.PlainCredential(ctx)
}

// others are the rest of the group, as the actor reaches them.
type others struct {
	*observe.Observer
	elections *elections
}

// Elected reports whether a Sentinel has said lately that it was elected to replace my Redis.
func (o others) Elected() bool { return o.elections.lately() }

// Prepared asks the agent at a pod's address whether it would accept an offer.
func (others) Prepared(ctx context.Context, pod model.Address, seal string) bool {
	return act.Prepared(ctx, pod.Host, seal)
}

// Tell gives the agent at a pod's address the word for an offer.
func (others) Tell(ctx context.Context, pod model.Address, word string, held time.Duration) error {
	return act.Tell(ctx, pod.Host, word, held)
}

// Notify asks the agent at a pod's address to observe at once.
func (others) Notify(ctx context.Context, pod model.Address) { act.Notify(ctx, pod.Host) }
