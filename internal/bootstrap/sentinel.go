// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"context"
	"fmt"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// RunSentinel writes sentinel.conf where there is none yet, then keeps every group that its set serves in its Sentinel,
// until the context ends.
func RunSentinel(ctx context.Context, env Environment) error {
	fleet := newGroupManager(env)
	pages := &endpoints{notify: fleet.wakeAll, metrics: newMetrics()}
	pages.set(Status{Pod: env.PodName, Reason: string(decide.SentinelSilent), Sentence: decide.SentinelSilent.Sentence()})
	served := make(chan error, 1)
	go func() { served <- pages.serve(ctx, env.Listen) }()
	client, err := env.kubernetesClient()
	if err != nil {
		return err
	}
	password, err := agentPassword(env)
	if err != nil {
		return err
	}
	identity, err := sentinelConf(ctx, env, client, password)
	if err != nil {
		return stopped(ctx, err)
	}
	pages.markStarted()

	fleet.pages = pages
	fleet.set = observe.NewSentinelSet(env.Namespace, env.Settings, env.PodName, env.PodIP, identity)
	fleet.set.Start(ctx, client, fleet.wake)
	fleet.clients = redisio.NewClients()
	own := redisio.Keep(fleet.ownAddress(), "agent", password)
	fleet.own = own
	fleet.actor = &act.Sentinel{Own: own, Client: client}
	go redisio.ListenForSwitches(ctx, own, fleet.wakeMaster)
	go repeat(ctx, env.Log, fleet.woken, fleet.turn)
	select {
	case <-ctx.Done():
		return nil
	case err := <-served:
		return stopped(ctx, err)
	}
}

// ownAddress is my Sentinel, over loopback.
func (f *groupManager) ownAddress() decide.Address {
	host := "127.0.0.1"
	if f.env.PodIP.Is6() {
		host = "::1"
	}
	return decide.Address{Host: host, Port: f.env.Settings.Port}
}

// serves says whether this Sentinel set watches a group: the record names the set, and the set may serve the namespace.
// A set is one trust domain, so the record's word alone is not enough.
func serves(env Environment, namespace string, s contract.GroupSettings) bool {
	if s.Sentinels.Name != env.Settings.StatefulSet || s.Sentinels.Namespace != env.Namespace {
		return false
	}
	for _, allowed := range observe.Namespaces(env.Namespace, env.Settings.Sentinel) {
		if allowed == "" || allowed == namespace {
			return true
		}
	}
	return false
}

// wanted is how a group is watched, within bounds: the record is input of a tenant.
func wanted(s contract.GroupSettings, size int) decide.Watching {
	ms := func(n, least int64) time.Duration {
		return time.Duration(min(max(n, least), time.Hour.Milliseconds())) * time.Millisecond
	}
	quorum := s.Quorum
	if quorum < 1 || quorum > max(size, 1) {
		quorum = size/2 + 1
	}
	return decide.Watching{
		Quorum: quorum, ParallelSyncs: min(max(s.ParallelSyncs, 1), 100),
		DownAfter: ms(s.DownAfterMs, contract.MinDownAfterMs), FailoverTimeout: ms(s.FailoverTimeoutMs, 1000),
	}
}

// stagger parts the Sentinels of a set in time. Agents that point them in the same instant put their clocks in step; then
// all see the master down in one millisecond, each votes for itself, and nobody is elected for a whole failover timeout.
const stagger = 400 * time.Millisecond

// wanted is how my own Sentinel watches a group: as the others do, but a little more patient than the ordinal before.
func (f *groupManager) wanted(s contract.GroupSettings) decide.Watching {
	return staggered(f.env, wanted(s, s.Sentinels.Replicas))
}

func staggered(env Environment, w decide.Watching) decide.Watching {
	ordinal, _ := observe.Ordinal(env.Settings.StatefulSet, env.PodName)
	w.DownAfter += time.Duration(min(ordinal, 8)) * stagger
	return w
}

// groupKey names a group in logs.
func groupKey(namespace, statefulSet string) string {
	return fmt.Sprintf("%s/%s", namespace, statefulSet)
}
