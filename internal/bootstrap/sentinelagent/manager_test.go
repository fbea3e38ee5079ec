// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/status"
)

// late is how long these tests wait for something that should come at once.
const late = 20 * time.Second

// watched is a manager with two groups that need nothing for an hour. It tells of each reconciliation by the group's name.
func watched(t *testing.T, reconcile func(ctx context.Context, g *group) (time.Duration, bool)) (m *manager, told chan string) {
	t.Helper()
	told = make(chan string, 16)
	m = &manager{
		env: testEnvironment(t), token: &environment.Token{}, pages: status.New(status.Status{}, status.Hooks{}), queue: workqueue.NewTypedDelayingQueue[types.NamespacedName](), groups: map[types.NamespacedName]*group{},
		reconcile: func(ctx context.Context, g *group) (time.Duration, bool) {
			told <- g.key.MasterName
			return reconcile(ctx, g)
		},
	}
	for _, set := range []string{"one", "two"} {
		m.add(observe.GroupKey{Namespace: "ns", StatefulSet: set, MasterName: "ns." + set})
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	crew, _ := loop.NewCrew(ctx, m.env.Log)
	m.work(ctx, crew)
	t.Cleanup(func() {
		cancel()
		if err := crew.Wait(); err != nil {
			t.Error(err)
		}
	})
	return m, told
}

func inAnHour(context.Context, *group) (time.Duration, bool) { return time.Hour, false }

// expect waits for the reconciliation of these groups, in any order.
func expect(t *testing.T, told <-chan string, names ...string) {
	t.Helper()
	missing := map[string]bool{}
	for _, name := range names {
		missing[name] = true
	}
	for len(missing) > 0 {
		select {
		case name := <-told:
			delete(missing, name)
		case <-time.After(late):
			t.Fatalf("nobody looks after %v", missing)
		}
	}
}

// TestEmptyKeyWakesAll: a change among the Sentinels concerns every group.
func TestEmptyKeyWakesAll(t *testing.T) {
	m, told := watched(t, inAnHour)
	m.wake(observe.GroupKey{Namespace: "ns", StatefulSet: "one"})
	expect(t, told, "ns.one")
	m.wake(observe.GroupKey{})
	expect(t, told, "ns.one", "ns.two")
}

// TestWakeDuringAReconciliationIsNotLost: a +switch-master that comes while the group is observed is of after what was observed.
func TestWakeDuringAReconciliationIsNotLost(t *testing.T) {
	goOn := make(chan struct{})
	m, told := watched(t, func(context.Context, *group) (time.Duration, bool) { <-goOn; return time.Hour, false })
	m.wakeMaster("ns.one")
	expect(t, told, "ns.one")
	m.wakeMaster("ns.one")
	close(goOn)
	expect(t, told, "ns.one")
}

// TestNoLockOverNetworkCalls: the Sentinel does not answer to the question for its groups. Whoever has news for the agent, the pages
// that the kubelet asks for, and the groups go on meanwhile.
func TestNoLockOverNetworkCalls(t *testing.T) {
	m, told := watched(t, inAnHour)
	asked, goOn := make(chan struct{}), make(chan struct{})
	m.orphans = func(context.Context) ([]observe.GroupKey, bool) { close(asked); <-goOn; return nil, false }
	m.swept = time.Now() // there is no set to sweep
	pulsed := make(chan struct{})
	go func() {
		defer close(pulsed)
		loop.Guard(m.env.Log, func() { m.pulse(t.Context()) }) // it ends where there is no Sentinel to ping
	}()
	<-asked
	free := make(chan struct{})
	go func() {
		m.wake(observe.GroupKey{})
		m.wakeMaster("ns.two")
		m.statusNow(true, time.Now())
		close(free)
	}()
	select {
	case <-free:
	case <-time.After(late):
		t.Fatal("everybody waits for a Sentinel that does not answer")
	}
	expect(t, told, "ns.one", "ns.two")
	close(goOn)
	<-pulsed
}

// TestGroupsAreLookedAfterAgain: a group says when; one that panics is looked after again, and one that is done is forgotten.
func TestGroupsAreLookedAfterAgain(t *testing.T) {
	var times atomic.Int32 // different groups are looked after at once
	m, told := watched(t, func(_ context.Context, g *group) (time.Duration, bool) {
		if g.key.MasterName == "ns.two" {
			return time.Millisecond, times.Add(1) == 3
		}
		panic("in a reconciliation")
	})
	m.wake(observe.GroupKey{Namespace: "ns", StatefulSet: "two"})
	for range 3 {
		expect(t, told, "ns.two")
	}
	m.wake(observe.GroupKey{Namespace: "ns", StatefulSet: "one"})
	for range 2 {
		expect(t, told, "ns.one")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.groups) != 1 {
		t.Errorf("%d groups in care, want the one that is not done", len(m.groups))
	}
}

// TestRefusalIsNotAskedForAllTheTime: an act that fails is tried again within a second, and not at once.
func TestRefusalIsNotAskedForAllTheTime(t *testing.T) {
	refused := errors.New("a policy denies it")
	for _, c := range []struct {
		recheck time.Duration
		err     error
		want    time.Duration
	}{
		{time.Millisecond, refused, 100 * time.Millisecond},
		{500 * time.Millisecond, refused, 500 * time.Millisecond},
		{3 * time.Second, refused, time.Second},
		{time.Millisecond, fmt.Errorf("writing: %w", record.ErrConflict), time.Millisecond},
	} {
		if got := afterError(c.recheck, c.err); got != c.want {
			t.Errorf("%s after %v: %s, want %s", c.recheck, c.err, got, c.want)
		}
	}
}
