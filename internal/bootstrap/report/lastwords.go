// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// serverEnded is the reason of the Event about a server that ends as soon as it starts; it is not a decision.
const serverEnded = "ServerEnded"

const (
	// endsApart is the time between two looks at why a server does not run: the API has them, and the kubelet waits longer each time.
	endsApart = 15 * time.Second
	// longestWords is how much of a server's last words is told, from their end.
	longestWords = 500
)

// ends tells why a server does not start: it has no log by then that people find, and only the kubelet knows its last words.
type ends struct {
	since, next time.Time
	// told are the words of the Event before, so that a server which ends again and again is told once for each reason.
	told atomic.Pointer[string]
}

// considerEnd looks, while my Redis does not answer and not even turns the agent away, whether its container ended.
func (e *events) considerEnd(v model.View) {
	r := &v.Self.Redis
	if r.Answer != model.Silent || r.TurnsAway() || r.Busy || v.Leaving {
		e.ends.since, e.ends.next = time.Time{}, time.Time{}
		return
	}
	if e.ends.since.IsZero() {
		e.ends.since, e.ends.next = v.Now, v.Now.Add(eventDelay)
	}
	if v.Now.Before(e.ends.next) {
		return
	}
	e.ends.next = v.Now.Add(endsApart)
	e.spawn(e.tellEnd)
}

// tellEnd asks the API how the container of my Redis ended.
func (e *events) tellEnd(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	pods, err := e.client.CoreV1().Pods(e.env.Namespace).List(asking, metav1.ListOptions{FieldSelector: "metadata.name=" + e.env.PodName}) // it may list, and not get
	if err != nil || len(pods.Items) != 1 || string(pods.Items[0].UID) != e.env.PodUID {
		return // it is asked again
	}
	message := endOf(&pods.Items[0])
	if told := e.ends.told.Swap(&message); message == "" || told != nil && *told == message {
		return
	}
	e.env.Log.Error("the container of Redis ended", "reason", serverEnded, "why", message)
	_ = e.create(ctx, e.event(corev1.ObjectReference{ // it is logged
		APIVersion: "v1", Kind: "Pod", Namespace: e.env.Namespace, Name: e.env.PodName, UID: pods.Items[0].UID,
	}, corev1.EventTypeWarning, serverEnded, message))
}

// endOf says how the container that starts from the agent's file ended last; empty where it never has. Redis ends with code 0 too when it
// finds data that it cannot load.
func endOf(pod *corev1.Pod) string {
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		if !slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == contract.ConfigVolume }) {
			continue
		}
		at := slices.IndexFunc(pod.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool { return s.Name == c.Name })
		if at < 0 {
			return ""
		}
		status := &pod.Status.ContainerStatuses[at]
		end := status.State.Terminated
		if end == nil {
			end = status.LastTerminationState.Terminated
		}
		if end == nil {
			return ""
		}
		return sentenceOf(c.Name, end)
	}
	return ""
}

func sentenceOf(container string, end *corev1.ContainerStateTerminated) string {
	why := ""
	if end.Reason != "" && end.Reason != "Error" {
		why = ", " + end.Reason
	}
	message := fmt.Sprintf("Container %s ends as soon as it starts (exit code %d%s).", container, end.ExitCode, why)
	words := strings.TrimSpace(end.Message)
	if words == "" {
		return message + " It left no last words: read its log with kubectl logs --previous. A StatefulSet does not replace a pod that never became ready: once the pod template is mended, delete this pod."
	}
	if cut := len(words) - longestWords; cut > 0 {
		words = "…" + strings.ToValidUTF8(words[cut:], "")
	}
	message += " Its last words: " + words
	if strings.Contains(words, "FATAL CONFIG FILE ERROR") || strings.Contains(words, "listening socket") {
		message += "\nA server older than Redis 6.2 or Valkey 7.2 does not start from the generated file, " + contract.RedisConfFile +
			", and neither does any from a line that its version does not know, there or in the user's own file."
	}
	return message + "\nA StatefulSet does not replace a pod that never became ready: once the pod template is mended, delete this pod."
}
