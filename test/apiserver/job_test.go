// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/admit"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/serving"
)

// job is all that the webhook's account ever does, in two namespaces. A step that fails does not keep the next ones from being
// tried.
type job struct {
	admin                                   client.Client
	home, tenant, configuration, labelsRole string
}

func newJob(t *testing.T, c client.Client, labels string) job {
	t.Helper()
	j := job{admin: c, home: newNamespace(t, c, nil), tenant: newNamespace(t, c, nil), configuration: newConfiguration(t, c, contract.WebhookPods), labelsRole: labels}
	for _, name := range []string{"webhook-ca", "webhook-hook", "webhook-key"} { // there, but emptied by somebody
		create(t, c, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: j.home, Name: name}})
	}
	set := statefulSet(j.tenant, "redis", "redis", 3, map[string]string{contract.LabelOptIn: contract.OptInEnabled})
	create(t, c, set)
	// A rollout from there to the template of now is under way. Not an update: another job may have nudged the set already.
	status := client.RawPatch(types.MergePatchType, []byte(`{"status":{"currentRevision":"redis-1"}}`))
	if err := c.Status().Patch(t.Context(), set, status); err != nil {
		t.Fatal(err)
	}
	return j
}

// awaitRights waits until the API server has learned of the last right.
func (j job) awaitRights(t *testing.T, account string, rights []right) {
	t.Helper()
	for _, r := range []right{rights[0], rights[len(rights)-1]} {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: account, ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: j.home, Group: r.group, Resource: r.resource, Verb: r.verb, Name: r.name},
		}}
		eventually(t, 10*time.Second, "the rights hold", func() error {
			asked := review.DeepCopy()
			if err := j.admin.Create(t.Context(), asked); err != nil || asked.Status.Allowed {
				return err
			}
			return errors.New("not yet")
		})
	}
}

// do does the job, and ends when enough has been heard also of what runs beside its steps: watches, and the Event that is patched.
func (j job) do(t *testing.T, cfg *rest.Config, enough func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	live := clientFor(t, cfg)

	rotator := newRotator(live, j.home, serving.Options{Configurations: []string{j.configuration}, Interval: 200 * time.Millisecond})
	running.Go(func() { _ = rotator.Start(ctx) })
	for _, name := range []string{"webhook-hook", "webhook-key"} {
		_, _ = serving.EnsureKey(ctx, live, client.ObjectKey{Namespace: j.home, Name: name})
	}

	options := provision.CacheOptions()
	options.Scheme = scheme()
	cached, err := cache.New(cfg, options)
	if err != nil {
		t.Fatal(err)
	}
	running.Go(func() { _ = cached.Start(ctx) })
	filling, filled := context.WithTimeout(ctx, 3*time.Second)
	defer filled()
	err = provision.Prime(filling, cached)
	if err == nil {
		j.provision(ctx, t, cfg, live, cached)
	}
	for !enough() && ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond)
	}
}

// provision makes, repairs and removes a group and a Sentinel set.
func (j job) provision(ctx context.Context, t *testing.T, cfg *rest.Config, live client.Client, cached cache.Cache) {
	t.Helper()
	recorder, stop := j.recorder(ctx, t, cfg)
	defer stop()
	random := func() string { return "random" }
	p := provision.New(live, cached, recorder, provision.Options{Now: time.Now, Random: random, LabelsRole: j.labelsRole})
	g, set := redisGroup(j.tenant), sentinelGroup(j.tenant)
	for _, group := range []mutate.Group{g, set, g} {
		_ = p.Ensure(ctx, group)
	}
	_, _ = admit.CachedLabels(cached, live)(ctx, "no-such-namespace")
	j.review(ctx, t, live)
	j.damage(ctx)
	g.Settings.DownAfterMs = 9000
	for _, group := range []mutate.Group{g, set} {
		_ = p.Repair(ctx, group)
	}
	_ = provision.NewRecovery(live, provision.RecoveryOptions{
		Ready: func() error { return nil }, OptedIn: func(context.Context, string) bool { return false },
		Now: func() time.Time { return time.Now().Add(time.Hour) },
	}, logr.Discard()).Pass(ctx)
	_ = j.admin.Delete(ctx, &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: j.tenant, Name: "redis"}})
	j.awaitCache(ctx, cached)
	for _, name := range []string{g.StatefulSet, set.StatefulSet} {
		key := types.NamespacedName{Namespace: j.tenant, Name: name}
		_, _ = provision.NewReconciler(p, nil).Reconcile(ctx, reconcile.Request{NamespacedName: key})
		_ = p.Remove(ctx, key)
	}
}

