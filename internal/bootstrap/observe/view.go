// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Observer makes the view of the agent of a Redis pod.
type Observer struct {
	Group   *Group
	Clients *redisio.Clients
	// Mine is the client of my own Redis.
	Mine   *redis.Client
	Names  *Names
	Hellos *redisio.Hellos
	// User are the user's own values, from the file that he named.
	User UserValues
	// Leaving says whether my pod is about to end.
	Leaving func() bool
	// silent remembers which Sentinels did not answer, so that their names are asked for again.
	silent map[string]bool
}

// UserValues are settings that the agent takes away from a fenced Redis and gives back later.
type UserValues struct {
	Priority   int
	ServeStale bool
}

// Own is my own Redis, over loopback.
func (o *Observer) Own() decide.Address {
	host := "127.0.0.1"
	if o.Group.PodIP.Is6() {
		host = "::1"
	}
	return decide.Address{Host: host, Port: o.Group.Settings.Port}
}

// View asks everyone at once.
func (o *Observer) View(ctx context.Context) decide.View {
	g := o.Group
	v := decide.View{
		Now:  time.Now(),
		Self: decide.Pod{Name: g.PodName, UID: g.PodUID, Injected: true, Address: decide.Address{Host: g.PodIP.String(), Port: g.Settings.Port}},
	}
	v.Self.Ordinal, _ = Ordinal(g.StatefulSet, g.PodName) // the webhook injects pods of a StatefulSet only
	settings := o.settings()
	v.Config = o.config(settings)
	v.HelloEpoch = o.Hellos.Epoch()
	v.Leaving = o.Leaving()
	// Asked once: watches that become complete while everybody is asked would give a record without the pods that it is
	// about, and an empty newborn would take itself for all that is left of its group.
	known := g.synced()
	if known {
		g.facts(&v)
	}
	o.ask(ctx, &v, settings)
	if known {
		o.readRecord(&v)
		v.API = g.Live(ctx, decide.WantsLiveRecord(v))
	}
	return v
}

func (o *Observer) readRecord(v *decide.View) {
	if l := o.Group.Lease(); l != nil {
		v.Record, _ = record.Decode(l) // what is unreadable is left out; the zero value claims nothing
	}
}

// settings of the record win over those of my pod: the pod is as old as its admission.
func (o *Observer) settings() contract.GroupSettings {
	if l := o.Group.Lease(); l != nil {
		if s, ok := record.Settings(l); ok {
			return s
		}
	}
	return o.Group.Settings.Redis.Group
}

// MasterName is Sentinel's handle of my group.
func (o *Observer) MasterName() string {
	return GroupName(o.Group.Namespace, o.Group.StatefulSet, o.settings())
}

// GroupName computes the master name; only policy may have given another one.
func GroupName(namespace, statefulSet string, s contract.GroupSettings) string {
	if s.MasterName != "" {
		return s.MasterName
	}
	return contract.MasterName(namespace, statefulSet)
}

func (o *Observer) config(s contract.GroupSettings) decide.Config {
	own := o.Group.Settings.Redis
	ms := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
	c := decide.Config{
		DownAfter: ms(max(s.DownAfterMs, contract.MinDownAfterMs)), FailoverTimeout: ms(max(s.FailoverTimeoutMs, 1000)),
		RecoveryTimeout: ms(own.RecoveryTimeoutMs), InitialMaster: own.InitialMaster, ReplaceData: own.ReplaceData,
		Priority: o.User.Priority, ServeStale: o.User.ServeStale, MinReplicas: own.MinReplicasToWrite,
	}
	if own.RecoveryTimeoutMs <= 0 {
		c.RecoveryTimeout = ms(contract.DefaultRecoveryTimeoutMs)
	}
	if c.MinReplicas < 0 {
		c.MinReplicas = 1
	}
	return c
}

// ask puts all questions at once and waits for the slowest, which has redisio.Deadline.
func (o *Observer) ask(ctx context.Context, v *decide.View, s contract.GroupSettings) {
	var all sync.WaitGroup
	all.Go(func() { v.Self.Redis = redisio.AskOwn(ctx, o.Mine) })
	for i := range v.Peers {
		if p := &v.Peers[i]; p.Address.Host != "" {
			all.Go(func() { p.Redis = redisio.Ask(ctx, o.Clients.To(p.Address, "", "")) })
		}
	}
	all.Go(func() { v.Sentinels = o.Sentinels(ctx, s) })
	all.Wait()
	o.silent = map[string]bool{}
	for _, sentinel := range v.Sentinels {
		o.silent[sentinel.Name] = !sentinel.Answered
	}
}

// Sentinels asks every Sentinel of the set; one whose name or answer is missing is silent.
func (o *Observer) Sentinels(ctx context.Context, s contract.GroupSettings) []decide.Sentinel {
	var all sync.WaitGroup
	said := make([]decide.Sentinel, max(s.Sentinels.Replicas, 0))
	group := GroupName(o.Group.Namespace, o.Group.StatefulSet, s)
	for i := range said {
		host := name(s.Sentinels, i)
		said[i].Name = host
		if address, ok := o.Names.Address(ctx, host, s.Sentinels.Port, o.silent[host]); ok {
			all.Go(func() {
				said[i] = redisio.AskSentinel(ctx, o.Clients.To(address, "", ""), group)
				said[i].Name = host
			})
		}
	}
	all.Wait()
	return said
}

// Named says whether a majority of the set sends clients to an address now.
func (o *Observer) Named(ctx context.Context, master decide.Address) bool {
	said, n := o.Sentinels(ctx, o.settings()), 0
	for _, s := range said {
		if s.Monitors && s.Address == master {
			n++
		}
	}
	return n > len(said)/2
}
