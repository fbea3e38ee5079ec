// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// TestAgentKilled kills the agent beside the master again and again while a client writes: the agent guards Redis, and must
// never take it down.
func TestAgentKilled(t *testing.T) {
	const times = 10
	w := connect(t)
	needsNode(t, w)
	group := apply(t, w, namespace(t, w, nil), plain("redis", labelled))
	before, _ := formed(t, w, group)
	master, _ := before.Master()
	writer := writing(t, w, group, world.Writes{})
	for i := range times {
		pod := readPod(t, w, group.Namespace, master.Pod)
		restarts := world.Restarts(pod, contract.AgentContainer)
		must(t, w.KillContainer(t.Context(), group.Namespace, master.Pod, contract.AgentContainer))
		took, err := world.Until(t.Context(), 6*generous, "the agent to run again", func(ctx context.Context) string {
			pod, err := w.Client.CoreV1().Pods(group.Namespace).Get(ctx, master.Pod, metav1.GetOptions{})
			if err != nil {
				return err.Error()
			}
			return agentMissing(pod, restarts+1)
		})
		must(t, err)
		t.Logf("kill %d: the agent is back after %.1f s", i+1, took.Seconds())
		acknowledged(t, writer, 50)
	}
	after, _ := formed(t, w, group)
	written := stopped(t, writer)
	if len(written.Errors) > 0 || len(written.Lost) > 0 {
		t.Errorf("%d errors at the client and %d lost writes, want none: %v", len(written.Errors), len(written.Lost), written.Errors)
	}
	if now, _ := after.Master(); now.Pod != master.Pod || now.Redis.RunID != master.Redis.RunID {
		t.Errorf("the master was %s (run %s) and is %s (run %s)", master.Pod, master.Redis.RunID, now.Pod, now.Redis.RunID)
	}
	if restarts := world.Restarts(readPod(t, w, group.Namespace, master.Pod), contract.RedisContainer); restarts != 0 {
		t.Errorf("Redis was restarted %d times", restarts)
	}
}

// agentMissing says what a pod lacks until its agent has been restarted so often and is started.
func agentMissing(pod *corev1.Pod, restarts int32) string {
	for _, status := range pod.Status.InitContainerStatuses {
		if status.Name != contract.AgentContainer {
			continue
		}
		if status.RestartCount >= restarts && status.State.Running != nil && status.Started != nil && *status.Started {
			return ""
		}
		return fmt.Sprintf("restarts %d, state %+v", status.RestartCount, status.State)
	}
	return "the pod has no agent"
}

// TestTokenOutOfReach proves that only the agent holds the group's rights: the Redis container has no token to read.
func TestTokenOutOfReach(t *testing.T) {
	w := connect(t)
	group := apply(t, w, namespace(t, w, nil), plain("redis", labelled))
	formed(t, w, group)
	for ordinal := range group.Replicas {
		output, err := w.Exec(t.Context(), group.Namespace, group.Pod(ordinal), contract.RedisContainer, "cat", contract.TokenDir+"/token")
		var failed *world.KubectlError
		if !errors.As(err, &failed) {
			t.Errorf("reading the token in the Redis container of %s should fail, but gave %d bytes (error %v)", group.Pod(ordinal), len(output), err)
			continue
		}
		t.Logf("%s: %s", group.Pod(ordinal), failed.Output)
	}
	for _, container := range readPod(t, w, group.Namespace, group.Pod(0)).Spec.Containers {
		for _, mount := range container.VolumeMounts {
			if mount.MountPath == contract.TokenDir {
				t.Errorf("container %s mounts a token", container.Name)
			}
		}
	}
}

func readPod(t *testing.T, w *world.World, namespace, name string) *corev1.Pod {
	t.Helper()
	pod, err := w.Client.CoreV1().Pods(namespace).Get(t.Context(), name, metav1.GetOptions{})
	must(t, err)
	return pod
}
