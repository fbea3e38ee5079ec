// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// webhookAway is long enough that the StatefulSet controller's own next retry would be minutes away.
const webhookAway = 3 * time.Minute

// TestWebhookAway takes the webhook away. Other users' pods are not affected, a running group goes on, labelled pods wait with
// an Event that says why, and start soon after it is back.
func TestWebhookAway(t *testing.T) {
	w := connect(t)
	in := namespace(t, w, nil)
	group := apply(t, w, in, plain("redis", labelled))
	before, _ := formed(t, w, group)
	master, _ := before.Master()
	writer := writing(t, w, group, world.Writes{})

	scaleWebhook(t, w, 0)
	victim := group.Pod((masterOrdinal(t, w, group) + 1) % group.Replicas)
	must(t, w.ForceDeletePod(t.Context(), in, victim))
	var event corev1.Event
	until(t, "an Event that says why the pod does not come", func(ctx context.Context) string {
		events, err := w.Events(ctx, in, "FailedCreate")
		if err != nil {
			return err.Error()
		}
		for _, event = range events {
			if strings.Contains(event.Message, contract.WebhookPods) {
				return ""
			}
		}
		return "none of the FailedCreate Events names the webhook"
	})
	t.Logf("the Event: %s", event.Message)
	others := 0
	must(t, world.Holds(t.Context(), webhookAway, "life without the webhook", func(ctx context.Context) string {
		if missing := admits(ctx, w, in); missing != "" {
			return missing
		}
		others++
		if _, err := w.Client.CoreV1().Pods(in).Get(ctx, victim, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Sprintf("the labelled pod %s should wait: %v", victim, err)
		}
		return ""
	}))
	t.Logf("%d unlabelled pods were admitted in %.0f s without the webhook", others, webhookAway.Seconds())

	scaleWebhook(t, w, 2)
	took := until(t, "the waiting pod", func(ctx context.Context) string {
		if _, err := w.Client.CoreV1().Pods(in).Get(ctx, victim, metav1.GetOptions{}); err != nil {
			return err.Error()
		}
		return ""
	})
	t.Logf("the pod that waited came %.1f s after the webhook was back", took.Seconds())
	if took > 10*time.Second {
		t.Errorf("it should come within 10 s")
	}
	after, _ := formed(t, w, group)
	if now, _ := after.Master(); now.UID != master.UID {
		t.Errorf("the master was %s and is %s", master.Pod, now.Pod)
	}
	if written := stopped(t, writer); len(written.Lost)+len(written.Errors) > 0 {
		t.Errorf("%d writes lost, %d errors at the client", len(written.Lost), len(written.Errors))
	}
}

// admits sends an unlabelled pod through admission, in a dry-run; it returns the refusal.
func admits(ctx context.Context, w *world.World, namespace string) (missing string) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "unrelated-"}, Spec: plain("unrelated").Spec.Template.Spec}
	_, err := w.Client.CoreV1().Pods(namespace).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return "an unlabelled pod is refused: " + err.Error()
	}
	return ""
}

// scaleWebhook scales the webhook and waits until it serves, or is gone; the test puts it back in any case.
func scaleWebhook(t *testing.T, w *world.World, count int32) {
	t.Helper()
	deployments := w.Client.AppsV1().Deployments(world.ChartSentinels.Namespace)
	set := func(ctx context.Context, count int32) error {
		scale, err := deployments.GetScale(ctx, release, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("reading the scale of the webhook: %w", err)
		}
		scale.Spec.Replicas = count
		if _, err := deployments.UpdateScale(ctx, release, scale, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("scaling the webhook to %d: %w", count, err)
		}
		return nil
	}
	must(t, set(t.Context(), count))
	if count == 0 {
		t.Cleanup(func() {
			ctx, cancel := afterwards(t)
			defer cancel()
			if err := set(ctx, 2); err != nil {
				t.Error(err)
			}
		})
	}
	until(t, fmt.Sprintf("%d webhooks", count), func(ctx context.Context) string {
		pods, err := w.Client.CoreV1().Pods(world.ChartSentinels.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/component=webhook"})
		if err != nil {
			return err.Error()
		}
		deployment, err := deployments.Get(ctx, release, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if ready := deployment.Status.ReadyReplicas; ready != count || len(pods.Items) != int(count) {
			return fmt.Sprintf("%d ready, %d pods", ready, len(pods.Items))
		}
		return ""
	})
}
