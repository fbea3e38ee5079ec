// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Events lists the events of a namespace with that reason; an empty reason lists all.
func (w *World) Events(ctx context.Context, namespace, reason string) ([]corev1.Event, error) {
	list, err := w.Client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing events of %s: %w", namespace, err)
	}
	return slices.DeleteFunc(list.Items, func(event corev1.Event) bool { return reason != "" && event.Reason != reason }), nil
}

// Pods lists the pods of the group's StatefulSet, by name.
func (w *World) Pods(ctx context.Context, group Group) ([]corev1.Pod, error) {
	return w.groupPods(ctx, group)
}
