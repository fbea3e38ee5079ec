// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// lists answer lists, as the API server did before watches could return them.
type lists struct{ cache.ListWatch }

// IsWatchListSemanticsUnSupported is asked by the reflector.
func (*lists) IsWatchListSemanticsUnSupported() bool { return true }

// listed is a watch of one list that is answered when the channel is closed.
func listed[T runtime.Object](t *testing.T, when <-chan struct{}, example T, list runtime.Object) *watcher[T] {
	t.Helper()
	return listedKeeping(t, when, example, func() runtime.Object { return list }, func(o any) any { return o })
}

func listedKeeping[T runtime.Object](t *testing.T, when <-chan struct{}, example T, list func() runtime.Object, keep func(any) any) *watcher[T] {
	t.Helper()
	return startKeeper(func(run func(context.Context)) { go run(t.Context()) }, &lists{cache.ListWatch{
		ListWithContextFunc: func(context.Context, metav1.ListOptions) (runtime.Object, error) {
			<-when
			return list(), nil
		},
		WatchFuncWithContext: func(context.Context, metav1.ListOptions) (watch.Interface, error) { return watch.NewFake(), nil },
	}}, example, func(T, bool) {}, keep)
}

// TestRecordComesWithItsPods: the watches become complete while the servers are asked. The view of that turn must not have the
// record, because it does not have the pods that hold the data.
func TestRecordComesWithItsPods(t *testing.T) {
	now, later := make(chan struct{}), make(chan struct{})
	close(now)
	lease := coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "redis-sentinel-redis", ResourceVersion: "1", Annotations: map[string]string{contract.RecordEpoch: "1"}}}
	g := &Group{
		Namespace: "ns", StatefulSet: "redis", PodName: "redis-0", PodIP: netip.MustParseAddr("127.0.0.1"),
		Settings: contract.Settings{Redis: &contract.RedisSettings{}}, TokenRefused: func() bool { return false }, wake: func() {},
		lease:  listed(t, now, &coordinationv1.Lease{}, &coordinationv1.LeaseList{Items: []coordinationv1.Lease{lease}}),
		pods:   listed(t, later, &corev1.Pod{}, &corev1.PodList{}),
		claims: listed(t, now, &corev1.PersistentVolumeClaim{}, &corev1.PersistentVolumeClaimList{}),
		set:    listed(t, now, &appsv1.StatefulSet{}, &appsv1.StatefulSetList{}),
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // the test is over
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		close(later)
		for !g.synced() {
			time.Sleep(time.Millisecond)
		}
		_ = conn.Close()
	}()
	o := asking(t, g, listener)
	if v := o.View(context.WithoutCancel(t.Context())); v.Record.Known || v.API {
		t.Errorf("record known %v, API %v, in a view that has no pods", v.Record.Known, v.API)
	}
	if !g.synced() {
		t.Error("the watches did not become complete while the servers were asked: this test shows nothing")
	}
}

// asking observes a group whose own Redis is at a listener.
func asking(t *testing.T, g *Group, own net.Listener) *Observer {
	t.Helper()
	client := redisio.Keep(model.Address{Host: "127.0.0.1", Port: own.Addr().(*net.TCPAddr).Port}, model.Credential{})
	t.Cleanup(func() { _ = client.Close() })
	g.spawn = func(func(context.Context)) {}
	return NewObserver(g, Own{
		Redis: func(ctx context.Context) model.Redis { return redisio.AskOwn(ctx, client) }, User: func() UserValues { return UserValues{} }, Hellos: &redisio.Hellos{}, Leaving: func() bool { return false }, Yielded: func() bool { return false }, Keys: func() []model.Key { return nil },
		Clients: func(time.Time) []string { return nil },
	})
}

// TestLookSaysHowLongItTook: a master that nobody confirms refuses writes by it before the next look is over. One server that connects and says
// nothing is waited for.
func TestLookSaysHowLongItTook(t *testing.T) {
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	g := &Group{
		Namespace: "ns", StatefulSet: "redis", PodName: "redis-0", PodIP: netip.MustParseAddr("127.0.0.1"),
		Settings: contract.Settings{Redis: &contract.RedisSettings{}},
		lease:    listed(t, never, &coordinationv1.Lease{}, &coordinationv1.LeaseList{}),
		pods:     listed(t, never, &corev1.Pod{}, &corev1.PodList{}),
		claims:   listed(t, never, &corev1.PersistentVolumeClaim{}, &corev1.PersistentVolumeClaimList{}),
		set:      listed(t, never, &appsv1.StatefulSet{}, &appsv1.StatefulSetList{}),
	}
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() //nolint:errcheck // the test is over
	began := time.Now()
	v := asking(t, g, silent).View(t.Context())
	if all := time.Since(began); v.Took < redisio.Deadline || v.Took > all {
		t.Errorf("took %s, of %s in which an answer was waited for during %s", v.Took, all, redisio.Deadline)
	}
}

// TestReplicasThatAreElsewhereStopTheMasterFirst: by default a replica stops counting two seconds before Sentinels may promote another
// master; what somebody wrote down himself wins.
func TestReplicasThatAreElsewhereStopTheMasterFirst(t *testing.T) {
	for _, c := range []struct {
		policy, file int
		downAfter    time.Duration
		want         int
	}{
		{0, 0, 5 * time.Second, 3},
		{0, 0, 30 * time.Second, 28},
		{0, 0, 2500 * time.Millisecond, 1},
		{0, 0, 2 * time.Second, 1},
		{0, 20, 5 * time.Second, 20},
		{7, 20, 5 * time.Second, 7},
	} {
		if got := maxLag(c.policy, c.file, c.downAfter); got != c.want {
			t.Errorf("policy %d, file %d, down-after %s: %d, want %d", c.policy, c.file, c.downAfter, got, c.want)
		}
	}
}
