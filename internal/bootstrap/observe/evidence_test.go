// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio/redistest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// The numbers in these tests are those of docs/interleavings.md.

var leases = schema.GroupResource{Group: "coordination.k8s.io", Resource: "leases"}

// complete waits until a watch has its list.
func complete[T runtime.Object](t *testing.T, example T, list runtime.Object) *watcher[T] {
	t.Helper()
	return completeKeeping(t, example, func(o any) any { return o }, func() runtime.Object { return list })
}

// completeKeeping is complete with a say in what is kept.
func completeKeeping[T runtime.Object](t *testing.T, example T, keep func(any) any, list func() runtime.Object) *watcher[T] {
	t.Helper()
	now := make(chan struct{})
	close(now)
	w := listedKeeping(t, now, example, list, keep)
	for !w.synced() {
		time.Sleep(time.Millisecond)
	}
	return w
}

// failingAPI is an API that has the record and answers its readers with an error, if one is given.
func failingAPI(err error) *fake.Clientset {
	client := fake.NewClientset(&coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "redis-sentinel-redis"}})
	client.PrependReactor("*", "*", func(clienttesting.Action) (bool, runtime.Object, error) { return err != nil, nil, err })
	return client
}

// TestRefusalIsNoAnswer (11): a token dies with its pod, and rights can be taken away by mistake. An agent that hears "no"
// knows no more than one that hears nothing.
func TestRefusalIsNoAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		live bool
	}{
		"an answer":              {nil, true},
		"there is no record":     {apierrors.NewNotFound(leases, "redis-sentinel-redis"), true},
		"401":                    {apierrors.NewUnauthorized("the token is of a pod that is gone"), false},
		"403":                    {apierrors.NewForbidden(leases, "redis-sentinel-redis", nil), false},
		"too many requests":      {apierrors.NewTooManyRequests("wait", 1), false},
		"nothing before the end": {context.DeadlineExceeded, false},
	} {
		g := &Group{
			Namespace: "ns", StatefulSet: "redis", wake: func() {}, client: failingAPI(c.err),
			lease:  complete(t, &coordinationv1.Lease{}, &coordinationv1.LeaseList{}),
			pods:   complete(t, &corev1.Pod{}, &corev1.PodList{}),
			claims: complete(t, &corev1.PersistentVolumeClaim{}, &corev1.PersistentVolumeClaimList{}),
			set:    complete(t, &appsv1.StatefulSet{}, &appsv1.StatefulSetList{}),
		}
		g.spawn = func(func(context.Context)) {}
		g.reading, g.wanted = true, time.Now().Add(-time.Minute) // this test reads, and no goroutine beside it
		g.readLive(t.Context())
		g.reading = true
		if got := g.Live(true); got != c.live {
			t.Errorf("%s: live %v, want %v", name, got, c.live)
		}
		g.wanted = time.Time{}
		g.lease.failed.Store(true)
		if got := g.Live(false); got != c.live {
			t.Errorf("%s, and the watch failed: live %v, want %v", name, got, c.live)
		}
	}
}

// TestOnlyALiveAnswerForgetsAGroup (14a, b): a watch that failed or is empty says nothing, and there may be no StatefulSet.
func TestOnlyALiveAnswerForgetsAGroup(t *testing.T) {
	record := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "redis-sentinel-redis"}}
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "redis-0", Labels: map[string]string{contract.LabelGroup: "redis"}}}
	one, none := &corev1.PodList{Items: []corev1.Pod{pod}}, &corev1.PodList{}
	for name, c := range map[string]struct {
		seen   *coordinationv1.Lease // by the watch
		pods   *corev1.PodList       // by the watch
		api    *fake.Clientset
		broken bool
		gone   bool
	}{
		"a live 404":                           {nil, one, failingAPI(apierrors.NewNotFound(leases, record.Name)), false, true},
		"the watch lost it, the API has it":    {nil, one, failingAPI(nil), false, false},
		"the watch lost it, the API refuses":   {nil, one, failingAPI(apierrors.NewForbidden(leases, record.Name, nil)), false, false},
		"the watch lost it, the API is silent": {nil, one, failingAPI(context.DeadlineExceeded), false, false},
		"no pod, by a live list":               {record, none, fake.NewClientset(), false, true},
		"no pod by the watch, one by the list": {record, none, fake.NewClientset(&pod), false, false},
		"no pod by the watch, the API refuses": {record, none, failingAPI(apierrors.NewForbidden(leases, record.Name, nil)), false, false},
		"no pod by a watch that failed":        {record, none, fake.NewClientset(), true, false},
		"pods without their StatefulSet":       {record, one, fake.NewClientset(&pod), false, false},
	} {
		f := &SentinelSet{client: c.api, pods: map[string]*watcher[*corev1.Pod]{"ns": complete(t, &corev1.Pod{}, c.pods)}}
		f.pods["ns"].failed.Store(c.broken)
		if got := f.gone(t.Context(), GroupKey{Namespace: "ns", StatefulSet: "redis"}, c.seen); got != c.gone {
			t.Errorf("%s: gone %v, want %v", name, got, c.gone)
		}
	}
}

