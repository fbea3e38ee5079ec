// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// fault is one way in which a master changes.
type fault struct {
	name    string
	happens func(ctx context.Context, w *world.World, group world.Group, master world.Node) error
	// over says what is missing until the group is whole again after it, the pod's own return included.
	over func(view world.View, before world.Node) string
}

var faults = []fault{
	{name: "handover", happens: askHandover, over: otherLeads},
	{name: "delete", happens: func(ctx context.Context, w *world.World, group world.Group, master world.Node) error {
		return w.DeletePod(ctx, group.Namespace, master.Pod)
	}, over: podReplaced},
	{name: "kill", happens: func(ctx context.Context, w *world.World, group world.Group, master world.Node) error {
		return w.KillContainer(ctx, group.Namespace, master.Pod, "redis")
	}, over: otherLeads},
	{name: "crash", happens: func(ctx context.Context, w *world.World, group world.Group, master world.Node) error {
		return w.CrashPod(ctx, group.Namespace, master.Pod)
	}, over: podReplaced},
}

func askHandover(ctx context.Context, w *world.World, group world.Group, _ world.Node) error {
	_, err := w.Kubectl(ctx, "", "annotate", "statefulset", group.StatefulSet, "-n", group.Namespace, contract.AnnotationHandover+"="+contract.HandoverAny)
	return err
}

// otherLeads: the group is whole and another pod is its master.
func otherLeads(view world.View, before world.Node) string {
	if now, one := view.Master(); one && now.Pod == before.Pod {
		return before.Pod + " leads still"
	}
	return view.Missing()
}

// podReplaced: the group is whole and the pod is a new one.
func podReplaced(view world.View, before world.Node) string {
	if now, there := view.Node(before.Pod); !there || now.UID == before.UID {
		return before.Pod + " is not replaced"
	}
	return otherLeads(view, before)
}
