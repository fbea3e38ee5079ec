// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// What examples/original names.
const (
	originalNamespace = "redis-original"
	originalVolume    = "redis-original-shared"
	originalDirectory = "/var/lib/redis-original"
)

// TestOriginal runs the original layout without its scripts: Sentinels of its own, two groups under them, and four Redis
// pods that share one volume.
func TestOriginal(t *testing.T) {
	w := connect(t)
	needsNode(t, w)
	root, err := world.Root()
	must(t, err)
	emptyOriginal(t, w)
	t.Cleanup(func() {
		ctx, cancel := afterwards(t)
		defer cancel()
		if t.Failed() {
			t.Log(w.Describe(ctx, originalNamespace))
		}
		emptyOriginal(t, w)
	})
	must(t, w.Apply(t.Context(), "", filepath.Join(root, "examples", "original")))

	sentinels := world.SentinelSet{Namespace: originalNamespace, Name: "sentinel", Size: 3}
	redis := world.Group{Namespace: originalNamespace, StatefulSet: "redis", Replicas: 4, Sentinels: sentinels}
	sessions := world.Group{Namespace: originalNamespace, StatefulSet: "sessions", Replicas: 2, Sentinels: sentinels}
	first, took := formed(t, w, redis)
	t.Logf("the group of four formed after %.1f s", took.Seconds())
	beside, took := formed(t, w, sessions)
	t.Logf("the group of two formed %.1f s later", took.Seconds())
	master, _ := first.Master()
	if master.Pod != redis.Pod(0) {
		t.Errorf("the first master is pod 0, here it is %s", master.Pod)
	}
	for ordinal := range redis.Replicas {
		own := filepath.Join(originalDirectory, redis.Pod(ordinal), "appendonlydir")
		if _, err := os.Stat(own); err != nil {
			t.Errorf("%s does not work in a directory of its own: %v", redis.Pod(ordinal), err)
		}
	}

	other := writing(t, w, sessions, world.Writes{})
	for range 2 {
		first = loseMaster(t, w, redis, first)
	}
	if now, _ := formed(t, w, sessions); !sameMaster(now, mustNode(t, beside)) {
		t.Errorf("the other group's master was %s: %s", mustNode(t, beside).Pod, now)
	}
	if written := stopped(t, other); len(written.Errors)+len(written.Lost) > 0 {
		t.Error("the other group was disturbed")
	}
}

// loseMaster crashes the master's pod. Another pod is elected, and the one that comes back under the old name follows it,
// whatever its ordinal.
func loseMaster(t *testing.T, w *world.World, group world.Group, before world.View) world.View {
	t.Helper()
	master := mustNode(t, before)
	writer := writing(t, w, group, world.Writes{Confirm: true})
	acknowledged(t, writer, 100)
	must(t, w.CrashPod(t.Context(), group.Namespace, master.Pod))
	whole, took, err := w.WaitView(t.Context(), group, generous, "the group to be whole without its master", func(view world.View) string {
		node, there := view.Node(master.Pod)
		if !there || node.UID == master.UID {
			return "the pod of the master is not replaced yet"
		}
		return view.Missing()
	})
	must(t, err)
	acknowledged(t, writer, 100)
	successor := mustNode(t, whole)
	t.Logf("%s crashed; %s leads, and the group is whole after %.1f s", master.Pod, successor.Pod, took.Seconds())
	explainSlow(t, w, group, took)
	if successor.Pod == master.Pod {
		t.Errorf("%s came back and is master again, though replicas lived", master.Pod)
	}
	if lost := stopped(t, writer).LostReplicated(); len(lost) > 0 {
		t.Errorf("%d writes were lost that a replica had", len(lost))
	}
	return whole
}

func mustNode(t *testing.T, view world.View) world.Node {
	t.Helper()
	master, one := view.Master()
	if !one {
		t.Fatalf("there is no single master: %s", view)
	}
	return master
}

// emptyOriginal removes what examples/original created, including its volume and the volume's directory.
func emptyOriginal(t *testing.T, w *world.World) {
	t.Helper()
	ctx, cancel := afterwards(t)
	defer cancel()
	err := w.RemoveNamespace(ctx, originalNamespace)
	if err == nil {
		err = w.Client.CoreV1().PersistentVolumes().Delete(ctx, originalVolume, metav1.DeleteOptions{})
	}
	if err == nil || apierrors.IsNotFound(err) {
		err = os.RemoveAll(originalDirectory)
	}
	if err != nil {
		t.Error(fmt.Errorf("removing the original layout: %w", err))
	}
}