// TestOrphansAreStillTheGroup (14a): pods that outlived their StatefulSet have its label; others have only a similar name.
func TestOrphansAreStillTheGroup(t *testing.T) {
	owner := []metav1.OwnerReference{{Kind: "StatefulSet", Name: "redis"}}
	for name, c := range map[string]struct {
		meta  metav1.ObjectMeta
		phase corev1.PodPhase
		want  bool
	}{
		"an orphan":               {metav1.ObjectMeta{Name: "redis-1", Labels: map[string]string{contract.LabelGroup: "redis"}}, corev1.PodRunning, true},
		"not opted in yet":        {metav1.ObjectMeta{Name: "redis-1", OwnerReferences: owner}, corev1.PodRunning, true},
		"of another group":        {metav1.ObjectMeta{Name: "redis-1", Labels: map[string]string{contract.LabelGroup: "other"}}, corev1.PodRunning, false},
		"a name that only begins": {metav1.ObjectMeta{Name: "redis-cache-1", Labels: map[string]string{contract.LabelGroup: "redis"}}, corev1.PodRunning, false},
		"evicted":                 {metav1.ObjectMeta{Name: "redis-1", OwnerReferences: owner}, corev1.PodFailed, false},
	} {
		pod := &corev1.Pod{ObjectMeta: c.meta, Status: corev1.PodStatus{Phase: c.phase}}
		if _, got := belongs(pod, "redis"); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestGraceIsThatOfTheDeletion (K-C9): kubectl can shorten the grace period of the pod, and the hook's share of it with it.
func TestGraceIsThatOfTheDeletion(t *testing.T) {
	spec, deletion := int64(60), int64(6)
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "redis-0"}, Spec: corev1.PodSpec{TerminationGracePeriodSeconds: &spec}}
	grace := func() time.Duration {
		g := &Group{PodName: "redis-0", pods: complete(t, &corev1.Pod{}, &corev1.PodList{Items: []corev1.Pod{pod}})}
		return g.Grace()
	}
	if got := grace(); got != time.Minute {
		t.Errorf("%s, want what the pod asks for", got)
	}
	pod.DeletionGracePeriodSeconds = &deletion
	if got := grace(); got != 6*time.Second {
		t.Errorf("%s, want what the deletion leaves", got)
	}
}

// TestGroupOfNoPodsAsksTheAPINothing: it is proven gone once, as long as a Sentinel knows it; then it may stay so for months.
func TestGroupOfNoPodsAsksTheAPINothing(t *testing.T) {
	record := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "redis-sentinel-redis"}}
	for name, c := range map[string]struct {
		monitors bool
		requests int
	}{"its Sentinel knows it": {true, 1}, "its Sentinel has forgotten it": {false, 0}} {
		own := redistest.Start(t, "127.0.0.1", func(command string) string {
			switch {
			case !c.monitors && strings.HasPrefix(command, "sentinel get-master-addr-by-name"):
				return "*-1\r\n"
			case strings.HasPrefix(command, "sentinel get-master-addr-by-name"):
				return "*2\r\n" + redistest.Bulk("10.0.0.1") + redistest.Bulk("6379")
			case strings.HasPrefix(command, "sentinel master"):
				return "*2\r\n" + redistest.Bulk("flags") + redistest.Bulk("master")
			}
			return "*0\r\n"
		})
		client := redisio.Keep(own.Address, model.Credential{})
		t.Cleanup(func() { _ = client.Close() })
		api := fake.NewClientset()
		f := &SentinelSet{
			client: api, own: client, clients: redisio.NewClients(), peers: complete(t, &corev1.Pod{}, &corev1.PodList{}),
			pods: map[string]*watcher[*corev1.Pod]{"ns": complete(t, &corev1.Pod{}, &corev1.PodList{})},
		}
		key := GroupKey{Namespace: "ns", StatefulSet: "redis", MasterName: "ns.redis"}
		v := f.View(t.Context(), key, record, model.Watching{}, model.Credential{})
		if !v.RecordGone || v.Own.Monitors != c.monitors || len(api.Actions()) != c.requests {
			t.Errorf("%s: gone %v, %d requests, want %d", name, v.RecordGone, len(api.Actions()), c.requests)
		}
	}
}
