// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/load"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// ours is a labelled StatefulSet.
type ours struct {
	world *world.World
	with  setting
}

func (o *ours) name() string { return measure.Ours }

func (o *ours) manifest() (string, error) { return render("ours.yaml", o.with) }

func (o *ours) group() world.Group {
	group := world.NewGroup(o.with.Namespace, redisSet)
	if o.with.OwnSentinels {
		group.Sentinels = world.SentinelSet{Namespace: o.with.Namespace, Name: sentinelSet, Size: 3}
	}
	return group
}

func (o *ours) look(ctx context.Context) (state, error) {
	view, err := o.world.Look(ctx, o.group())
	if err != nil {
		return state{}, err
	}
	now := state{missing: view.Missing()}
	for _, n := range view.Nodes {
		now.nodes = append(now.nodes, node{pod: n.Pod, uid: n.UID, address: n.Address})
		if n.Phase == "Terminating" && now.missing == "" {
			now.missing = n.Pod + " is terminating"
		}
	}
	if master, one := view.Master(); one && view.Elected() == "" {
		now.master = node{pod: master.Pod, uid: master.UID, address: master.Address}
	}
	return now, nil
}

func (o *ours) specs() []load.Spec {
	set := o.group().Sentinels
	sentinels := fmt.Sprintf("%s.%s.svc.cluster.local:%d", set.Name, set.Namespace, contract.SentinelPort)
	service := fmt.Sprintf("%s-master.%s.svc.cluster.local:%d", redisSet, o.with.Namespace, contract.RedisPort)
	return append(
		pathed(load.Spec{Path: measure.BySentinel, Sentinels: []string{sentinels}, Master: o.group().MasterName()}),
		pathed(load.Spec{Path: measure.ByService, Address: service})...)
}

func (o *ours) request(ctx context.Context) error {
	_, err := o.world.Kubectl(ctx, "", "annotate", "--overwrite", "statefulset", redisSet, "-n", o.with.Namespace,
		contract.AnnotationHandover+"="+contract.HandoverAny)
	return err
}

func (o *ours) sentinels(ctx context.Context) ([]corev1.Pod, error) {
	set := o.group().Sentinels
	return podsOf(ctx, o.world, set.Namespace, set.Name)
}

// podsOf lists the pods of a StatefulSet.
func podsOf(ctx context.Context, w *world.World, namespace, statefulSet string) ([]corev1.Pod, error) {
	return w.Pods(ctx, world.NewGroup(namespace, statefulSet))
}
