// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/workqueue"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/sentinel"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/report"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/status"
)

const (
	// concurrent is how many groups are reconciled at the same moment: a Sentinel writes its file at each change.
	concurrent = 8
	// orphansEvery is how often the Sentinel is asked for groups that no record in sight names.
	orphansEvery = 30 * time.Second
	// afterFailure is the longest wait after an act that failed, and soonestAfterFailure the shortest.
	afterFailure        = time.Second
	soonestAfterFailure = 100 * time.Millisecond
)

// manager reconciles all groups that its Sentinel serves. A queue says which is next: a group that is woken while it is being
// reconciled is reconciled again, and never by two goroutines at once.
type manager struct {
	env    environment.Environment
	client kubernetes.Interface
	set    *observe.SentinelSet
	own    *redis.Client
	secret *peerSecret
	crew   *loop.Crew
	actor  *act.Sentinel
	pages  *status.Pages
	queue  workqueue.TypedDelayingInterface[types.NamespacedName]
	// reconcile reconciles one group. It returns when to do so again; done means that there is nothing left to reconcile.
	reconcile func(ctx context.Context, g *group) (recheck time.Duration, done bool)
	// orphans are the groups that the Sentinel monitors and no record names; false means that they are unknown.
	orphans func(ctx context.Context) ([]observe.GroupKey, bool)

	// token knows whether the API lets the agent in, and toldToken what was said of that in the log; only the pulse uses the latter.
	token     *environment.Token
	toldToken report.Token
	// antidote rebuilds a Sentinel whose epoch is beyond belief.
	antidote *antidote
	// rescue replaces a file that the Sentinel does not start from.
	rescue *rescue

	// swept and orphansAt are when that was last done, and cutOffSince is since when the Sentinel has been cut off; only the pulse uses them.
	swept, orphansAt, cutOffSince time.Time

	mu     sync.Mutex
	groups map[types.NamespacedName]*group
	// tooLarge are the Leases of which it was told that they are.
	tooLarge map[types.UID]bool
}

// group is one group that the manager keeps. Fields that are not said to be the manager's belong to the goroutine that
// reconciles it.
type group struct {
	key observe.GroupKey
	// presents is the generation of keys that the Sentinel presents, and told the password that it was told.
	presents string
	told     model.Credential
	memory   sentinel.Memory
	report   report.Group
	// led is the master to which the group's Service was made to lead.
	led led
	// pendingSince is since when there has been something to write that every agent of the set may write; zero where there is nothing.
	pendingSince time.Time
	// agreed is the epoch that the Sentinel had when everybody was asked last.
	agreed uint64
	// The rest is the manager's: the status, how far the Sentinel sees, and how questions are ended that were made for a record of the epoch asksFor.
	status  status.Status
	sight   sentinel.Sight
	asksFor uint64
	stop    context.CancelFunc
}

func newManager(env environment.Environment, client kubernetes.Interface, set *observe.SentinelSet, own *redis.Client, secret *peerSecret, pages *status.Pages) *manager {
	m := &manager{
		env: env, client: client, set: set, own: own, secret: secret, pages: pages,
		actor:  act.NewSentinel(redisio.NewSentinel(own), client.CoreV1()),
		queue:  workqueue.NewTypedDelayingQueue[types.NamespacedName](),
		groups: map[types.NamespacedName]*group{},
	}
	m.reconcile, m.orphans = m.reconcileGroup, set.Orphans
	return m
}

// run reconciles groups until the context ends.
func (m *manager) run(ctx context.Context, crew *loop.Crew) {
	m.crew = crew
	m.set.Start(crew.Spawn, m.wake)
	crew.Keep(func(ctx context.Context) { redisio.ListenForSwitches(ctx, m.own, m.wakeMaster, m.lookAtEpoch) })
	m.work(ctx, crew)
	loop.Repeat(ctx, m.env.Log, loop.NewWakeup(), m.pulse)
}

// lookAtEpoch looks whether my Sentinel has saved an epoch beyond belief.
func (m *manager) lookAtEpoch() {
	if m.antidote != nil {
		m.antidote.look(time.Now())
	}
}

