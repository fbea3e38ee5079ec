// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Observer makes the view of the agent of a Redis pod.
type Observer struct {
	group   *Group
	clients *redisio.Clients
	// own asks my own Redis.
	own    func(context.Context) model.Redis
	names  *Names
	hellos *redisio.Hellos
	// user are the user's own values, from the file that they named.
	user func() UserValues
	// keys are the generations of the group's keys that my pod has, and template what a server without an agent wants of a
	// client, by my own Redis' configuration.
	keys      func() []model.Key
	clientsOf func(now time.Time) []string
	template  func(context.Context) (model.Credential, error)
	// leaving reports whether my pod is about to end.
	leaving func() bool
	yielded func() bool
	service service
	// silent remembers which Sentinels did not answer, so that their names are asked for again.
	silent map[string]bool
}

// Own is my own pod, as an Observer asks it.
type Own struct {
	// Redis asks my Redis, Hellos is what is heard there.
	Redis  func(context.Context) model.Redis
	Hellos *redisio.Hellos
	// User returns the user's own values.
	User func() UserValues
	// Clients returns the hashes of the clients' passwords; none where no Secret has them.
	Clients func(now time.Time) []string
	// Keys returns the generations of the group's keys that my pod has.
	Keys func() []model.Key
	// Template returns what a server of the same template, that has no agent, wants of a client.
	Template func(context.Context) (model.Credential, error)
	// Leaving reports whether my pod is about to end.
	Leaving func() bool
	// Yielded reports whether writes were held back since it was last asked, because a Sentinel announced its election.
	Yielded func() bool
}

// NewObserver observes the group that the API shows, my own pod, and the Sentinels.
func NewObserver(group *Group, own Own) *Observer {
	return &Observer{
		group: group, clients: redisio.NewClients(), own: own.Redis, names: NewNames(group.PodIP, group.spawn), hellos: own.Hellos,
		user: own.User, keys: own.Keys, clientsOf: own.Clients, template: own.Template, leaving: own.Leaving, yielded: own.Yielded,
	}
}

// UserValues are settings that the agent takes away from a fenced Redis and gives back later.
type UserValues struct {
	Priority   int
	ServeStale bool
	// MaxLag is min-replicas-max-lag; 0 where the user's file does not have it.
	MaxLag int
}

// View asks everyone at once.
func (o *Observer) View(ctx context.Context) model.View {
	g := o.group
	v := model.View{
		Now:  time.Now(),
		Self: model.Pod{Name: g.PodName, UID: g.PodUID, Injected: true, Address: model.Address{Host: g.PodIP.String(), Port: g.Settings.Port}},
	}
	v.Self.Ordinal, _ = Ordinal(g.StatefulSet, g.PodName) // the webhook injects pods of a StatefulSet only
	settings := o.settings()
	v.Config = o.config(settings)
	v.HelloEpoch = o.hellos.Epoch()
	v.Leaving, v.Grace, v.Yielded = o.leaving(), g.Grace(), o.yielded()
	// Asked once: watches that become complete while everyone is asked would give a record without the pods that it is about,
	// and a new, empty pod would take itself for all that is left of its group.
	known := g.synced()
	var listed time.Time
	if known {
		listed = g.facts(&v)
	}
	answer := o.access(&v, known, settings)
	v.Access, v.Use = answer.Access, answer.Use
	v.Access.Clients, v.Access.PasswordRequired = o.clientsOf(v.Now), g.Settings.Redis.PasswordRequired
	o.ask(ctx, &v, settings)
	if known {
		o.readRecord(&v)
		v.API = g.Live(decide.WantsLiveRecord(v))
		v.TokenRefused = g.TokenRefused()
		v.PodsListed = g.Listed(decide.WantsPodList(v), listed)
	}
	v.Took = time.Since(v.Now)
	return v
}

func (o *Observer) readRecord(v *model.View) {
	if l := o.group.Lease(); l != nil {
		v.Record, _ = record.Decode(l) // what is unreadable is left out; the zero value claims nothing
	}
}

// settings are the record's where it has any: my pod's are as old as its admission.
func (o *Observer) settings() contract.GroupSettings {
	if l := o.group.Lease(); l != nil {
		if s, ok := record.Settings(l); ok {
			return s
		}
	}
	return o.group.Settings.Redis.Group
}

