// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"errors"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// KillContainer sends SIGKILL to the container's process from the node, as a crash does; the kubelet restarts it.
func (w *World) KillContainer(ctx context.Context, namespace, pod, container string) error {
	_, err := w.tool.run(ctx, "kill", "-n", namespace, pod, container)
	return err
}

// Freeze makes a pod stand still, with its network and its probes, as if its machine had died. It has to be thawed before it can end.
func (w *World) Freeze(ctx context.Context, namespace, pod string) error {
	_, err := w.tool.run(ctx, "freeze", "-n", namespace, pod)
	return err
}

// Thaw lets a frozen pod go on as if nothing had been.
func (w *World) Thaw(ctx context.Context, namespace, pod string) error {
	_, err := w.tool.run(ctx, "thaw", "-n", namespace, pod)
	return err
}

// CanKill reports whether processes can be killed from the node.
func (w *World) CanKill() bool { return w.tool.configured() }

// DeletePod deletes a pod as `kubectl delete pod` does, with its hook and its grace period. It does not wait.
func (w *World) DeletePod(ctx context.Context, namespace, pod string) error {
	return w.deletePod(ctx, namespace, pod, metav1.DeleteOptions{})
}

// EvictPod asks for a pod's eviction as `kubectl drain` does: a PodDisruptionBudget may refuse it. It does not wait.
func (w *World) EvictPod(ctx context.Context, namespace, pod string) error {
	eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: pod}}
	if err := w.Client.PolicyV1().Evictions(namespace).Evict(ctx, eviction); err != nil {
		return fmt.Errorf("evicting pod %s/%s: %w", namespace, pod, err)
	}
	return nil
}

// ForceDeletePod removes the pod from the API at once; the kubelet still stops its processes in its own time.
func (w *World) ForceDeletePod(ctx context.Context, namespace, pod string) error {
	return w.deletePod(ctx, namespace, pod, metav1.DeleteOptions{GracePeriodSeconds: new(int64)})
}

func (w *World) deletePod(ctx context.Context, namespace, pod string, options metav1.DeleteOptions) error {
	if err := w.Client.CoreV1().Pods(namespace).Delete(ctx, pod, options); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("deleting pod %s/%s: %w", namespace, pod, err)
	}
	return nil
}

// KillPod sends SIGKILL to all processes of a pod at the same time; the kubelet starts them again, at once or later.
func (w *World) KillPod(ctx context.Context, namespace, name string) error {
	pod, err := w.Client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading pod %s/%s: %w", namespace, name, err)
	}
	containers := runningContainers(pod)
	failed := make([]error, len(containers))
	var killing sync.WaitGroup
	for i, container := range containers {
		killing.Go(func() { failed[i] = w.KillContainer(ctx, namespace, name, container) })
	}
	killing.Wait()
	return errors.Join(failed...)
}

// CrashPod makes a pod disappear as if its machine had lost power: all its processes die by SIGKILL at the same time where the
// node can be reached, and the pod is deleted by force. No hook runs and no connection is closed properly.
func (w *World) CrashPod(ctx context.Context, namespace, name string) error {
	if w.CanKill() {
		if err := w.KillPod(ctx, namespace, name); err != nil {
			return err
		}
	}
	return w.ForceDeletePod(ctx, namespace, name)
}

// runningContainers names the containers of a pod that run now, native sidecars included.
func runningContainers(pod *corev1.Pod) []string {
	var names []string
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for _, status := range statuses {
			if status.State.Running != nil {
				names = append(names, status.Name)
			}
		}
	}
	return names
}

// Restarts counts the restarts of one container of a pod, init containers included.
func Restarts(pod *corev1.Pod, container string) int32 {
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for _, status := range statuses {
			if status.Name == container {
				return status.RestartCount
			}
		}
	}
	return 0
}
