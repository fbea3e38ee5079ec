// SPDX-License-Identifier: Apache-2.0

// Package sentinelagent is the agent of a Sentinel pod. It keeps every group that its set serves in its Sentinel.
package sentinelagent

import (
	"context"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/report"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/status"
)

// agentUser is Sentinel's user that may do everything; only the agent has its password.
const agentUser = "agent"

// Run writes sentinel.conf where there is none yet, then keeps every group that its set serves in its Sentinel,
// until the context ends. It returns an error only where the agent can never work.
func Run(ctx context.Context, env environment.Environment) error {
	token := &environment.Token{}
	client, err := env.Client(token)
	if err != nil {
		return err
	}
	password, err := env.Password()
	if err != nil {
		return err
	}
	pages := status.New(status.Status{
		Pod: env.PodName, Reason: string(model.SentinelSilent), Sentence: model.SentinelSilent.Sentence(),
	}, status.Hooks{})
	crew, _ := loop.NewCrew(ctx, env.Log)
	crew.Go(func(ctx context.Context) error { return pages.Serve(ctx, env.Listen) })
	crew.Go(func(ctx context.Context) error {
		secret := &peerSecret{env: env, client: client}
		own := redisio.Keep(env.Server(), model.Credential{User: agentUser, Password: password})
		set := observe.NewSentinelSet(observe.Set{
			Namespace: env.Namespace, Settings: env.Settings, PodName: env.PodName, PodIP: env.PodIP,
		}, client, own, secret.identityOf)
		file := &confFile{env: env, secret: secret, set: set, report: report.NewSentinel(env, client, crew.Spawn), password: password}
		if err := file.prepare(ctx, crew.Spawn); err != nil {
			if ctx.Err() != nil {
				return nil //nolint:nilerr // the end was asked for
			}
			return err
		}
		pages.MarkStarted()
		m := newManager(env, client, set, own, secret, pages)
		m.token = token
		m.antidote = &antidote{file: file, own: own, spawn: crew.Spawn}
		m.rescue = &rescue{file: file, client: client, own: own, spawn: crew.Spawn}
		m.run(ctx, crew)
		return nil
	})
	return crew.Wait()
}
