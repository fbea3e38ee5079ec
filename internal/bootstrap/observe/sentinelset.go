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

// Label is what metrics call the group, as those of its Redis pods do: whatever name Sentinel uses.
func (k GroupKey) Label() string { return contract.MasterName(k.Namespace, k.StatefulSet) }

// Namespaces are those that a Sentinel set serves; the empty name means all of them.
func Namespaces(own string, s *contract.SentinelSettings) []string {
	if s == nil || len(s.Namespaces) == 0 {
		return []string{own}
	}
	if slices.Contains(s.Namespaces, "*") {
		return []string{metav1.NamespaceAll}
	}
	return s.Namespaces
}

// SentinelSet is what the Kubernetes API says of a Sentinel set, and of the groups that it watches.
type SentinelSet struct {
	set      Set
	client   kubernetes.Interface
	own      *redis.Client
	clients  *redisio.Clients
	identity func(ordinal int) string

	spawn  Spawn
	wake   func(GroupKey)
	leases []*watcher[*coordinationv1.Lease]
	peers  *watcher[*corev1.Pod]

	mu      sync.Mutex
	pods    map[string]*watcher[*corev1.Pod] // by namespace
	written map[string]*coordinationv1.Lease // by namespace/name, newer than the watch
}

// Set is which set it is, and which of its Sentinels is mine.
type Set struct {
	Namespace string
	Settings  contract.Settings
	PodName   string
	// PodIP is mine; the addresses of others are of the same family.
	PodIP netip.Addr
}

// NewSentinelSet describes the set; Start begins to watch. Own is my Sentinel, and identity computes the run id of an ordinal,
// which is empty while it is not known.
func NewSentinelSet(set Set, client kubernetes.Interface, own *redis.Client, identity func(ordinal int) string) *SentinelSet {
	return &SentinelSet{
		set: set, client: client, own: own, clients: redisio.NewClients(), identity: identity,
		pods: map[string]*watcher[*corev1.Pod]{}, written: map[string]*coordinationv1.Lease{},
	}
}

// Start begins to watch the records and the Sentinels of the set; each change wakes its group, and a change of the Sentinels
// wakes all of them: the key is the zero value then.
func (w *SentinelSet) Start(spawn Spawn, wake func(GroupKey)) {
	w.spawn, w.wake = spawn, wake
	labelled := func(o *metav1.ListOptions) { o.LabelSelector = contract.LabelGroup }
	for _, ns := range Namespaces(w.set.Namespace, w.set.Settings.Sentinel) {
		lw := cache.NewFilteredListWatchFromClient(w.client.CoordinationV1().RESTClient(), "leases", ns, labelled)
		w.leases = append(w.leases, startKeeper(spawn, lw, &coordinationv1.Lease{}, func(l *coordinationv1.Lease, _ bool) {
			if key, ok := w.KeyOf(l); ok {
				wake(key)
			}
		}, stubbed))
	}
	ofSet := func(o *metav1.ListOptions) {
		o.LabelSelector = contract.LabelSentinelSet + "=" + w.set.Settings.StatefulSet
	}
	lw := cache.NewFilteredListWatchFromClient(w.client.CoreV1().RESTClient(), "pods", w.set.Namespace, ofSet)
	w.peers = startKeeper(spawn, lw, &corev1.Pod{}, func(*corev1.Pod, bool) { wake(GroupKey{}) }, withoutServer)
}

// Leases are all records in sight.
func (w *SentinelSet) Leases() []*coordinationv1.Lease {
	var all []*coordinationv1.Lease
	for _, leases := range w.leases {
		all = append(all, leases.all()...)
	}
	return all
}

// WatchPods begins to watch the pods of groups in a namespace, once.
func (w *SentinelSet) WatchPods(namespace string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pods[namespace] != nil {
		return
	}
	labelled := func(o *metav1.ListOptions) { o.LabelSelector = contract.LabelGroup }
	lw := cache.NewFilteredListWatchFromClient(w.client.CoreV1().RESTClient(), "pods", namespace, labelled)
	w.pods[namespace] = startKeeper(w.spawn, lw, &corev1.Pod{}, func(p *corev1.Pod, _ bool) {
		w.wake(GroupKey{Namespace: namespace, StatefulSet: p.Labels[contract.LabelGroup]})
	}, withoutServer)
}