func (o *Observer) config(s contract.GroupSettings) model.Config {
	own := o.group.Settings.Redis
	ms := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
	user := o.user()
	c := model.Config{
		DownAfter: ms(max(s.DownAfterMs, contract.MinDownAfterMs)), FailoverTimeout: ms(max(s.FailoverTimeoutMs, 1000)),
		CrashLoss:       contract.DefaultCrashLoss,
		RecoveryTimeout: ms(own.RecoveryTimeoutMs), InitialMaster: own.InitialMaster, ReplaceData: own.ReplaceData,
		Priority: user.Priority, ServeStale: user.ServeStale, MinReplicas: own.MinReplicasToWrite,
	}
	c.MaxLag = maxLag(own.MinReplicasMaxLag, user.MaxLag, c.DownAfter)
	if own.RecoveryTimeoutMs <= 0 {
		c.RecoveryTimeout = ms(contract.DefaultRecoveryTimeoutMs)
	}
	if c.MinReplicas < 0 {
		c.MinReplicas = 1
	}
	return c
}

// maxLag is min-replicas-max-lag: what policy or the user says, or else the longest that is safe.
func maxLag(policy, file int, downAfter time.Duration) int {
	return cmp.Or(max(policy, 0), max(file, 0), contract.LongestLag(downAfter))
}

// ask asks all questions at once and waits for the slowest, which has redisio.Deadline.
func (o *Observer) ask(ctx context.Context, v *model.View, s contract.GroupSettings) {
	var all loop.Together
	all.Go(func() { v.Self.Redis = o.own(ctx) })
	for i := range v.Peers {
		if p := &v.Peers[i]; p.Address.Host != "" {
			all.Go(func() { p.Redis = o.clients.AskAs(ctx, p.Address, o.credentials(ctx, v, p)...) })
		}
	}
	if ghost, ok := o.ghost(v); ok {
		all.Go(func() { v.Ghost = redisio.Ask(ctx, o.clients.To(ghost, model.Credential{})) })
	}
	all.Go(func() { v.Sentinels = o.Sentinels(ctx, s) })
	all.Wait()
	if o.group.Settings.Redis.Diskless { // no pod of the group can save, and none is better off
		v.Self.Redis.PersistenceError = false
		for i := range v.Peers {
			v.Peers[i].Redis.PersistenceError = false
		}
	}
	o.silent = map[string]bool{}
	for _, sentinel := range v.Sentinels {
		o.silent[sentinel.Name] = !sentinel.Answered
	}
}

// ghost is the recorded address, where no pod of a view has it. It may be a stranger's by now, so what
// listens there is shown no password.
func (o *Observer) ghost(v *model.View) (model.Address, bool) {
	l := o.group.Lease()
	if l == nil || len(v.Peers) == 0 {
		return model.Address{}, false
	}
	r, _ := record.Decode(l)
	taken := r.Address == v.Self.Address || slices.ContainsFunc(v.Peers, func(p model.Pod) bool { return p.Address == r.Address })
	return r.Address, r.HasHolder() && !taken
}

// Sentinels asks every Sentinel of the set; one whose name or answer is missing is silent.
func (o *Observer) Sentinels(ctx context.Context, s contract.GroupSettings) []model.Sentinel {
	var all loop.Together
	said := make([]model.Sentinel, max(s.Sentinels.Replicas, 0))
	// My record can only mislead me about my own group. Whether the set uses a name that a record asks for, its agents decide.
	group := contract.GroupName(o.group.Namespace, o.group.StatefulSet, s.MasterName, true)
	for i := range said {
		host := name(s.Sentinels, i)
		said[i].Name = host
		if address, ok := o.names.Address(host, s.Sentinels.Port, o.silent[host]); ok {
			all.Go(func() {
				said[i] = redisio.AskSentinel(ctx, o.clients.To(address, model.Credential{}), group)
				said[i].Name = host
			})
		}
	}
	all.Wait()
	return said
}

// Ask asks another Redis of a group that a view shows.
func (o *Observer) Ask(ctx context.Context, v *model.View, address model.Address) model.Redis {
	return o.clients.AskAs(ctx, address, o.credentialsAt(ctx, v, address)...)
}

// announcedWithin is how long a Sentinel may take to say whom it names while clients wait for that: no client could ask a slower one.
const announcedWithin = 100 * time.Millisecond

// Announced reports whether every Sentinel that answers and watches the group, and a majority of the set, sends clients to an address now.
func (o *Observer) Announced(ctx context.Context, master model.Address) bool {
	ctx, cancel := context.WithTimeout(ctx, announcedWithin)
	defer cancel()
	said, names, others := o.Sentinels(ctx, o.settings()), 0, 0
	for _, s := range said {
		switch {
		case s.Monitors && s.Address == master:
			names++
		case s.Monitors:
			others++
		}
	}
	return others == 0 && names > len(said)/2
}

// Sweep closes connections to servers that have not been asked for a while.
func (o *Observer) Sweep(unused time.Duration) { o.clients.Sweep(unused) }
