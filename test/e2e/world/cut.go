// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"

	corev1 "k8s.io/api/core/v1"
)

// CutAPI breaks a pod's connections to the API server, in both directions; its kubelet still reaches both.
func (w *World) CutAPI(ctx context.Context, namespace, pod string) error {
	_, err := w.tool.run(ctx, "cut", "-n", namespace, pod, "--from", "api")
	return err
}

// HealAPI restores what CutAPI broke.
func (w *World) HealAPI(ctx context.Context, namespace, pod string) error {
	_, err := w.tool.run(ctx, "heal", "-n", namespace, pod, "--from", "api")
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
