// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Ordinal reads the number at the end of a StatefulSet pod's name; false when the name is not of that StatefulSet. A number that is
// written otherwise, redis-01, is that of another pod than redis-1.
func Ordinal(statefulSet, pod string) (int, bool) {
	text, ok := strings.CutPrefix(pod, statefulSet+"-")
	n, err := strconv.Atoi(text)
	return n, ok && err == nil && n >= 0 && strconv.Itoa(n) == text
}

// belongs reports whether a pod is of the StatefulSet, and returns its ordinal: it has its name, and either is controlled by it
// or has the group label (the pods of a StatefulSet that was deleted without them are still the group).
func belongs(pod *corev1.Pod, statefulSet string) (int, bool) {
	n, ok := Ordinal(statefulSet, pod.Name)
	if !ok || pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
		return 0, false
	}
	if pod.Labels[contract.LabelGroup] == statefulSet || pod.Labels[contract.LabelSentinelSet] == statefulSet {
		return n, true
	}
	owned := slices.ContainsFunc(pod.OwnerReferences, func(o metav1.OwnerReference) bool {
		return o.Kind == "StatefulSet" && o.Name == statefulSet
	})
	return n, owned
}

// podFacts is what the API says of a pod of the group. Without an address yet, its Redis cannot be asked.
func podFacts(pod *corev1.Pod, ordinal, port int, like netip.Addr) model.Pod {
	p := model.Pod{
		Name: pod.Name, UID: string(pod.UID), Ordinal: ordinal,
		Terminating: pod.DeletionTimestamp != nil,
		Down:        isDown(pod, serverContainer(pod)),
		Label:       pod.Labels[contract.LabelRole],
		Injected: slices.ContainsFunc(pod.Spec.InitContainers, func(c corev1.Container) bool {
			return c.Name == contract.AgentContainer
		}),
		Keyed: knowsKeys(pod),
	}
	if host := address(pod, like); host != "" {
		p.Address = model.Address{Host: host, Port: port}
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			p.Ready = c.Status == corev1.ConditionTrue
		}
	}
	return p
}

// serverContainer is the container of a pod that loads the file of its agent; empty where that is none, or not one alone.
func serverContainer(pod *corev1.Pod) string {
	name := ""
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		if !slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == contract.ConfigVolume }) {
			continue
		}
		if name != "" {
			return ""
		}
		name = c.Name
	}
	return name
}

// isDown reports whether the kubelet says that a container does not run.
func isDown(pod *corev1.Pod, container string) bool {
	return slices.ContainsFunc(pod.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool {
		return c.Name == container && c.State.Running == nil
	})
}

// knowsKeys reports whether a pod's agent was given the keys of the group.
func knowsKeys(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == contract.KeysVolume })
}

// address chooses the pod's address of the same family as mine: the family is chosen once, or a dual-stack group would
// have two names for each node.
func address(pod *corev1.Pod, like netip.Addr) string {
	for _, ip := range pod.Status.PodIPs {
		if a, err := netip.ParseAddr(ip.IP); err == nil && a.Zone() == "" && !a.IsUnspecified() && (!like.IsValid() || a.Is4() == like.Is4()) {
			return a.String()
		}
	}
	return ""
}

// claimOf identifies the data of a pod: its volume claim where it has one, else the pod itself.
func claimOf(pod *corev1.Pod, dataVolume string, uidOfClaim map[string]string) string {
	for _, v := range pod.Spec.Volumes {
		if v.Name == dataVolume && v.PersistentVolumeClaim != nil {
			return uidOfClaim[v.PersistentVolumeClaim.ClaimName]
		}
	}
	return string(pod.UID)
}
