// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// Seed reads live what a blank Sentinel must know before it starts: the groups of its set whose records name a master, their
// replicas and the true peers.
func (w *SentinelSet) Seed(ctx context.Context, serves func(namespace string, s contract.GroupSettings) (model.Watching, bool)) ([]redisconf.Watched, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	set, err := w.client.CoreV1().Pods(w.set.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: contract.LabelSentinelSet + "=" + w.set.Settings.StatefulSet,
	})
	if err != nil {
		return nil, fmt.Errorf("listing the Sentinels of the set: %w", err)
	}
	var known []redisconf.KnownSentinel
	for _, p := range w.peersAmong(pointers(set.Items)) {
		known = append(known, redisconf.KnownSentinel{Endpoint: redisconf.Endpoint(p.Address), ID: p.ID})
	}
	var groups []redisconf.Watched
	for _, ns := range Namespaces(w.set.Namespace, w.set.Settings.Sentinel) {
		leases, err := w.client.CoordinationV1().Leases(ns).List(ctx, metav1.ListOptions{LabelSelector: contract.LabelGroup})
		if err != nil {
			return nil, fmt.Errorf("listing the records of groups: %w", err)
		}
		for _, l := range pointers(leases.Items) {
			s, ok := record.Settings(l)
			want, served := serves(l.Namespace, s)
			key, named := w.KeyOf(l)
			if r, err := record.Decode(l); ok && served && named && err == nil && r.HasHolder() && model.Recordable(r.Epoch, time.Now()) {
				g := watched(key, r, want)
				g.Peers, g.Replicas = known, w.replicasOf(ctx, l, s, r)
				groups = append(groups, g)
			}
		}
	}
	return groups, nil
}

func watched(key GroupKey, r model.Record, w model.Watching) redisconf.Watched {
	return redisconf.Watched{
		Name: key.MasterName, Host: r.Address.Host, Port: r.Address.Port, Quorum: w.Quorum, ParallelSyncs: w.ParallelSyncs,
		User: w.As.User, Password: w.As.Password,
		DownAfterMs: w.DownAfter.Milliseconds(), FailoverTimeoutMs: w.FailoverTimeout.Milliseconds(), Epoch: r.Epoch,
	}
}

// replicasOf are the addresses of the other pods of the group; without them the Sentinel finds the replicas itself, some
// seconds later.
func (w *SentinelSet) replicasOf(ctx context.Context, l *coordinationv1.Lease, s contract.GroupSettings, r model.Record) []redisconf.Endpoint {
	set := l.Labels[contract.LabelGroup]
	pods, err := w.client.CoreV1().Pods(l.Namespace).List(ctx, metav1.ListOptions{LabelSelector: contract.LabelGroup + "=" + set})
	if err != nil {
		return nil
	}
	var all []redisconf.Endpoint
	for _, p := range pointers(pods.Items) {
		if host := address(p, w.set.PodIP); host != "" && host != r.Address.Host {
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
