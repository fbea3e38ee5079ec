// SPDX-License-Identifier: Apache-2.0

package observe

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// trim removes from an object what no view reads. An agent runs in every Redis pod, and a Sentinel's agent keeps the pods of
// all its groups: what is kept here is paid for everywhere.
func trim(object any) {
	switch o := object.(type) {
	case *corev1.Pod:
		trimPod(o)
	case *corev1.PersistentVolumeClaim:
		o.Spec, o.Status, o.Annotations, o.Labels = corev1.PersistentVolumeClaimSpec{}, corev1.PersistentVolumeClaimStatus{}, nil, nil
	}
	if m, ok := object.(metav1.Object); ok {
		m.SetManagedFields(nil)
	}
}

func trimPod(pod *corev1.Pod) {
	spec := corev1.PodSpec{TerminationGracePeriodSeconds: pod.Spec.TerminationGracePeriodSeconds}
	for _, v := range pod.Spec.Volumes {
		switch {
		case v.PersistentVolumeClaim != nil:
			spec.Volumes = append(spec.Volumes, corev1.Volume{Name: v.Name, VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: v.PersistentVolumeClaim}})
		case v.Name == contract.KeysVolume:
			spec.Volumes = append(spec.Volumes, corev1.Volume{Name: v.Name})
		}
	}
	for _, c := range pod.Spec.InitContainers {
		spec.InitContainers = append(spec.InitContainers, corev1.Container{Name: c.Name})
	}
	pod.Spec = spec
	pod.Status = corev1.PodStatus{Phase: pod.Status.Phase, PodIPs: pod.Status.PodIPs, Conditions: pod.Status.Conditions}
	epoch, ok := pod.Annotations[contract.AnnotationRoleEpoch]
	pod.Annotations = nil
	if ok {
		pod.Annotations = map[string]string{contract.AnnotationRoleEpoch: epoch}
	}
}
