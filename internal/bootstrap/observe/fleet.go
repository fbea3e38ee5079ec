// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// GroupKey names a group: where its StatefulSet is, and what Sentinel calls it.
type GroupKey struct {
	Namespace   string
	StatefulSet string
	MasterName  string
}

// KeyOf reads the key of a group from its record. The master name is computed, never believed.
func KeyOf(lease *coordinationv1.Lease, s contract.GroupSettings) GroupKey {
	set := lease.Labels[contract.LabelGroup]
	if lease.Name != contract.ObjectName(set) {
		set = strings.TrimPrefix(lease.Name, contract.ObjectPrefix)
	}
	return GroupKey{Namespace: lease.Namespace, StatefulSet: set, MasterName: GroupName(lease.Namespace, set, s)}
}

// Namespaces are those that a Sentinel set serves; the empty name stands for all of them.
func Namespaces(own string, s *contract.SentinelSettings) []string {
	if s == nil || len(s.Namespaces) == 0 {
		return []string{own}
	}
	if slices.Contains(s.Namespaces, "*") {
		return []string{metav1.NamespaceAll}
	}
	return s.Namespaces
}

// SentinelSet is what the Kubernetes API says of the groups of a Sentinel set, and of the set itself.
type SentinelSet struct {
	namespace string
	settings  contract.Settings
	podName   string
	family    netip.Addr
	identity  func(ordinal int) string

	client kubernetes.Interface
	wake   func(GroupKey)
	leases []*watcher[*coordinationv1.Lease]
	peers  *watcher[*corev1.Pod]

	mu      sync.Mutex
	pods    map[string]*watcher[*corev1.Pod] // by namespace
	written map[string]*coordinationv1.Lease // by namespace/name, newer than the watch
	orphans time.Time
}

// NewSentinelSet describes the set; Start begins to watch.
func NewSentinelSet(namespace string, settings contract.Settings, podName string, family netip.Addr, identity func(int) string) *SentinelSet {
	return &SentinelSet{
		namespace: namespace, settings: settings, podName: podName, family: family, identity: identity,
		pods: map[string]*watcher[*corev1.Pod]{}, written: map[string]*coordinationv1.Lease{},
	}
}

// Start begins to watch the records and the Sentinels of the set; each change wakes its group.
func (f *SentinelSet) Start(ctx context.Context, client kubernetes.Interface, wake func(GroupKey)) {
	f.client, f.wake = client, wake
	labelled := func(o *metav1.ListOptions) { o.LabelSelector = contract.LabelGroup }
	for _, ns := range Namespaces(f.namespace, f.settings.Sentinel) {
		lw := cache.NewFilteredListWatchFromClient(client.CoordinationV1().RESTClient(), "leases", ns, labelled)
		f.leases = append(f.leases, startWatcher(ctx, lw, &coordinationv1.Lease{}, func(l *coordinationv1.Lease) {
			s, _ := record.Settings(l)
			wake(KeyOf(l, s))
		}))
	}
	ofSet := func(o *metav1.ListOptions) {
		o.LabelSelector = contract.LabelSentinelSet + "=" + f.settings.StatefulSet
	}
	lw := cache.NewFilteredListWatchFromClient(client.CoreV1().RESTClient(), "pods", f.namespace, ofSet)
	f.peers = startWatcher(ctx, lw, &corev1.Pod{}, func(*corev1.Pod) { wake(GroupKey{}) })
}

// Leases are all records in sight.
func (f *SentinelSet) Leases() []*coordinationv1.Lease {
	var all []*coordinationv1.Lease
	for _, w := range f.leases {
		all = append(all, w.all()...)
	}
	return all
}

// WatchPods begins to watch the pods of groups in a namespace, once.
func (f *SentinelSet) WatchPods(ctx context.Context, namespace string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pods[namespace] != nil {
		return
	}
	labelled := func(o *metav1.ListOptions) { o.LabelSelector = contract.LabelGroup }
	lw := cache.NewFilteredListWatchFromClient(f.client.CoreV1().RESTClient(), "pods", namespace, labelled)
	f.pods[namespace] = startWatcher(ctx, lw, &corev1.Pod{}, func(p *corev1.Pod) {
		f.wake(GroupKey{Namespace: namespace, StatefulSet: p.Labels[contract.LabelGroup]})
	})
}

