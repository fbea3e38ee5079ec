// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Group is what the Kubernetes API says of the group that my pod belongs to.
type Group struct {
	Namespace   string
	StatefulSet string
	PodName     string
	PodUID      string
	PodIP       netip.Addr
	Settings    contract.Settings
	// TokenRefused reports whether the API answers, and knows nobody by the token of my pod.
	TokenRefused func() bool

	client kubernetes.Interface
	spawn  Spawn
	lease  *watcher[*coordinationv1.Lease]
	pods   *watcher[*corev1.Pod]
	claims *watcher[*corev1.PersistentVolumeClaim]
	set    *watcher[*appsv1.StatefulSet]

	// selects finds the pods of the group.
	selects string
	list    podList

	wake func()

	mu      sync.Mutex
	latest  *coordinationv1.Lease // the newest known
	learned *coordinationv1.Lease // from a live read or my own write: the watch may be behind
	live    time.Time             // when a live read last succeeded
	wanted  time.Time             // since when live reads are wanted; zero while they are not
	reading bool
}

// Start begins to watch. The selector of the StatefulSet finds its pods with and without an agent; it never changes during the
// life of a StatefulSet, so it is read once, and the read is retried until the API answers.
func (g *Group) Start(ctx context.Context, client kubernetes.Interface, spawn Spawn, wake func()) error {
	g.client, g.spawn, g.wake = client, spawn, wake
	selector, err := g.selector(ctx)
	if err != nil {
		return err
	}
	g.selects = selector
	name := contract.ObjectName(g.StatefulSet)
	one := func(n string) func(*metav1.ListOptions) {
		return func(o *metav1.ListOptions) {
			o.FieldSelector = fields.OneTermEqualSelector("metadata.name", n).String()
		}
	}
	some := func(o *metav1.ListOptions) { o.LabelSelector = selector }
	getter := func(group restClient, resource string, opts func(*metav1.ListOptions)) cache.ListerWatcher {
		return cache.NewFilteredListWatchFromClient(group, resource, g.Namespace, opts)
	}
	g.lease = g.watchRecord(getter(client.CoordinationV1().RESTClient(), "leases", one(name)))
	g.pods = g.watchPods(getter(client.CoreV1().RESTClient(), "pods", some))
	g.claims = startWatcher(spawn, getter(client.CoreV1().RESTClient(), "persistentvolumeclaims", nothing), &corev1.PersistentVolumeClaim{}, func(*corev1.PersistentVolumeClaim) { wake() })
	g.set = startWatcher(spawn, getter(client.AppsV1().RESTClient(), "statefulsets", one(g.StatefulSet)), &appsv1.StatefulSet{}, func(*appsv1.StatefulSet) { wake() })
	return nil
}

// watchRecord wakes the loop by what others write into the record.
func (g *Group) watchRecord(lw cache.ListerWatcher) *watcher[*coordinationv1.Lease] {
	return startKeeper(g.spawn, lw, &coordinationv1.Lease{}, func(l *coordinationv1.Lease, gone bool) {
		if gone || g.isNews(l) {
			g.wake()
		}
	}, all)
}

// watchPods wakes the loop by what it reads of pods.
func (g *Group) watchPods(lw cache.ListerWatcher) *watcher[*corev1.Pod] {
	return startKeeper(g.spawn, lw, &corev1.Pod{}, func(*corev1.Pod, bool) { g.wake() }, withoutRole)
}

type restClient = cache.Getter

func nothing(*metav1.ListOptions) {}

// selector asks for the StatefulSet until the API answers. Of a StatefulSet that is gone the group label remains.
func (g *Group) selector(ctx context.Context) (string, error) {
	var selector string
	var last error
	stopped := wait.PollUntilContextCancel(ctx, time.Second, true, func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		set, err := g.client.AppsV1().StatefulSets(g.Namespace).Get(ctx, g.StatefulSet, metav1.GetOptions{})
		switch {
		case err == nil:
			selector = metav1.FormatLabelSelector(set.Spec.Selector)
		case apierrors.IsNotFound(err):
			selector = contract.LabelGroup + "=" + g.StatefulSet
		default:
			last = err
			return false, nil // it is asked again
		}
		return true, nil
	})
	if stopped != nil {
		return "", fmt.Errorf("reading StatefulSet %s/%s: %w", g.Namespace, g.StatefulSet, errors.Join(stopped, last))
	}
	return selector, nil
}

