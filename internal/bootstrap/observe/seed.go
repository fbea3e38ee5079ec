// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// Seed is what a blank Sentinel must know before it starts.
type Seed struct {
	// Groups are those whose recorded master is a living pod of the group, each name once.
	Groups []redisconf.Watched
	// LeftOut are records that this set may serve and that the Sentinel starts without.
	LeftOut []model.LeftOut
}

// Bounds of what is read at once: objects are as large as their tenants make them.
const (
	leasesAtOnce = 20
	podsAtOnce   = 50
	// listDeadline bounds one page.
	listDeadline = 5 * time.Second
)

// Serves says how the Sentinels of a set are to watch a group by its settings and record, and whether they are to at all.
type Serves func(key GroupKey, s contract.GroupSettings, r model.Record) (model.Watching, bool)

// Seed reads live what a blank Sentinel must know before it starts: the groups of its set whose records name a living pod as master,
// their replicas and the true peers. An error means that the API did not answer; a record that is no good is left out.
func (w *SentinelSet) Seed(ctx context.Context, serves Serves) (Seed, error) {
	peers, err := w.podsLive(ctx, w.set.Namespace, contract.LabelSentinelSet+"="+w.set.Settings.StatefulSet)
	if err != nil {
		return Seed{}, fmt.Errorf("listing the Sentinels of the set: %w", err)
	}
	var known []redisconf.KnownSentinel
	for _, p := range w.peersAmong(peers) {
		known = append(known, redisconf.KnownSentinel{Endpoint: redisconf.Endpoint(p.Address), ID: p.ID})
	}
	var all candidates
	for _, ns := range Namespaces(w.set.Namespace, w.set.Settings.Sentinel) {
		if err = w.leasesLive(ctx, ns, func(l *coordinationv1.Lease) { all.consider(l, w, serves, time.Now()) }); err != nil {
			return Seed{}, fmt.Errorf("listing the records of groups: %w", err)
		}
	}
	seed := Seed{LeftOut: all.leftOut}
	chosen, rivals := all.oneForEachName()
	seed.LeftOut = append(seed.LeftOut, rivals...)
	pods := map[string][]*corev1.Pod{}
	for _, c := range chosen {
		ns := c.key.Namespace
		if _, read := pods[ns]; !read {
			pods[ns], err = w.podsLive(ctx, ns, contract.LabelGroup)
			if err != nil && !apierrors.IsForbidden(err) {
				return Seed{}, fmt.Errorf("listing the pods of groups in %s: %w", ns, err)
			}
		}
		g, why := c.verified(pods[ns], w)
		if why != "" {
			seed.LeftOut = append(seed.LeftOut, model.LeftOut{Lease: c.name(), Why: why})
			continue
		}
		g.Peers = known
		seed.Groups = append(seed.Groups, g)
	}
	return seed, nil
}

// leasesLive calls a function for each record in a namespace, of which only what is not too large is in memory.
func (w *SentinelSet) leasesLive(ctx context.Context, namespace string, each func(*coordinationv1.Lease)) error {
	for next := ""; ; {
		asking, cancel := context.WithTimeout(ctx, listDeadline)
		list, err := w.client.CoordinationV1().Leases(namespace).List(asking, metav1.ListOptions{LabelSelector: contract.LabelGroup, Limit: leasesAtOnce, Continue: next})
		cancel()
		if err != nil {
			return err
		}
		for i := range list.Items {
			each(record.Stub(&list.Items[i]))
		}
		if next = list.Continue; next == "" {
			return nil
		}
	}
}

// podsLive are pods as the API has them now, trimmed as the watches trim them.
func (w *SentinelSet) podsLive(ctx context.Context, namespace, selector string) ([]*corev1.Pod, error) {
	var all []*corev1.Pod
	for next := ""; ; {
		asking, cancel := context.WithTimeout(ctx, listDeadline)
		list, err := w.client.CoreV1().Pods(namespace).List(asking, metav1.ListOptions{LabelSelector: selector, Limit: podsAtOnce, Continue: next})
		cancel()
		if err != nil {
			return nil, err
		}
		for i := range list.Items {
			pod := list.Items[i].DeepCopy() // an item of its own: the others may go
			trim(pod)
			all = append(all, pod)
		}
		if next = list.Continue; next == "" {
			return all, nil
		}
	}
}