// Lease is the newest record of a group in sight, with its settings; nil when there is none.
func (f *SentinelSet) Lease(key GroupKey) (*coordinationv1.Lease, contract.GroupSettings) {
	name := contract.ObjectName(key.StatefulSet)
	var newest *coordinationv1.Lease
	for _, l := range f.Leases() {
		if l.Namespace == key.Namespace && l.Name == name {
			newest = l
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	id := key.Namespace + "/" + name
	if own := f.written[id]; newest != nil && own != nil && own.UID == newest.UID && newer(own, newest) {
		newest = own
	} else {
		delete(f.written, id)
	}
	if newest == nil {
		return nil, contract.GroupSettings{}
	}
	s, _ := record.Settings(newest)
	return newest, s
}

// Learn takes over a record that was written.
func (f *SentinelSet) Learn(key GroupKey, l *coordinationv1.Lease) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.written[key.Namespace+"/"+l.Name] = l
}

// podsOf are the pods of one group; false when the list cannot be trusted.
func (f *SentinelSet) podsOf(key GroupKey) ([]*corev1.Pod, bool) {
	f.mu.Lock()
	w := f.pods[key.Namespace]
	f.mu.Unlock()
	if w == nil || !w.synced() {
		return nil, false
	}
	var pods []*corev1.Pod
	for _, p := range w.all() {
		if _, ok := belongs(p, key.StatefulSet); ok && p.Labels[contract.LabelGroup] == key.StatefulSet {
			pods = append(pods, p)
		}
	}
	return pods, w.healthy()
}

// Pod is one pod of a group by name.
func (f *SentinelSet) Pod(key GroupKey, name string) *corev1.Pod {
	pods, _ := f.podsOf(key)
	for _, p := range pods {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// StillEpoch reads the record live and says whether it still has this epoch.
func (f *SentinelSet) StillEpoch(ctx context.Context, key GroupKey, epoch uint64) bool {
	ctx, cancel := context.WithTimeout(ctx, requestDeadline)
	defer cancel()
	l, err := f.client.CoordinationV1().Leases(key.Namespace).Get(ctx, contract.ObjectName(key.StatefulSet), metav1.GetOptions{})
	if err != nil {
		return false
	}
	r, err := record.Decode(l)
	return err == nil && r.Epoch == epoch
}

// gone says, by live reads only, that a group exists no more: its record is not there, or not one pod of it is.
func (f *SentinelSet) gone(ctx context.Context, key GroupKey, lease *coordinationv1.Lease) bool {
	ctx, cancel := context.WithTimeout(ctx, requestDeadline)
	defer cancel()
	if lease == nil {
		_, err := f.client.CoordinationV1().Leases(key.Namespace).Get(ctx, contract.ObjectName(key.StatefulSet), metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	}
	if pods, known := f.podsOf(key); !known || len(pods) > 0 {
		return false
	}
	list, err := f.client.CoreV1().Pods(key.Namespace).List(ctx, metav1.ListOptions{LabelSelector: contract.LabelGroup + "=" + key.StatefulSet, Limit: 1})
	return err == nil && len(list.Items) == 0
}

// orphansEvery is how often the Sentinel is asked for groups that no record in sight names.
const orphansEvery = 30 * time.Second

// Orphans are groups that the Sentinel monitors and that no record in sight names: the record was deleted while nobody
// looked. A name that cannot be taken apart is left alone.
func (f *SentinelSet) Orphans(ctx context.Context, own *redis.Client) []GroupKey {
	for _, w := range f.leases {
		if !w.healthy() {
			return nil
		}
	}
	if time.Since(f.orphans) < orphansEvery {
		return nil
	}
	f.orphans = time.Now()
	names, ok := redisio.Groups(ctx, own)
	if !ok {
		return nil
	}
	named := map[string]bool{}
	for _, l := range f.Leases() {
		s, _ := record.Settings(l)
		named[KeyOf(l, s).MasterName] = true
	}
	var keys []GroupKey
	for _, n := range names {
		namespace, set, cut := strings.Cut(n, ".")
		if cut && !named[n] {
			keys = append(keys, GroupKey{Namespace: namespace, StatefulSet: set, MasterName: n})
		}
	}
	return keys
}