// Healthy reports whether everything that is watched is complete and unbroken.
func (g *Group) Healthy() bool {
	return g.lease.healthy() && g.pods.healthy() && g.claims.healthy() && g.set.healthy()
}

// synced reports whether everything was complete once; what an outage leaves of it is old, but it was true.
func (g *Group) synced() bool {
	return g.lease.synced() && g.pods.synced() && g.claims.synced() && g.set.synced()
}

// Lease is the newest record known: from the watch, from my last live read or from my last write. Nil means that there is none.
func (g *Group) Lease() *coordinationv1.Lease {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range g.lease.all() {
		if g.latest == nil || newer(l, g.latest) {
			g.latest = l
		}
	}
	return g.latest
}

// Learn takes over a Lease that was read live or written.
func (g *Group) Learn(l *coordinationv1.Lease) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.latest == nil || newer(l, g.latest) {
		g.latest = l
	}
	if g.learned == nil || newer(l, g.learned) {
		g.learned = l
	}
}

// isNews reports whether the watch brings what was neither read live, for which the loop was woken, nor written by me.
func (g *Group) isNews(l *coordinationv1.Lease) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.learned == nil || newer(l, g.learned)
}

// newer reports whether a is a newer version of the record than b. Another uid is another object, made after the first was
// deleted.
func newer(a, b *coordinationv1.Lease) bool {
	if a.UID != b.UID {
		return a.CreationTimestamp.After(b.CreationTimestamp.Time)
	}
	x, errA := strconv.ParseUint(a.ResourceVersion, 10, 64)
	y, errB := strconv.ParseUint(b.ResourceVersion, 10, 64)
	return errA == nil && errB == nil && x > y
}

// readAtRest is how often the record is read live while nothing depends on it: a watch that was let in once goes on when the token of my
// pod has become invalid, and nobody would know before it is needed.
const readAtRest = 30 * time.Second

// fresh is how long a live read counts as current.
const fresh = 2500 * time.Millisecond

// Live reports whether what is known of the API is what the API says now. While nothing depends on it the watches vouch for
// that. When something does, the record is read live beside the loop, never in it: a slow API server is not an absent one, and
// a turn that waited for it would see nothing else.
func (g *Group) Live(want bool) bool {
	healthy := g.Healthy()
	g.mu.Lock()
	defer g.mu.Unlock()
	if !want && healthy {
		g.wanted = time.Time{}
		if time.Since(g.live) > readAtRest {
			g.readSoon(time.Now())
		}
		return true
	}
	now := time.Now()
	if g.wanted.IsZero() {
		g.wanted = now
	}
	g.readSoon(now)
	return now.Sub(g.live) < fresh || healthy && now.Sub(g.wanted) < fresh
}

// ReadSoon has the record read live beside the loop, at most once a second: somebody knows of a version that the watch has not brought.
func (g *Group) ReadSoon() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.readSoon(time.Now())
}

// Reaches reads the record now, and reports whether the API answered.
func (g *Group) Reaches(ctx context.Context) bool {
	l, err := g.client.CoordinationV1().Leases(g.Namespace).Get(ctx, contract.ObjectName(g.StatefulSet), metav1.GetOptions{})
	if err == nil {
		g.Learn(l)
	}
	return err == nil
}

// readSoon is for who has the lock.
func (g *Group) readSoon(now time.Time) {
	if !g.reading && now.Sub(g.live) > time.Second {
		g.reading = true
		g.spawn(g.readLive)
	}
}

func (g *Group) readLive(ctx context.Context) {
	defer func() { // whatever becomes of this read, another one may be made
		g.mu.Lock()
		g.reading = false
		g.mu.Unlock()
	}()
	ctx, cancel := context.WithTimeout(ctx, fresh)
	defer cancel()
	l, err := g.client.CoordinationV1().Leases(g.Namespace).Get(ctx, contract.ObjectName(g.StatefulSet), metav1.GetOptions{})
	if err == nil {
		g.Learn(l)
	}
	g.mu.Lock()
	if err == nil || apierrors.IsNotFound(err) {
		g.live = time.Now()
	}
	g.mu.Unlock()
	if err == nil {
		g.wake()
	}
}

