// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// SentinelSet names the Sentinels of a group.
type SentinelSet struct {
	Namespace, Name string
	// Size is how many Sentinels must agree before a group counts as formed.
	Size int
}

// ChartSentinels is the set that the chart brings.
var ChartSentinels = SentinelSet{Namespace: "redis-sentinel-system", Name: "redis-sentinel", Size: contract.DefaultSentinelReplicas}

// Group names a StatefulSet of Redis and the Sentinels that watch it.
type Group struct {
	Namespace, StatefulSet string
	// Replicas is how many pods it has when it is complete, the master included.
	Replicas  int
	Sentinels SentinelSet
	// Password is what clients present as the user default; empty where the group wants none.
	Password string
}

// NewGroup is a group of three, watched by the chart's Sentinels.
func NewGroup(namespace, statefulSet string) Group {
	return Group{Namespace: namespace, StatefulSet: statefulSet, Replicas: 3, Sentinels: ChartSentinels}
}

// MasterName is Sentinel's name of the group.
func (g Group) MasterName() string { return contract.MasterName(g.Namespace, g.StatefulSet) }

// Pod is the name of the pod with that ordinal.
func (g Group) Pod(ordinal int) string { return g.StatefulSet + "-" + strconv.Itoa(ordinal) }

// Node is one pod of a group and what its Redis says.
type Node struct {
	Pod     string
	UID     types.UID
	Address string // IP and port of its Redis; empty before the pod has an IP
	Ready   bool
	Label   string // role label
	// Phase is the pod's phase in words, for messages.
	Phase string
	Redis Redis
}

// View is what each source says about one group at (nearly) one instant.
type View struct {
	Group Group
	Nodes []Node // by name
	// Sentinels maps each Sentinel pod to the master's address that it gives to clients; empty: none or silent.
	Sentinels map[string]string
	Record    Record
}

// Look asks the API server, every Redis and every Sentinel of the group, all at once. Only an API server that does not answer
// is an error: a silent Redis or Sentinel is part of the view.
func (w *World) Look(ctx context.Context, group Group) (View, error) {
	view := View{Group: group, Sentinels: map[string]string{}}
	pods, err := w.groupPods(ctx, group)
	if err != nil {
		return view, err
	}
	sentinels, err := w.sentinelPods(ctx, group.Sentinels)
	if err != nil {
		return view, err
	}
	if view.Record, err = w.readRecord(ctx, group); err != nil {
		return view, err
	}
	view.Nodes = make([]Node, len(pods))
	answers := make([]string, len(sentinels))
	var asking sync.WaitGroup
	for i, pod := range pods {
		asking.Go(func() { view.Nodes[i] = w.node(ctx, pod, group.Password) })
	}
	for i, pod := range sentinels {
		asking.Go(func() { answers[i] = w.askSentinel(ctx, pod.Status.PodIP, group.MasterName()) })
	}
	asking.Wait()
	for i, pod := range sentinels {
		view.Sentinels[pod.Name] = answers[i]
	}
	return view, nil
}

func (w *World) node(ctx context.Context, pod corev1.Pod, password string) Node {
	node := Node{Pod: pod.Name, UID: pod.UID, Ready: podReady(&pod), Label: pod.Labels[contract.LabelRole], Phase: string(pod.Status.Phase)}
	if pod.DeletionTimestamp != nil {
		node.Phase = "Terminating"
	}
	if pod.Status.PodIP != "" {
		node.Address = RedisAddress(pod)
		node.Redis = w.askRedis(ctx, node.Address, password)
	}
	return node
}

// RedisAddress is where the Redis of a pod listens, once the pod has an IP.
func RedisAddress(pod corev1.Pod) string {
	return net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(contract.RedisPort))
}

// groupPods lists the pods of the StatefulSet, by name, including those that were never injected.
func (w *World) groupPods(ctx context.Context, group Group) ([]corev1.Pod, error) {
	list, err := w.Client.CoreV1().Pods(group.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing pods of %s: %w", group.Namespace, err)
	}
	pods := slices.DeleteFunc(list.Items, func(pod corev1.Pod) bool {
		owner := metav1.GetControllerOf(&pod)
		return owner == nil || owner.Kind != "StatefulSet" || owner.Name != group.StatefulSet
	})
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return pods, nil
}

func (w *World) sentinelPods(ctx context.Context, set SentinelSet) ([]corev1.Pod, error) {
	list, err := w.Client.CoreV1().Pods(set.Namespace).List(ctx, metav1.ListOptions{LabelSelector: contract.LabelSentinelSet + "=" + set.Name})
	if err != nil {
		return nil, fmt.Errorf("listing Sentinels of %s/%s: %w", set.Namespace, set.Name, err)
	}
	return list.Items, nil
}

func podReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// SentinelsReady counts the Ready pods of a Sentinel set.
func (w *World) SentinelsReady(ctx context.Context, set SentinelSet) (int, error) {
	pods, err := w.sentinelPods(ctx, set)
	if err != nil {
		return 0, err
	}
	ready := 0
	for i := range pods {
		if podReady(&pods[i]) {
			ready++
		}
	}
	return ready, nil
}
