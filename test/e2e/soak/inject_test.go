// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/soak/schedule"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// memory is what was there when a step began: the pods by what they were.
type memory struct {
	pods map[schedule.Target]corev1.Pod
	// all are the pods of the group and of its Sentinels.
	all []corev1.Pod
}

// remember looks at a whole group.
func (s *soak) remember(ctx context.Context) (memory, error) {
	view, _, err := s.world.WaitFormed(ctx, s.group, wholeWithin)
	if err != nil {
		return memory{}, err
	}
	m := memory{pods: map[schedule.Target]corev1.Pod{}}
	if m.all, err = s.world.Members(ctx, s.group); err != nil {
		return memory{}, err
	}
	master, _ := view.Master()
	replicas := []schedule.Target{schedule.Replica0, schedule.Replica1}
	for _, pod := range m.all { // by name
		switch target := schedule.Target(pod.Name); {
		case target.IsSentinel():
			m.pods[target] = pod
		case pod.Name == master.Pod:
			m.pods[schedule.Master] = pod
		default:
			m.pods[replicas[0]] = pod
			replicas = replicas[1:]
		}
	}
	return m, nil
}

// inject carries out a fault, and ends it where it lasts.
func (s *soak) inject(ctx context.Context, fault schedule.Fault, before memory) error {
	if err := world.Pass(ctx, fault.After); err != nil {
		return err
	}
	in, pod := s.group.Namespace, before.pods[fault.Target]
	switch fault.Kind {
	case schedule.Handover:
		return s.ask(ctx)
	case schedule.Rollout:
		_, err := s.world.Kubectl(ctx, "", "rollout", "restart", "statefulset", s.group.StatefulSet, "-n", in)
		return err
	case schedule.Delete:
		return s.world.DeletePod(ctx, in, pod.Name)
	case schedule.ForceDelete:
		return s.world.ForceDeletePod(ctx, in, pod.Name)
	case schedule.Crash:
		return s.unlessGone(ctx, pod, s.world.CrashPod(ctx, in, pod.Name))
	case schedule.KillRedis:
		return s.unlessGone(ctx, pod, s.world.KillContainer(ctx, in, pod.Name, server(pod)))
	case schedule.KillAgent:
		return s.unlessGone(ctx, pod, s.world.KillContainer(ctx, in, pod.Name, contract.AgentContainer))
	case schedule.KillBoth:
		return s.unlessGone(ctx, pod, s.world.KillPod(ctx, in, pod.Name))
	case schedule.Freeze:
		return s.last(ctx, fault, pod, s.world.Freeze, s.world.Thaw)
	case schedule.CutAPI:
		return s.last(ctx, fault, pod, s.world.CutAPI, s.world.HealAPI)
	case schedule.CutPeers:
		return s.last(ctx, fault, pod, func(ctx context.Context, _, _ string) error { return s.cutFromPeers(ctx, pod) }, s.heal)
	case schedule.CutAll:
		return s.last(ctx, fault, pod, func(ctx context.Context, in, pod string) error { return s.world.Cut(ctx, in, pod) }, s.heal)
	}
	return fmt.Errorf("nobody knows how to %s", fault.Kind)
}

// cutFromPeers cuts a pod off from those of its StatefulSet that have an address: the other fault of the step may have ended one.
func (s *soak) cutFromPeers(ctx context.Context, pod corev1.Pod) error {
	for {
		members, err := s.world.Members(ctx, s.group)
		if err != nil {
			return err
		}
		there := slices.DeleteFunc(members, func(p corev1.Pod) bool { return p.Status.PodIP == "" || p.DeletionTimestamp != nil })
		peers := peersOf(pod, there)
		if len(peers) == 0 { // from nobody would be from everybody
			return nil
		}
		if err = s.world.Cut(ctx, pod.Namespace, pod.Name, peers...); err == nil {
			return nil
		}
		now, listed := s.world.Members(ctx, s.group)
		if listed != nil || slices.EqualFunc(members, now, func(a, b corev1.Pod) bool { return a.UID == b.UID && a.Status.PodIP == b.Status.PodIP }) {
			return err
		}
	}
}