// facts fills in what the API says, and returns when the pods were listed last. Redis and Sentinel facts are added by the caller.
func (g *Group) facts(v *model.View) (listed time.Time) {
	uids := map[string]string{}
	volume := g.Settings.Redis.DataVolume
	for _, c := range g.claims.all() {
		uids[c.Name] = string(c.UID)
		if n, mine := Ordinal(volume+"-"+g.StatefulSet, c.Name); mine && volume != "" { // claims are named like pods
			v.VolumeClaims = append(v.VolumeClaims, n)
		}
	}
	v.Replicas = -1
	newest := ""
	sets := g.set.all()
	v.SetGone = len(sets) == 0 && g.Healthy()
	for _, s := range sets {
		v.SetUID = string(s.UID)
		if s.Spec.Replicas != nil {
			v.Replicas = int(*s.Spec.Replicas)
		}
		if s.Spec.Ordinals != nil {
			v.FirstOrdinal = int(s.Spec.Ordinals.Start)
		}
		v.OrderedReady = s.Spec.PodManagementPolicy != appsv1.ParallelPodManagement
		v.Releasing = s.Spec.Template.Labels[contract.LabelOptIn] != contract.OptInEnabled && g.wasOptedInByTemplate()
		newest = s.Status.UpdateRevision
		choose(&v.Config, s.Annotations)
	}
	pods, listed := g.podsNow()
	for _, pod := range pods {
		n, ok := belongs(pod, g.StatefulSet)
		if !ok {
			continue
		}
		p := podFacts(pod, n, g.Settings.Port, g.PodIP)
		p.VolumeClaim = claimOf(pod, g.Settings.Redis.DataVolume, uids)
		p.Updated = newest != "" && pod.Labels[appsv1.ControllerRevisionHashLabelKey] == newest
		if pod.Name != g.PodName {
			v.Peers = append(v.Peers, p)
			continue
		}
		v.UIDByName = p.UID
		v.Self.Ready, v.Self.Terminating, v.Self.VolumeClaim = p.Ready, p.Terminating, p.VolumeClaim
		v.VolumeClaims = append(v.VolumeClaims, g.sharedClaim(pod, v)...)
	}
	return listed
}

// choose takes over what a person chose on the StatefulSet itself, which restarts no pod and so can be said to a group that stands still.
func choose(c *model.Config, annotations map[string]string) {
	if pod, ok := annotations[contract.AnnotationInitialMaster]; ok {
		c.InitialMaster = pod
	}
	if pod, ok := annotations[contract.AnnotationReplaceData]; ok {
		c.ReplaceData = pod
	}
	c.Handover, c.HandoverFrom = annotations[contract.AnnotationHandover], annotations[contract.AnnotationHandoverFrom]
}

// wasOptedInByTemplate reports whether my own pod has the label of its template. A pod that was opted in only by its Namespace
// does not, and a template without the label says nothing about it.
func (g *Group) wasOptedInByTemplate() bool {
	for _, pod := range g.pods.all() {
		if pod.Name == g.PodName {
			return pod.Labels[contract.LabelOptIn] == contract.OptInEnabled
		}
	}
	return false
}

// Grace is how long my pod has to end; zero while the API has not said.
func (g *Group) Grace() time.Duration {
	for _, pod := range g.pods.all() {
		if pod.Name != g.PodName {
			continue
		}
		if s := pod.DeletionGracePeriodSeconds; s != nil {
			return time.Duration(*s) * time.Second
		}
		if s := pod.Spec.TerminationGracePeriodSeconds; s != nil {
			return time.Duration(*s) * time.Second
		}
	}
	return 0
}

// Terminating reports whether the API says that my pod is being deleted.
func (g *Group) Terminating() bool {
	for _, pod := range g.pods.all() {
		if pod.Name == g.PodName && string(pod.UID) == g.PodUID {
			return pod.DeletionTimestamp != nil
		}
	}
	return false
}

// sharedClaim makes every ordinal a candidate where all pods share one claim, each with a directory of its own.
func (g *Group) sharedClaim(pod *corev1.Pod, v *model.View) []int {
	for _, vol := range pod.Spec.Volumes {
		if vol.Name != g.Settings.Redis.DataVolume || vol.PersistentVolumeClaim == nil ||
			vol.PersistentVolumeClaim.ClaimName == vol.Name+"-"+pod.Name {
			continue
		}
		var all []int
		for n := v.FirstOrdinal; n < v.FirstOrdinal+v.Replicas; n++ {
			all = append(all, n)
		}
		return all
	}
	return nil
}