// awaitCache waits until the cache knows what is to be removed. Without the right to watch it never does.
func (j job) awaitCache(ctx context.Context, cached cache.Cache) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	seen := func(o client.Object, name string) bool {
		kind, _ := j.admin.GroupVersionKindFor(o)
		known := &metav1.PartialObjectMetadata{}
		known.SetGroupVersionKind(kind)
		key := client.ObjectKey{Namespace: j.tenant, Name: name}
		if err := j.admin.Get(ctx, key, o); err != nil {
			return !apierrors.IsNotFound(err) || apierrors.IsNotFound(cached.Get(ctx, key, known))
		}
		return cached.Get(ctx, key, known) == nil && known.ResourceVersion == o.GetResourceVersion()
	}
	all := objectsOf()
	all["StatefulSet redis"] = &appsv1.StatefulSet{}
	for what, o := range all {
		_, name, _ := strings.Cut(what, " ")
		for !seen(o, name) && ctx.Err() == nil {
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// review has a pod proven that was made before the rollout, and a StatefulSet compared with what lies around it.
func (j job) review(ctx context.Context, t *testing.T, live client.Client) {
	t.Helper()
	set := &appsv1.StatefulSet{}
	if err := j.admin.Get(ctx, client.ObjectKey{Namespace: j.tenant, Name: "redis"}, set); err != nil {
		return // out of time, without the right to list
	}
	pod := podOf(set, 0)
	pod.Spec.ServiceAccountName = "before"
	metav1.SetMetaDataLabel(&pod.ObjectMeta, appsv1.ControllerRevisionHashLabelKey, set.Status.CurrentRevision)
	metav1.SetMetaDataLabel(&pod.ObjectMeta, contract.LabelOptIn, contract.OptInEnabled)
	rules, err := policy.Parse(fmt.Appendf(nil, policyText, "5s", j.home))
	if err != nil {
		t.Fatal(err)
	}
	reviewer := admit.Reviewer{
		Policy: func() *policy.Policy { return rules }, Live: live,
		NamespaceLabels: func(context.Context, string) (map[string]string, error) { return nil, nil },
	}
	_, _ = reviewer.Pod(ctx, admit.PodRequest{Namespace: pod.Namespace, Name: pod.Name, Pod: pod})
	j.tell(ctx, t, reviewer)
	_, _ = reviewer.StatefulSet(ctx, admit.SetRequest{Namespace: set.Namespace, Set: set.DeepCopy()})
}

// tell has pods refused that a ReplicaSet and a Job have made, whose owners are looked up.
func (j job) tell(ctx context.Context, t *testing.T, reviewer admit.Reviewer) {
	t.Helper()
	mux := http.NewServeMux()
	(&admit.Server{
		Reviewer: reviewer, Metrics: admit.NewMetrics(prometheus.NewRegistry()), Log: logr.Discard(), Now: time.Now, Events: events.NewFakeRecorder(2),
	}).Register(mux)
	for version, kind := range map[string]string{"apps/v1": "ReplicaSet", "batch/v1": "Job"} {
		body := fmt.Sprintf(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","namespace":%q,"name":"p","operation":"CREATE","object":
			{"metadata":{"name":"p","labels":{"redis-sentinel":"enabled"},"ownerReferences":[{"apiVersion":%q,"kind":%q,"name":"none","uid":"none","controller":true}]},
			"spec":{"containers":[{"name":"redis","image":"redis:7"}]}}}}`, j.tenant, version, kind)
		request := httptest.NewRequestWithContext(ctx, http.MethodPost, contract.PathMutatePods, strings.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		mux.ServeHTTP(httptest.NewRecorder(), request)
	}
}

// recorder writes Events as the webhook does.
func (j job) recorder(ctx context.Context, t *testing.T, cfg *rest.Config) (events.EventRecorder, func()) {
	t.Helper()
	clients, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: clients.EventsV1()})
	if err := broadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
		t.Fatal(err)
	}
	return broadcaster.NewRecorder(scheme(), contract.FieldManager), func() {
		time.Sleep(300 * time.Millisecond)
		broadcaster.Shutdown()
	}
}

// damage changes every kind of object that a group has, as an administrator.
func (j job) damage(ctx context.Context) {
	for what, o := range objectsOf() {
		_, name, _ := strings.Cut(what, " ")
		if j.admin.Get(ctx, client.ObjectKey{Namespace: j.tenant, Name: name}, o) != nil {
			continue
		}
		switch live := o.(type) {
		case *corev1.ServiceAccount:
			live.AutomountServiceAccountToken = nil
		case *corev1.Service:
			live.Spec.Selector = map[string]string{"app": "wrong"}
		case *rbacv1.Role:
			live.Rules = nil
		case *rbacv1.RoleBinding:
			live.Subjects = nil
			if name == "redis-sentinel-redis" { // of another Role, which cannot be changed
				_ = j.admin.Delete(ctx, live)
				live.ResourceVersion, live.UID, live.RoleRef.Name = "", "", "redis-sentinel-redis:sentinels"
				_ = j.admin.Create(ctx, live)
				continue
			}
		case *coordinationv1.Lease:
			live.Annotations = nil
		}
		_ = j.admin.Update(ctx, o)
	}
}
