// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

const (
	webhookName  = "redis-sentinel-webhook"
	webhookCount = 2
)

// apiAway crashes the master's pod while no pod of the arm reaches the API server, and no labelled pod is admitted. Both come back when
// a master takes writes again from those who ask Sentinels for it.
func apiAway(ctx context.Context, r *round) error {
	if r.arm.name() == measure.Ours {
		if err := r.scaleWebhook(ctx, 0); err != nil {
			return err
		}
		r.then(func(ctx context.Context) error { return r.scaleWebhook(ctx, webhookCount) })
	}
	members, err := podsOf(ctx, r.world, r.arm.group().Namespace, redisSet)
	if err != nil {
		return err
	}
	sentinels, err := r.arm.sentinels(ctx)
	if err != nil {
		return err
	}
	for _, pod := range append(members, sentinels...) {
		if err := r.cutAPI(ctx, pod); err != nil {
			return err
		}
	}
	if err := r.crashNow(ctx); err != nil {
		return err
	}
	// A plain master may be back before anybody is elected: writes say that there is one. A Service leads to another pod only by the API.
	bySentinel := func(path string) bool { return path == measure.BySentinel }
	if err := r.flowing(ctx, electedWithin, bySentinel); err != nil {
		return err
	}
	if err := r.undo(ctx); err != nil {
		return err
	}
	return r.replaced(ctx)
}

// cutAPI cuts a pod from the API server until the round is over. A cut ends with its pod, so one that is gone needs no healing.
func (r *round) cutAPI(ctx context.Context, pod corev1.Pod) error {
	r.then(func(ctx context.Context) error {
		now, err := r.world.Client.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil || now.UID != pod.UID {
			return nil //nolint:nilerr // it is gone
		}
		return r.world.HealAPI(ctx, pod.Namespace, pod.Name)
	})
	return r.world.CutAPI(ctx, pod.Namespace, pod.Name)
}

// scaleWebhook scales the webhook and waits until it serves, or is gone.
func (r *round) scaleWebhook(ctx context.Context, count int32) error {
	namespace := world.ChartSentinels.Namespace
	deployments := r.world.Client.AppsV1().Deployments(namespace)
	scale, err := deployments.GetScale(ctx, webhookName, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading the scale of the webhook: %w", err)
	}
	scale.Spec.Replicas = count
	if _, err = deployments.UpdateScale(ctx, webhookName, scale, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("scaling the webhook to %d: %w", count, err)
	}
	_, err = world.Until(ctx, wholeWithin, fmt.Sprintf("%d webhooks", count), func(ctx context.Context) string {
		deployment, failed := deployments.Get(ctx, webhookName, metav1.GetOptions{})
		if failed != nil {
			return failed.Error()
		}
		if now := deployment.Status; now.ReadyReplicas != count || now.Replicas != count {
			return fmt.Sprintf("%d of %d are ready", now.ReadyReplicas, now.Replicas)
		}
		return ""
	})
	return err
}
