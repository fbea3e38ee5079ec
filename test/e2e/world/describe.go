// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// agentLines is how much of each agent's log a description holds.
const agentLines = int64(40)

// sentinelLines is how much of a Sentinel's log is searched for a namespace.
const sentinelLines = int64(2000)

// Describe describes what is in a namespace, for a test that failed: objects, events and the agents' last log lines. What
// cannot be read is reported in its place.
func (w *World) Describe(ctx context.Context, namespace string) string {
	var text strings.Builder
	show := func(title, output string, err error) {
		if err != nil {
			output = err.Error()
		}
		fmt.Fprintf(&text, "--- %s of %s\n%s\n", title, namespace, strings.TrimSpace(output))
	}
	output, err := w.Kubectl(ctx, "", "get", "statefulsets,pods,leases,services", "-n", namespace, "-o", "wide", "--show-labels")
	show("objects", output, err)
	output, err = w.Kubectl(ctx, "", "get", "leases", "-n", namespace, "-o", "jsonpath={range .items[*]}{.metadata.name} {.metadata.annotations}{\"\\n\"}{end}")
	show("records", output, err)
	output, err = w.Kubectl(ctx, "", "get", "events", "-n", namespace, "--sort-by=.metadata.creationTimestamp")
	show("events", output, err)
	pods, err := w.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		show("pods", "", err)
		return text.String()
	}
	for _, pod := range pods.Items {
		for _, container := range []string{contract.AgentContainer, contract.SentinelContainer} {
			for _, previous := range []bool{true, false} {
				if log := w.logs(ctx, pod, container, previous, agentLines); log != "" {
					show(fmt.Sprintf("log of %s (previous %t) in pod %s", container, previous, pod.Name), log, nil)
				}
			}
		}
	}
	return text.String()
}

// DescribeSentinels returns what a set's agents and Sentinels recently logged about groups of a namespace.
func (w *World) DescribeSentinels(ctx context.Context, set SentinelSet, namespace string) string {
	pods, err := w.sentinelPods(ctx, set)
	if err != nil {
		return err.Error()
	}
	var text strings.Builder
	for _, pod := range pods {
		for _, container := range []string{contract.SentinelContainer, contract.AgentContainer} {
			fmt.Fprintf(&text, "--- log of %s in pod %s\n", container, pod.Name)
			for line := range strings.Lines(w.logs(ctx, pod, container, false, sentinelLines)) {
				if strings.Contains(line, namespace+".") {
					text.WriteString(line)
				}
			}
		}
	}
	return text.String()
}

// logs returns the last lines of a container, or nothing.
func (w *World) logs(ctx context.Context, pod corev1.Pod, container string, previous bool, lines int64) string {
	log, err := w.Client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: container, TailLines: &lines, Previous: previous}).DoRaw(ctx)
	if err != nil {
		return "" // it has no such container, or it never ran before
	}
	return string(log)
}