// work starts the goroutines that take groups from the queue.
func (m *manager) work(ctx context.Context, crew *loop.Crew) {
	context.AfterFunc(ctx, m.queue.ShutDown)
	for range concurrent {
		crew.Keep(func(ctx context.Context) {
			for m.next(ctx) {
			}
		})
	}
}

// next reconciles one group from the queue; false when the queue has been shut down.
func (m *manager) next(ctx context.Context) bool {
	name, over := m.queue.Get()
	if over {
		return false
	}
	defer m.queue.Done(name)
	if ctx.Err() != nil {
		return true
	}
	recheck := afterFailure
	if !loop.Guard(m.env.Log, func() { recheck = m.reconcileNamed(ctx, name) }) || recheck > 0 {
		m.queue.AddAfter(name, max(recheck, loop.Shortest))
	}
	return true
}

// reconcileNamed says when a group has to be reconciled again; never is 0.
func (m *manager) reconcileNamed(ctx context.Context, name types.NamespacedName) time.Duration {
	g := m.careFor(name)
	if g == nil {
		return 0
	}
	recheck, done := m.reconcile(ctx, g)
	if done {
		m.forget(name)
		return 0
	}
	return max(recheck, loop.Shortest)
}

// careFor finds a group that is kept, or keeps it from now on if its record names this set. Nil means that it is not one of
// ours.
func (m *manager) careFor(name types.NamespacedName) *group {
	m.mu.Lock()
	g := m.groups[name]
	m.mu.Unlock()
	if g != nil {
		return g
	}
	lease, settings := m.set.Lease(observe.GroupKey{Namespace: name.Namespace, StatefulSet: name.Name})
	if lease != nil && record.TooLarge(lease) {
		m.tellTooLarge(lease)
	}
	if lease == nil || name.Name == "" || !serves(m.env, name.Namespace, settings) {
		return nil
	}
	key, ok := m.set.KeyOf(lease)
	if !ok {
		return nil
	}
	return m.add(key)
}

// mostTold bounds what is remembered of Leases that are not served; beyond it they are told again.
const mostTold = 1000

// tellTooLarge says once of a Lease that nobody reads it. Whose group it is, and whether this set should serve it, is not known.
func (m *manager) tellTooLarge(lease *coordinationv1.Lease) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tooLarge[lease.UID] {
		return
	}
	if m.tooLarge == nil || len(m.tooLarge) >= mostTold {
		m.tooLarge = map[types.UID]bool{}
	}
	m.tooLarge[lease.UID] = true
	m.env.Log.Error("a record is too large to be read: its group is not served", "lease", lease.Namespace+"/"+lease.Name, "mostBytes", record.MostBytes)
}

func (m *manager) add(key observe.GroupKey) *group {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.groups[nameOf(key)]
	if g == nil {
		g = &group{key: key}
		m.groups[nameOf(key)] = g
	}
	return g
}

func (m *manager) forget(name types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if g := m.groups[name]; g != nil {
		m.pages.Metrics().Forget(g.key.Label())
	}
	delete(m.groups, name)
}

func nameOf(key observe.GroupKey) types.NamespacedName {
	return types.NamespacedName{Namespace: key.Namespace, Name: key.StatefulSet}
}

// wake has a group reconciled now, or all of them where the key is empty.
func (m *manager) wake(key observe.GroupKey) {
	if key == (observe.GroupKey{}) {
		m.wakeAll()
		return
	}
	m.queue.Add(nameOf(key))
	m.interrupt(key)
}

func (m *manager) wakeAll() {
	m.wakeWhere(func(*group) bool { return true })
}

// wakeMaster has the group reconciled that Sentinel knows by this name.
func (m *manager) wakeMaster(name string) {
	m.wakeWhere(func(g *group) bool { return g.key.MasterName == name })
}

func (m *manager) wakeWhere(holds func(*group) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, g := range m.groups {
		if holds(g) {
			m.queue.Add(name)
		}
	}
}