// Lease is the newest record of a group in sight, with its settings; nil when there is none.
func (w *SentinelSet) Lease(key GroupKey) (*coordinationv1.Lease, contract.GroupSettings) {
	name := contract.ObjectName(key.StatefulSet)
	var newest *coordinationv1.Lease
	for _, l := range w.Leases() {
		if l.Namespace == key.Namespace && l.Name == name {
			newest = l
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	id := key.Namespace + "/" + name
	if own := w.written[id]; newest != nil && own != nil && own.UID == newest.UID && newer(own, newest) {
		newest = own
	} else {
		delete(w.written, id)
	}
	if newest == nil {
		return nil, contract.GroupSettings{}
	}
	s, _ := record.Settings(newest)
	return newest, s
}

// learn takes over a record that was written.
func (w *SentinelSet) learn(key GroupKey, l *coordinationv1.Lease) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written[key.Namespace+"/"+l.Name] = l
}

// podsOf are the pods of one group; false when the list cannot be trusted.
func (w *SentinelSet) podsOf(key GroupKey) ([]*corev1.Pod, bool) {
	w.mu.Lock()
	watch := w.pods[key.Namespace]
	w.mu.Unlock()
	if watch == nil || !watch.synced() {
		return nil, false
	}
	var pods []*corev1.Pod
	for _, p := range watch.all() {
		if _, ok := belongs(p, key.StatefulSet); ok && p.Labels[contract.LabelGroup] == key.StatefulSet {
			pods = append(pods, p)
		}
	}
	return pods, watch.healthy()
}

// Keyed are the uids of a group's pods whose agents know its keys.
func (w *SentinelSet) Keyed(key GroupKey) []string {
	pods, _ := w.podsOf(key)
	var uids []string
	for _, p := range pods {
		if knowsKeys(p) {
			uids = append(uids, string(p.UID))
		}
	}
	return uids
}

// Pod is one pod of a group by name.
func (w *SentinelSet) Pod(key GroupKey, name string) *corev1.Pod {
	pods, _ := w.podsOf(key)
	for _, p := range pods {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// StillEpoch reads the record live and reports whether it still has this epoch.
func (w *SentinelSet) StillEpoch(ctx context.Context, key GroupKey, epoch uint64) bool {
	return record.Still(ctx, w.client.CoordinationV1().Leases(key.Namespace), contract.ObjectName(key.StatefulSet), epoch) == nil
}

// gone reports, by live reads only, whether a group no longer exists: its record is not there, or none of its pods is.
func (w *SentinelSet) gone(ctx context.Context, key GroupKey, lease *coordinationv1.Lease) bool {
	ctx, cancel := context.WithTimeout(ctx, requestDeadline)
	defer cancel()
	if lease == nil {
		_, err := w.client.CoordinationV1().Leases(key.Namespace).Get(ctx, contract.ObjectName(key.StatefulSet), metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	}
	if pods, known := w.podsOf(key); !known || len(pods) > 0 {
		return false
	}
	list, err := w.client.CoreV1().Pods(key.Namespace).List(ctx, metav1.ListOptions{LabelSelector: contract.LabelGroup + "=" + key.StatefulSet, Limit: 1})
	return err == nil && len(list.Items) == 0
}

// Orphans are groups that the Sentinel monitors and that no record in sight names: the record was deleted while no agent
// watched. A name that cannot be parsed is left alone. False means that a watch or the Sentinel does not answer, so that the
// orphans are unknown.
func (w *SentinelSet) Orphans(ctx context.Context) ([]GroupKey, bool) {
	for _, leases := range w.leases {
		if !leases.healthy() {
			return nil, false
		}
	}
	names, ok := redisio.Groups(ctx, w.own)
	if !ok {
		return nil, false
	}
	named := map[string]bool{}
	for _, l := range w.Leases() {
		if key, ok := w.KeyOf(l); ok {
			named[key.MasterName] = true
		}
	}
	var keys []GroupKey
	for _, n := range names {
		namespace, set, cut := strings.Cut(n, ".")
		if cut && !named[n] {
			keys = append(keys, GroupKey{Namespace: namespace, StatefulSet: set, MasterName: n})
		}
	}
	return keys, true
}

// Copy is the record of one group as record.Store needs it.
func (w *SentinelSet) Copy(key GroupKey, seen *coordinationv1.Lease) record.Copy {
	return copyOf{w, key, seen}
}

// copyOf is the record that a view was made from.
type copyOf struct {
	set  *SentinelSet
	key  GroupKey
	seen *coordinationv1.Lease
}

func (c copyOf) Lease() *coordinationv1.Lease        { return c.seen }
func (c copyOf) Learn(written *coordinationv1.Lease) { c.set.learn(c.key, written) }

// Sweep closes connections to servers that have not been asked for a while.
func (w *SentinelSet) Sweep(unused time.Duration) { w.clients.Sweep(unused) }
