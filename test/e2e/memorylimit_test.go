// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// TestFullSyncsAtTheMemoryLimit has both replicas take all of the data at once from a master that has little memory left, while it is
// written to: one child at a time makes the snapshot, and nobody is killed for it (kubernetes#117793).
func TestFullSyncsAtTheMemoryLimit(t *testing.T) {
	w := connect(t)
	needsNode(t, w)
	in := namespace(t, w, nil)
	limit := resource.MustParse("96Mi")
	group := apply(t, w, in, plain("redis", labelled, func(set *appsv1.StatefulSet) {
		set.Spec.Template.Spec.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: limit}
	}))
	view, _ := formed(t, w, group)
	master := mustNode(t, view)
	pipe := w.In(group, master.Address).Pipeline()
	for i := range 40 {
		pipe.Set(t.Context(), fmt.Sprintf("large:%d", i), strings.Repeat("x", 1<<20), 0)
		if i%8 == 7 {
			_, err := pipe.Exec(t.Context())
			must(t, err)
		}
	}
	fill(t, w, group, masterOrdinal(t, w, group))
	writer := writing(t, w, group, world.Writes{})
	acknowledged(t, writer, 100)
	for ordinal := range group.Replicas {
		if pod := group.Pod(ordinal); pod != master.Pod {
			must(t, w.CrashPod(t.Context(), in, pod))
		}
	}
	acknowledged(t, writer, 100)
	formed(t, w, group)
	until(t, "all pods to have the data", func(ctx context.Context) string { return keysEverywhere(ctx, w, group) })
	pods, err := w.Client.CoreV1().Pods(in).List(t.Context(), metav1.ListOptions{})
	must(t, err)
	for i := range pods.Items {
		for _, c := range pods.Items[i].Status.ContainerStatuses {
			if end := c.LastTerminationState.Terminated; end != nil && end.Reason == "OOMKilled" || c.Name == contract.RedisContainer && pods.Items[i].Name == master.Pod && c.RestartCount > 0 {
				t.Errorf("%s of %s ended: %+v", c.Name, pods.Items[i].Name, c.LastTerminationState)
			}
		}
	}
	if now, err := w.Look(t.Context(), group); err != nil || mustNode(t, now).Pod != master.Pod {
		t.Errorf("another leads, %v", err)
	}
}
