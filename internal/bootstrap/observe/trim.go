// SPDX-License-Identifier: Apache-2.0

package observe

import (
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// longestEpoch is the text of the greatest epoch.
const longestEpoch = 20

// longestName is the longest name of a pod.
const longestName = 253

// trim removes from an object what no view reads. An agent runs in every Redis pod, and a Sentinel's agent keeps the pods of
// all its groups: what is kept here is paid for everywhere, and objects are as large as their tenants make them.
func trim(object any) {
	switch o := object.(type) {
	case *corev1.Pod:
		trimPod(o)
	case *corev1.PersistentVolumeClaim:
		o.ObjectMeta = identity(o.ObjectMeta)
		o.Spec, o.Status = corev1.PersistentVolumeClaimSpec{}, corev1.PersistentVolumeClaimStatus{}
	case *appsv1.StatefulSet:
		trimSet(o)
	}
	if m, ok := object.(metav1.Object); ok {
		m.SetManagedFields(nil)
	}
}

// identity is which object it is, in which version.
func identity(m metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: m.Namespace, Name: m.Name, UID: m.UID, ResourceVersion: m.ResourceVersion, CreationTimestamp: m.CreationTimestamp,
		DeletionTimestamp: m.DeletionTimestamp, DeletionGracePeriodSeconds: m.DeletionGracePeriodSeconds,
	}
}

// labelsOf are those labels of an object that views read.
func labelsOf(all map[string]string) map[string]string {
	kept := map[string]string{}
	for _, name := range []string{
		contract.LabelGroup, contract.LabelSentinelSet, contract.LabelRole, contract.LabelPodUID, contract.LabelOptIn, appsv1.ControllerRevisionHashLabelKey,
	} {
		if value, ok := all[name]; ok {
			kept[name] = value
		}
	}
	return kept
}

func trimPod(pod *corev1.Pod) {
	meta := identity(pod.ObjectMeta)
	meta.Labels = labelsOf(pod.Labels)
	for _, o := range pod.OwnerReferences {
		if o.Kind == "StatefulSet" && o.Controller != nil && *o.Controller {
			meta.OwnerReferences = []metav1.OwnerReference{{Kind: o.Kind, Name: o.Name, UID: o.UID, Controller: o.Controller}}
		}
	}
	if epoch, ok := pod.Annotations[contract.AnnotationRoleEpoch]; ok && len(epoch) <= longestEpoch {
		meta.Annotations = map[string]string{contract.AnnotationRoleEpoch: epoch}
	}
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
		if c.Name == contract.AgentContainer {
			spec.InitContainers = []corev1.Container{{Name: c.Name}}
		}
	}
	status := corev1.PodStatus{Phase: pod.Status.Phase, PodIPs: pod.Status.PodIPs[:min(len(pod.Status.PodIPs), 2)]}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			status.Conditions = []corev1.PodCondition{{Type: c.Type, Status: c.Status}}
		}
	}
	if server := serverContainer(pod); isDown(pod, server) {
		spec.Containers = []corev1.Container{{Name: server, VolumeMounts: []corev1.VolumeMount{{Name: contract.ConfigVolume}}}}
		status.ContainerStatuses = []corev1.ContainerStatus{{Name: server}}
	}
	pod.ObjectMeta, pod.Spec, pod.Status = meta, spec, status
}

// withoutRole keeps of a pod all but the role that Sentinel agents write on it after each change of master: the agent of a Redis pod reads
// no role, and would look around for it while clients connect anew.
func withoutRole(object any) any {
	if pod, ok := object.(*corev1.Pod); ok {
		delete(pod.Labels, contract.LabelRole)
		delete(pod.Annotations, contract.AnnotationRoleEpoch)
	}
	return object
}

// withoutServer keeps of a pod all but whether its server runs, which no agent of a Sentinel reads: it would look around for that.
func withoutServer(object any) any {
	if pod, ok := object.(*corev1.Pod); ok {
		pod.Spec.Containers, pod.Status.ContainerStatuses = nil, nil
	}
	return object
}

// trimSet keeps of a StatefulSet how many pods it wants, of which revision, and how it makes them.
func trimSet(set *appsv1.StatefulSet) {
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labelsOf(set.Spec.Template.Labels)}}
	choices := map[string]string{}
	for _, name := range []string{contract.AnnotationInitialMaster, contract.AnnotationReplaceData, contract.AnnotationHandover, contract.AnnotationHandoverFrom} {
		if pod, ok := set.Annotations[name]; ok && len(pod) <= longestName {
			choices[name] = pod
		}
	}
	set.ObjectMeta = identity(set.ObjectMeta)
	set.Annotations = choices
	set.Spec = appsv1.StatefulSetSpec{Replicas: set.Spec.Replicas, Ordinals: set.Spec.Ordinals, PodManagementPolicy: set.Spec.PodManagementPolicy, Template: template}
	set.Status = appsv1.StatefulSetStatus{UpdateRevision: set.Status.UpdateRevision}
}

// stubbed keeps of a Lease that is too large only that it exists: a Sentinel's agent has the Leases of all tenants.
func stubbed(object any) any {
	if l, ok := object.(*coordinationv1.Lease); ok {
		return record.Stub(l)
	}
	return object
}
