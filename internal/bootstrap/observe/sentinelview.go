// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// monitoring is what the Redis of a pod accepts of the set: what its Sentinels present, or nothing where the pod's agent knows no
// keys.
func monitoring(p *model.Pod, as model.Credential) []model.Credential {
	if !p.Keyed || as.Password == "" {
		return []model.Credential{{}}
	}
	return []model.Credential{as}
}

// Glimpse is View with nobody asked but my Sentinel and the recorded holder.
func (w *SentinelSet) Glimpse(ctx context.Context, key GroupKey, lease *coordinationv1.Lease, want model.Watching, as model.Credential) model.SentinelView {
	v := w.unasked(key, lease, want)
	w.ask(ctx, key, &v, as, func(p *model.Pod) bool { return p.UID == v.Record.PodUID })
	return v
}

// View asks my Sentinel and the Redis servers of one group at once, these as the Sentinels do. Lease is the group's record in
// sight, and want how my Sentinel is to watch the group.
func (w *SentinelSet) View(ctx context.Context, key GroupKey, lease *coordinationv1.Lease, want model.Watching, as model.Credential) model.SentinelView {
	v := w.unasked(key, lease, want)
	w.ask(ctx, key, &v, as, func(*model.Pod) bool { return true })
	if v.PodsKnown {
		v.ForeignServers = w.foreignServers(ctx, key, v, as)
	}
	if lease == nil || v.PodsKnown && len(v.Pods) == 0 {
		// What my Sentinel does not know needs no proof: a group that was scaled to zero for months asks the API nothing.
		v.RecordGone = lease != nil && !v.Own.Monitors || w.gone(ctx, key, lease)
	}
	return v
}

// unasked is what the API says of a group.
func (w *SentinelSet) unasked(key GroupKey, lease *coordinationv1.Lease, want model.Watching) model.SentinelView {
	v := model.SentinelView{Now: time.Now(), Want: want, Peers: w.truePeers()}
	port := contract.RedisPort
	if lease != nil {
		v.Record, _ = record.Decode(lease) // what is unreadable is left out; the zero value names no master
		s, ok := record.Settings(lease)
		v.Record.Known = v.Record.Known && ok // my Sentinel would get settings that nobody wrote
		port = cmp.Or(s.Port, port)
	}
	pods, known := w.podsOf(key)
	v.PodsKnown = known
	for _, p := range pods[:min(len(pods), mostPods)] {
		n, _ := Ordinal(key.StatefulSet, p.Name)
		v.Pods = append(v.Pods, podFacts(p, n, port, w.set.PodIP))
	}
	return v
}

// ask asks my Sentinel and the servers of some pods.
func (w *SentinelSet) ask(ctx context.Context, key GroupKey, v *model.SentinelView, as model.Credential, which func(*model.Pod) bool) {
	var all loop.Together
	all.Go(func() { v.Own = redisio.AskOwnSentinel(ctx, w.own, key.MasterName) })
	for i := range v.Pods {
		if p := &v.Pods[i]; p.Address.Host != "" && which(p) {
			all.Go(func() { p.Redis = w.clients.AskAs(ctx, p.Address, monitoring(p, as)...) })
		}
	}
	all.Wait()
}

// mostPods is how many pods of one group are asked: the pods are a tenant's, and a record has no more members.
const mostPods = 128

// foreignServers asks at the addresses that are named and that no pod of the group has. Mostly there are none. Whoever answers there is
// foreign only if the API says so now: a watch may lag behind the pod that Sentinels have just elected. One with the group's history is
// what is left of a pod that was deleted by force, and ends soon. It is shown what my Sentinel presents there anyway.
func (w *SentinelSet) foreignServers(ctx context.Context, key GroupKey, v model.SentinelView, as model.Credential) []model.Address {
	var answered []model.Address
	var mu sync.Mutex
	var all loop.Together
	for _, address := range unknownAddresses(v) {
		all.Go(func() {
			r := w.clients.AskAs(ctx, address, model.Credential{}, as)
			if (r.Answer != model.Silent || r.Denied != "") && !hasHistoryOf(&v.Record, &r) {
				mu.Lock()
				answered = append(answered, address)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(answered) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestDeadline)
	defer cancel()
	now, err := w.podsLive(ctx, key.Namespace, contract.LabelGroup+"="+key.StatefulSet)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(answered, func(a model.Address) bool {
		return slices.ContainsFunc(now, func(p *corev1.Pod) bool { return address(p, w.set.PodIP) == a.Host })
	})
}

// hasHistoryOf reports whether a server's data is of a record's group.
func hasHistoryOf(r *model.Record, server *model.Redis) bool {
	return server.Answer == model.Up && (slices.Contains(r.Lineage, server.ReplID) || slices.Contains(r.Lineage, server.ReplID2))
}

// unknownAddresses are the addresses that the record or my Sentinel names and that no pod of the group has.
func unknownAddresses(v model.SentinelView) []model.Address {
	named := make([]model.Address, 0, len(v.Own.Replicas)+2)
	if v.Record.HasHolder() {
		named = append(named, v.Record.Address)
	}
	if v.Own.Monitors && v.Own.Address != v.Record.Address {
		named = append(named, v.Own.Address)
	}
	for _, r := range v.Own.Replicas {
		named = append(named, r.Address)
	}
	return slices.DeleteFunc(named, func(a model.Address) bool {
		return slices.ContainsFunc(v.Pods, func(p model.Pod) bool { return p.Address == a })
	})
}

// truePeers are the other Sentinels of my set as they really are, by computed identity and current address.
func (w *SentinelSet) truePeers() []model.Peer {
	if !w.peers.synced() {
		return nil
	}
	return w.peersAmong(w.peers.all())
}

func (w *SentinelSet) peersAmong(pods []*corev1.Pod) []model.Peer {
	var peers []model.Peer
	for _, p := range pods {
		n, ok := belongs(p, w.set.Settings.StatefulSet)
		host := address(p, w.set.PodIP)
		id := w.identity(n)
		if !ok || p.Name == w.set.PodName || host == "" || id == "" {
			continue
		}
		peers = append(peers, model.Peer{ID: id, Address: model.Address{Host: host, Port: w.set.Settings.Port}})
	}
	return peers
}
