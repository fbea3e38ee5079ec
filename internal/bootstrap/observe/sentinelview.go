// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// View asks my Sentinel and the Redis servers of one group at once.
func (f *SentinelSet) View(ctx context.Context, key GroupKey, lease *coordinationv1.Lease, own *redis.Client, clients *redisio.Clients, want decide.Watching) decide.SentinelView {
	v := decide.SentinelView{Now: time.Now(), Want: want, Peers: f.truePeers()}
	port := contract.RedisPort
	if lease != nil {
		v.Record, _ = record.Decode(lease) // what is unreadable is left out; the zero value names nobody
		if s, ok := record.Settings(lease); ok && s.Port > 0 {
			port = s.Port
		}
	}
	pods, known := f.podsOf(key)
	v.PodsKnown = known
	for _, p := range pods {
		n, _ := Ordinal(key.StatefulSet, p.Name)
		v.Pods = append(v.Pods, podFacts(p, n, port, f.family))
	}
	var all sync.WaitGroup
	all.Go(func() { v.Own = redisio.AskOwnSentinel(ctx, own, key.MasterName) })
	for i := range v.Pods {
		if p := &v.Pods[i]; p.Address.Host != "" {
			all.Go(func() { p.Redis = redisio.Ask(ctx, clients.To(p.Address, "", "")) })
		}
	}
	all.Wait()
	if known {
		v.ForeignServers = strangers(ctx, v, clients)
	}
	if lease == nil || known && len(pods) == 0 {
		// What my Sentinel does not know needs no proof: a group that was scaled to zero for months asks the API nothing.
		v.RecordGone = lease != nil && !v.Own.Monitors || f.gone(ctx, key, lease)
	}
	return v
}

// strangers asks at the addresses that are named and are no pod's of the group. Mostly there are none.
func strangers(ctx context.Context, v decide.SentinelView, clients *redisio.Clients) []decide.Address {
	var answered []decide.Address
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, address := range outsiders(v) {
		all.Go(func() {
			if redisio.Ask(ctx, clients.To(address, "", "")).Answer != decide.Silent {
				mu.Lock()
				answered = append(answered, address)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return answered
}

// outsiders are the addresses that the record or my Sentinel names and that no pod of the group has.
func outsiders(v decide.SentinelView) []decide.Address {
	named := make([]decide.Address, 0, len(v.Own.Replicas)+1)
	if v.Record.HasHolder() {
		named = append(named, v.Record.Address)
	}
	for _, r := range v.Own.Replicas {
		named = append(named, r.Address)
	}
	return slices.DeleteFunc(named, func(a decide.Address) bool {
		return slices.ContainsFunc(v.Pods, func(p decide.Pod) bool { return p.Address == a })
	})
}

// truePeers are the other Sentinels of my set as they really are, by computed identity and present address.
func (f *SentinelSet) truePeers() []decide.Peer {
	if !f.peers.synced() {
		return nil
	}
	return truePeers(f.peers.all(), f.settings, f.podName, f.family, f.identity)
}

func truePeers(pods []*corev1.Pod, settings contract.Settings, self string, family netip.Addr, identity func(int) string) []decide.Peer {
	var peers []decide.Peer
	for _, p := range pods {
		n, ok := belongs(p, settings.StatefulSet)
		host := address(p, family)
		id := identity(n)
		if !ok || p.Name == self || host == "" || id == "" {
			continue
		}
		peers = append(peers, decide.Peer{ID: id, Address: decide.Address{Host: host, Port: settings.Port}})
	}
	return peers
}

// Seed reads what a blank Sentinel must know before it starts: the groups of its set whose records name a master, their
// replicas and the true peers.
func Seed(ctx context.Context, client kubernetes.Interface, namespace string, settings contract.Settings, self string, family netip.Addr,
	identity func(int) string, serves func(string, contract.GroupSettings) (decide.Watching, bool),
) ([]redisconf.Watched, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	set, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: contract.LabelSentinelSet + "=" + settings.StatefulSet})
	if err != nil {
		return nil, fmt.Errorf("listing the Sentinels of the set: %w", err)
	}
	var known []redisconf.KnownSentinel
	for _, p := range truePeers(pointers(set.Items), settings, self, family, identity) {
		known = append(known, redisconf.KnownSentinel{Endpoint: redisconf.Endpoint(p.Address), ID: p.ID})
	}
	var groups []redisconf.Watched
	for _, ns := range Namespaces(namespace, settings.Sentinel) {
		leases, err := client.CoordinationV1().Leases(ns).List(ctx, metav1.ListOptions{LabelSelector: contract.LabelGroup})
		if err != nil {
			return nil, fmt.Errorf("listing the records of groups: %w", err)
		}
		for _, l := range pointers(leases.Items) {
			s, ok := record.Settings(l)
			want, served := serves(l.Namespace, s)
			if r, err := record.Decode(l); ok && served && err == nil && r.HasHolder() && decide.Believable(r.Epoch, time.Now()) {
				g := watched(KeyOf(l, s), r, want)
				g.Peers, g.Replicas = known, replicasOf(ctx, client, l, s, r, family)
				groups = append(groups, g)
			}
		}
	}
	return groups, nil
}

func watched(key GroupKey, r decide.Record, w decide.Watching) redisconf.Watched {
	return redisconf.Watched{
		Name: key.MasterName, Host: r.Address.Host, Port: r.Address.Port, Quorum: w.Quorum, ParallelSyncs: w.ParallelSyncs,
		DownAfterMs: w.DownAfter.Milliseconds(), FailoverTimeoutMs: w.FailoverTimeout.Milliseconds(), Epoch: r.Epoch,
	}
}

// replicasOf are the other pods of the group; without them the Sentinel finds the replicas itself, some seconds later.
func replicasOf(ctx context.Context, client kubernetes.Interface, l *coordinationv1.Lease, s contract.GroupSettings, r decide.Record, family netip.Addr) []redisconf.Endpoint {
	set := l.Labels[contract.LabelGroup]
	pods, err := client.CoreV1().Pods(l.Namespace).List(ctx, metav1.ListOptions{LabelSelector: contract.LabelGroup + "=" + set})
	if err != nil {
		return nil
	}
	var all []redisconf.Endpoint
	for _, p := range pointers(pods.Items) {
		if host := address(p, family); host != "" && host != r.Address.Host {
			all = append(all, redisconf.Endpoint{Host: host, Port: s.Port})
		}
	}
	return all
}

func pointers[T any](items []T) []*T {
	out := make([]*T, len(items))
	for i := range items {
		out[i] = &items[i]
	}
	return out
}
