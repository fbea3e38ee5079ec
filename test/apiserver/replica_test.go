// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
)

// replica is what one replica of the webhook provisions with.
type replica struct {
	*provision.Provisioner
	events *events.FakeRecorder
	// requests counts what was sent without the cache.
	requests *atomic.Int64
}

// labelsRole is the ClusterRole that the replicas of tests bind to Sentinel sets.
const labelsRole = "apiserver-test-role-labels"

// newReplica starts a replica that speaks to the API server as cfg says.
func newReplica(t *testing.T, cfg *rest.Config) replica {
	t.Helper()
	options := provision.CacheOptions()
	options.Scheme = scheme()
	cached, err := cache.New(cfg, options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = cached.Start(ctx) })
	t.Cleanup(func() { cancel(); group.Wait() })
	if err := provision.Prime(ctx, cached); err != nil {
		t.Fatal(err)
	}
	counted := rest.CopyConfig(cfg)
	requests := &atomic.Int64{}
	counted.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			requests.Add(1)
			return next.RoundTrip(r)
		})
	})
	live := clientFor(t, counted)
	if _, err := live.RESTMapper().RESTMapping(coordinationv1.SchemeGroupVersion.WithKind("Lease").GroupKind()); err != nil {
		t.Fatal(err)
	}
	recorder := events.NewFakeRecorder(100)
	return replica{provision.New(live, cached, recorder, provision.Options{Now: time.Now, Random: rand.Text, LabelsRole: labelsRole}), recorder, requests}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// told returns the Events that have been written so far.
func (r replica) told() string {
	var all []string
	for {
		select {
		case event := <-r.events.Events:
			all = append(all, event)
		default:
			return strings.Join(all, "\n")
		}
	}
}

func redisGroup(namespace string) mutate.Group {
	return mutate.Group{
		Namespace: namespace, StatefulSet: "redis", StatefulSetUID: "1", Role: contract.PodRoleRedis, Account: "redis-sentinel-redis",
		Port: 6380, Service: "redis", MasterService: "redis-master", ReplicasService: "redis-replicas", SentinelsListed: true,
		Settings: contract.GroupSettings{
			Sentinels:   contract.SentinelSet{Namespace: namespace, Name: "sentinel", Service: "sentinel-headless", Replicas: 3, Port: 26379},
			DownAfterMs: 5000, FailoverTimeoutMs: 10000, ParallelSyncs: 1, Port: 6380,
		},
	}
}

func sentinelGroup(namespace string) mutate.Group {
	return mutate.Group{
		Namespace: namespace, StatefulSet: "sentinel", Role: contract.PodRoleSentinel, Account: "redis-sentinel-sentinel", Port: 26379,
	}
}

// objectsOf are the objects that a redis group has, as empty values to read into.
func objectsOf() map[string]client.Object {
	return map[string]client.Object{
		"Lease redis-sentinel-redis":                 &coordinationv1.Lease{},
		"ServiceAccount redis-sentinel-redis":        &corev1.ServiceAccount{},
		"Role redis-sentinel-redis":                  &rbacv1.Role{},
		"Role redis-sentinel-redis:sentinels":        &rbacv1.Role{},
		"RoleBinding redis-sentinel-redis":           &rbacv1.RoleBinding{},
		"RoleBinding redis-sentinel-redis:sentinels": &rbacv1.RoleBinding{},
		"RoleBinding redis-sentinel-redis:labels":    &rbacv1.RoleBinding{},
		"Service redis-master":                       &corev1.Service{},
		"Service redis-replicas":                     &corev1.Service{},
	}
}

// versions reads the versions of all objects of a group.
func versions(t *testing.T, c client.Client, namespace string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for what, o := range objectsOf() {
		_, name, _ := strings.Cut(what, " ")
		get(t, c, namespace, name, o)
		if !provision.Ours(o, "redis") || len(o.GetOwnerReferences()) > 0 {
			t.Errorf("%s has labels %v and owners %v", what, o.GetLabels(), o.GetOwnerReferences())
		}
		out[what] = o.GetResourceVersion()
	}
	return out
}

func statefulSet(namespace, name, service string, replicas int32, labels map[string]string) *appsv1.StatefulSet {
	pod := map[string]string{"app": name}
	return &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &replicas, ServiceName: service, Selector: &metav1.LabelSelector{MatchLabels: pod},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: pod},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "redis", Image: "redis:7.0"}}},
			},
		},
	}
}
