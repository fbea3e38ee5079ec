// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

const adoptedKeys = 2000

// TestAdoption labels a running, plain StatefulSet of three that holds data in one of its pods, and nothing else. The
// rolling update must not stall, and no key may be lost. It replaces the highest ordinal first, so data in pod 0 needs no
// disk, while data in pod 2 survives only on one.
func TestAdoption(t *testing.T) {
	w := connect(t)
	for _, test := range []struct {
		name    string
		changes []change
		holder  int
	}{
		{"memory of pod 0, OrderedReady", []change{orderedReady}, 0},
		{"memory of pod 0, Parallel", nil, 0},
		{"disk of pod 2", []change{orderedReady, persistent}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := namespace(t, w, nil)
			group := apply(t, w, in, plain("redis", test.changes...))
			rolledOut(t, w, group)
			fill(t, w, group, test.holder)
			began := time.Now()
			_, err := w.Kubectl(t.Context(), "", "label", "statefulset", "redis", "-n", in, contract.LabelOptIn+"="+contract.OptInEnabled)
			must(t, err)
			rolledOut(t, w, group)
			t.Logf("rolled out %.1f s after the label", time.Since(began).Seconds())
			view, _ := formed(t, w, group)
			t.Logf("a group %.1f s after the label", time.Since(began).Seconds())
			master, _ := view.Master()
			if missing := missingKeys(t, w, group, master.Address); missing > 0 {
				t.Errorf("%d keys of %d are lost at the master %s", missing, adoptedKeys, master.Pod)
			}
		})
	}
}

// rolledOut waits until every pod of the StatefulSet is of its newest revision and Ready.
func rolledOut(t *testing.T, w *world.World, group world.Group) time.Duration {
	t.Helper()
	return until(t, "the rollout of "+group.StatefulSet, func(ctx context.Context) string {
		set, err := w.Client.AppsV1().StatefulSets(group.Namespace).Get(ctx, group.StatefulSet, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		status := set.Status
		if status.ObservedGeneration < set.Generation || status.ReadyReplicas != int32(group.Replicas) || status.UpdatedReplicas != int32(group.Replicas) || status.CurrentRevision != status.UpdateRevision {
			return fmt.Sprintf("%d ready and %d updated of %d", status.ReadyReplicas, status.UpdatedReplicas, group.Replicas)
		}
		return ""
	})
}

// fill writes keys straight into one pod's Redis.
func fill(t *testing.T, w *world.World, group world.Group, ordinal int) {
	t.Helper()
	view, err := w.Look(t.Context(), group)
	must(t, err)
	node, there := view.Node(group.Pod(ordinal))
	if !there || node.Address == "" {
		t.Fatalf("pod %s has no address: %s", group.Pod(ordinal), view)
	}
	pipe := w.In(group, node.Address).Pipeline()
	for i := range adoptedKeys {
		pipe.Set(t.Context(), fmt.Sprintf("kept:%d", i), i, 0)
	}
	_, err = pipe.Exec(t.Context())
	must(t, err)
}

// missingKeys counts the keys of fill that the Redis at the address does not have.
func missingKeys(t *testing.T, w *world.World, group world.Group, address string) int {
	t.Helper()
	keys := make([]string, adoptedKeys)
	for i := range keys {
		keys[i] = fmt.Sprintf("kept:%d", i)
	}
	have, err := w.In(group, address).Exists(t.Context(), keys...).Result()
	must(t, err)
	return adoptedKeys - int(have)
}
