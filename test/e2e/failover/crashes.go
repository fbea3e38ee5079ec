// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// killed ends the master's Redis by SIGKILL in its pod, where the kubelet starts it again.
func killed(ctx context.Context, r *round) error {
	namespace, pod := r.arm.group().Namespace, r.before.master.pod
	restarts := func(ctx context.Context) (int32, error) {
		found, err := r.world.Client.CoreV1().Pods(namespace).Get(ctx, pod, metav1.GetOptions{})
		if err != nil {
			return 0, fmt.Errorf("reading pod %s: %w", pod, err)
		}
		return world.Restarts(found, contract.RedisContainer), nil
	}
	before, err := restarts(ctx)
	if err != nil {
		return err
	}
	if err = r.world.KillContainer(ctx, namespace, pod, contract.RedisContainer); err != nil {
		return err
	}
	_, err = r.whole(ctx, wholeWithin, func(ctx context.Context, _ state) string {
		if now, failed := restarts(ctx); failed != nil || now == before {
			return fmt.Sprintf("the kubelet has not started Redis in %s again (%v)", pod, failed)
		}
		return ""
	})
	return err
}

// crashed ends all processes of the master's pod and deletes it by force, as when its machine is gone.
func crashed(ctx context.Context, r *round) error {
	if err := r.crashNow(ctx); err != nil {
		return err
	}
	return r.replaced(ctx)
}

func (r *round) crashNow(ctx context.Context) error {
	r.began = time.Now()
	return r.world.CrashPod(ctx, r.arm.group().Namespace, r.before.master.pod)
}

// allCrashed does that to every Redis pod at once.
func allCrashed(ctx context.Context, r *round) error {
	failed := make([]error, len(r.before.nodes))
	var crashing sync.WaitGroup
	for i, n := range r.before.nodes {
		crashing.Go(func() { failed[i] = r.world.CrashPod(ctx, r.arm.group().Namespace, n.pod) })
	}
	crashing.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	_, err := r.whole(ctx, wholeWithin, func(_ context.Context, now state) string {
		for _, before := range r.before.nodes {
			if again, there := now.node(before.pod); !there || again.uid == before.uid {
				return before.pod + " is not replaced yet"
			}
		}
		return ""
	})
	return err
}
