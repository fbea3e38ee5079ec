// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"

	corev1 "k8s.io/api/core/v1"
)

// CutAPI breaks a pod's connections to the API server, in both directions; its kubelet still reaches both.
func (w *World) CutAPI(ctx context.Context, namespace, pod string) error {
	return w.Cut(ctx, namespace, pod, "api")
}

// HealAPI restores what CutAPI broke.
func (w *World) HealAPI(ctx context.Context, namespace, pod string) error {
	return w.Heal(ctx, namespace, pod, "api")
}

// Cut breaks a pod's connections to other pods by their names, or to "api"; without any, to everything. This machine, which is the
// node, still reaches a pod that is cut off.
func (w *World) Cut(ctx context.Context, namespace, pod string, from ...string) error {
	return w.network(ctx, "cut", namespace, pod, from)
}

// Heal restores what Cut broke; without names, everything.
func (w *World) Heal(ctx context.Context, namespace, pod string, from ...string) error {
	return w.network(ctx, "heal", namespace, pod, from)
}

func (w *World) network(ctx context.Context, command, namespace, pod string, from []string) error {
	arguments := []string{command, "-n", namespace, pod}
	for _, other := range from {
		arguments = append(arguments, "--from", other)
	}
	_, err := w.tool.run(ctx, arguments...)
	return err
}

// Members are the pods of the group and of its Sentinels.
func (w *World) Members(ctx context.Context, group Group) ([]corev1.Pod, error) {
	pods, err := w.groupPods(ctx, group)
	if err != nil {
		return nil, err
	}
	sentinels, err := w.sentinelPods(ctx, group.Sentinels)
	if err != nil {
		return nil, err
	}
	return append(pods, sentinels...), nil
}
