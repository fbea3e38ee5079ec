// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiruntime "k8s.io/apimachinery/pkg/runtime"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// bloated is a metadata as large as the API server takes it.
func bloated(m metav1.ObjectMeta, n int) metav1.ObjectMeta {
	m.Annotations = map[string]string{"theirs": strings.Repeat(fmt.Sprint(n%10), 250_000), contract.AnnotationRoleEpoch: strings.Repeat("9", 10_000)}
	for label := range 200 {
		m.Labels[fmt.Sprintf("label-%d-%d", n, label)] = strings.Repeat("x", 63)
	}
	m.Finalizers = []string{strings.Repeat("f", 50_000)}
	m.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: strings.Repeat("m", 50_000)}}
	return m
}

// cost is what a watch of these objects keeps in memory.
func cost[T apiruntime.Object](t *testing.T, example T, keep func(any) any, list func() apiruntime.Object) int64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	w := completeKeeping(t, example, keep, list)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if len(w.all()) != 40 {
		t.Errorf("the watch has %d objects, want 40", len(w.all()))
	}
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// TestFatObjectsCostLittle: forty Leases, pods, StatefulSets or volume claims, each as large as its tenant can make it, cost an agent
// less than 2 MiB.
func TestFatObjectsCostLittle(t *testing.T) {
	const most = 2 << 20
	plain := func(o any) any { return o }
	if c := cost(t, &coordinationv1.Lease{}, stubbed, func() apiruntime.Object {
		list := &coordinationv1.LeaseList{}
		for n := range 40 {
			l := recordOf("ns", fmt.Sprintf("redis%d", n), "10.0.0.1:6379", "uid")
			l.ObjectMeta = bloated(l.ObjectMeta, n)
			list.Items = append(list.Items, *l)
		}
		return list
	}); c > most {
		t.Errorf("Leases cost %d KiB", c>>10)
	}
	if c := cost(t, &corev1.Pod{}, plain, func() apiruntime.Object {
		list := &corev1.PodList{}
		for n := range 40 {
			p := podOf("ns", "redis", n, "uid", "10.0.0.1")
			p.ObjectMeta = bloated(p.ObjectMeta, n)
			p.Status.Message = strings.Repeat("s", 50_000)
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Message: strings.Repeat("c", 50_000)}, {Type: "Theirs", Message: strings.Repeat("c", 50_000)}}
			p.Spec.Containers = []corev1.Container{{Name: "redis", Args: []string{strings.Repeat("a", 50_000)}}}
			p.Spec.InitContainers = []corev1.Container{{Name: strings.Repeat("i", 50_000)}}
			list.Items = append(list.Items, *p)
		}
		return list
	}); c > most {
		t.Errorf("pods cost %d KiB", c>>10)
	}
	if c := cost(t, &appsv1.StatefulSet{}, plain, func() apiruntime.Object {
		list := &appsv1.StatefulSetList{}
		for n := range 40 {
			s := appsv1.StatefulSet{ObjectMeta: bloated(metav1.ObjectMeta{Name: fmt.Sprint("s", n), Namespace: "ns", Labels: map[string]string{}}, n)}
			s.Spec.Template.ObjectMeta = bloated(metav1.ObjectMeta{Labels: map[string]string{contract.LabelOptIn: contract.OptInEnabled}}, n)
			list.Items = append(list.Items, s)
		}
		return list
	}); c > most {
		t.Errorf("StatefulSets cost %d KiB", c>>10)
	}
	if c := cost(t, &corev1.PersistentVolumeClaim{}, plain, func() apiruntime.Object {
		list := &corev1.PersistentVolumeClaimList{}
		for n := range 40 {
			list.Items = append(list.Items, corev1.PersistentVolumeClaim{ObjectMeta: bloated(metav1.ObjectMeta{Name: fmt.Sprint("c", n), Namespace: "ns", Labels: map[string]string{}}, n)})
		}
		return list
	}); c > most {
		t.Errorf("volume claims cost %d KiB", c>>10)
	}
}

// TestTrimKeepsWhatViewsRead.
func TestTrimKeepsWhatViewsRead(t *testing.T) {
	yes, grace := true, int64(30)
	pod := podOf("ns", "redis", 1, "uid", "10.0.0.1", "fd00::1")
	pod.Labels[contract.LabelRole], pod.Labels[appsv1.ControllerRevisionHashLabelKey], pod.Labels[contract.LabelOptIn] = "master", "r1", "enabled"
	pod.Annotations = map[string]string{contract.AnnotationRoleEpoch: "1024", "theirs": "x"}
	pod.OwnerReferences = []metav1.OwnerReference{{Kind: "Node", Name: "n"}, {Kind: "StatefulSet", Name: "redis", Controller: &yes}}
	pod.ResourceVersion, pod.DeletionGracePeriodSeconds, pod.DeletionTimestamp = "7", &grace, &metav1.Time{}
	pod.Spec.TerminationGracePeriodSeconds = &grace
	pod.Spec.InitContainers = []corev1.Container{{Name: "theirs"}, {Name: contract.AgentContainer}}
	pod.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data-redis-1"}}}}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	pod.Spec.Containers = []corev1.Container{{Name: "exporter"}, {Name: "redis", VolumeMounts: []corev1.VolumeMount{{Name: contract.ConfigVolume}}}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "exporter"}, {Name: "redis", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}}
	before := podFacts(pod, 1, 6379, (&SentinelSet{}).set.PodIP)
	trim(pod)
	if after := podFacts(pod, 1, 6379, (&SentinelSet{}).set.PodIP); after != before || !after.Injected || !after.Ready || !after.Terminating || !after.Down {
		t.Errorf("before %+v, after %+v", before, after)
	}
	delete(pod.Labels, contract.LabelGroup)
	if _, ok := belongs(pod, "redis"); !ok {
		t.Error("a pod is no longer its StatefulSet's")
	}
	if claimOf(pod, "data", map[string]string{"data-redis-1": "claim"}) != "claim" || pod.ResourceVersion != "7" || pod.Labels[appsv1.ControllerRevisionHashLabelKey] != "r1" ||
		pod.Labels[contract.LabelOptIn] != "enabled" || pod.Annotations[contract.AnnotationRoleEpoch] != "1024" || pod.DeletionGracePeriodSeconds == nil || pod.Spec.TerminationGracePeriodSeconds == nil {
		t.Errorf("something is missing: %+v", pod)
	}
}