func (s *soak) heal(ctx context.Context, in, pod string) error { return s.world.Heal(ctx, in, pod) }

// last begins a fault of a pod and ends it after its time, also when the test is over before. The pod may be gone by then.
func (s *soak) last(ctx context.Context, fault schedule.Fault, pod corev1.Pod, begin, end func(ctx context.Context, in, pod string) error) error {
	if err := begin(ctx, pod.Namespace, pod.Name); err != nil {
		return err
	}
	waited := world.Pass(ctx, fault.For)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupWithin)
	defer cancel()
	if err := s.unlessGone(ctx, pod, end(ctx, pod.Namespace, pod.Name)); err != nil {
		return fmt.Errorf("ending %s: %w", fault, err)
	}
	return waited
}

// unlessGone is the error, unless the pod ends or was replaced: the other fault of the step, a rollout, may have come first.
func (s *soak) unlessGone(ctx context.Context, pod corev1.Pod, err error) error {
	if err == nil {
		return nil
	}
	now, missing := s.world.Client.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(missing) || missing == nil && (now.UID != pod.UID || now.DeletionTimestamp != nil) {
		return nil
	}
	return err
}

// traces says which fault of a step has not run its course yet: a pod that shall be replaced, a process that shall come again.
func (s *soak) traces(ctx context.Context, step schedule.Step, before memory) string {
	pods, err := s.world.Members(ctx, s.group)
	if err != nil {
		return err.Error()
	}
	now := map[string]corev1.Pod{}
	for _, pod := range pods {
		now[pod.Name] = pod
		if pod.DeletionTimestamp != nil {
			return pod.Name + " is ending"
		}
	}
	for _, fault := range step {
		pod := before.pods[fault.Target]
		same := now[pod.Name].UID == pod.UID
		switch fault.Kind {
		case schedule.Handover:
			if asked := s.asked(ctx); asked != "" {
				return asked
			}
		case schedule.Rollout:
			if missing := s.rolledOut(ctx); missing != "" {
				return missing
			}
		case schedule.Delete, schedule.ForceDelete, schedule.Crash:
			if same {
				return pod.Name + " is not replaced"
			}
		case schedule.KillRedis, schedule.KillAgent:
			container := server(pod)
			if fault.Kind == schedule.KillAgent {
				container = contract.AgentContainer
			}
			current := now[pod.Name]
			if same && world.Restarts(&current, container) == world.Restarts(&pod, container) {
				return container + " of " + pod.Name + " is not restarted"
			}
		default: // it has been ended
		}
	}
	if ready, err := s.world.SentinelsReady(ctx, s.group.Sentinels); err != nil || ready != s.group.Sentinels.Size {
		return fmt.Sprintf("%d Sentinels are ready, %v", ready, err)
	}
	return ""
}

// rolledOut says what is missing of a rollout.
func (s *soak) rolledOut(ctx context.Context) string {
	set, err := s.world.Client.AppsV1().StatefulSets(s.group.Namespace).Get(ctx, s.group.StatefulSet, metav1.GetOptions{})
	if err != nil {
		return err.Error()
	}
	if set.Status.ObservedGeneration < set.Generation || set.Status.CurrentRevision != set.Status.UpdateRevision || int(set.Status.UpdatedReplicas) != s.group.Replicas {
		return fmt.Sprintf("%d pods of %d are rolled out", set.Status.UpdatedReplicas, s.group.Replicas)
	}
	return ""
}

// server is the container with Redis, or with the Sentinel.
func server(pod corev1.Pod) string {
	if schedule.Target(pod.Name).IsSentinel() {
		return contract.SentinelContainer
	}
	return contract.RedisContainer
}

// peersOf names the other pods of a pod's StatefulSet.
func peersOf(pod corev1.Pod, all []corev1.Pod) []string {
	set := pod.Name[:strings.LastIndex(pod.Name, "-")+1]
	var names []string
	for _, other := range all {
		if other.Name != pod.Name && strings.HasPrefix(other.Name, set) {
			names = append(names, other.Name)
		}
	}
	return names
}
