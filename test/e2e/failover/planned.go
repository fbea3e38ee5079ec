// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

const (
	// nothingFor is how long nothing happens where that is measured.
	nothingFor = 10 * time.Second
	// rolloutWithin bounds a rollout: pods in turn, each with its grace.
	rolloutWithin = 5 * time.Minute
)

// nothing lets nothing happen: its gaps are those of the machine and the writers, and no number below them means anything.
func nothing(ctx context.Context, r *round) error {
	return world.Holds(ctx, nothingFor, "calm", func(context.Context) string { return "" })
}

// request asks for another master while all is well.
func request(ctx context.Context, r *round) error {
	if err := r.arm.request(ctx); err != nil {
		return err
	}
	_, err := r.whole(ctx, wholeWithin, func(_ context.Context, now state) string {
		if now.master.pod == r.before.master.pod {
			return now.master.pod + " still leads"
		}
		return ""
	})
	return err
}

// deleted deletes the master's pod as `kubectl delete pod` does.
func deleted(ctx context.Context, r *round) error {
	if err := r.world.DeletePod(ctx, r.arm.group().Namespace, r.before.master.pod); err != nil {
		return err
	}
	return r.replaced(ctx)
}

// drained evicts the master's pod as `kubectl drain` does. Its node stays open: it is the only one.
func drained(ctx context.Context, r *round) error {
	if err := r.world.EvictPod(ctx, r.arm.group().Namespace, r.before.master.pod); err != nil {
		return err
	}
	return r.replaced(ctx)
}

// replaced waits until another pod has the name of the one that led, and all is well.
func (r *round) replaced(ctx context.Context) error {
	_, err := r.whole(ctx, wholeWithin, func(_ context.Context, now state) string {
		if again, there := now.node(r.before.master.pod); !there || again.uid == r.before.master.uid {
			return r.before.master.pod + " is not replaced yet"
		}
		return ""
	})
	return err
}

type target struct{ namespace, name string }

func rolledOut(ctx context.Context, r *round) error {
	return r.rollout(ctx, target{r.arm.group().Namespace, redisSet})
}

func rolledOutSentinels(ctx context.Context, r *round) error {
	set := r.arm.group().Sentinels
	return r.rollout(ctx, target{set.Namespace, set.Name})
}

func rolledOutBoth(ctx context.Context, r *round) error {
	set := r.arm.group().Sentinels
	return r.rollout(ctx, target{r.arm.group().Namespace, redisSet}, target{set.Namespace, set.Name})
}

// rollout restarts StatefulSets as `kubectl rollout restart` does, all at the same time.
func (r *round) rollout(ctx context.Context, targets ...target) error {
	for _, t := range targets {
		if _, err := r.world.Kubectl(ctx, "", "rollout", "restart", "statefulset", t.name, "-n", t.namespace); err != nil {
			return err
		}
	}
	_, err := r.whole(ctx, rolloutWithin, func(ctx context.Context, _ state) string {
		for _, t := range targets {
			set, err := r.world.Client.AppsV1().StatefulSets(t.namespace).Get(ctx, t.name, metav1.GetOptions{})
			if err != nil {
				return err.Error()
			}
			if missing := rolling(set); missing != "" {
				return missing
			}
		}
		return ""
	})
	return err
}

// rolling says what a rollout still lacks.
func rolling(set *appsv1.StatefulSet) string {
	now := set.Status
	if now.ObservedGeneration < set.Generation || now.UpdateRevision != now.CurrentRevision || now.UpdatedReplicas < now.Replicas {
		return fmt.Sprintf("%d of %d pods of %s are new", now.UpdatedReplicas, now.Replicas, set.Name)
	}
	return ""
}
