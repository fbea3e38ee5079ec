// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"testing"
	"testing/synctest"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// counted is a group whose wake-ups are counted.
func counted(t *testing.T) (*Group, chan struct{}) {
	t.Helper()
	woken := make(chan struct{}, 16)
	return &Group{spawn: func(run func(context.Context)) { go run(t.Context()) }, wake: func() { woken <- struct{}{} }}, woken
}

// listThenWatch gives a list, and then what a watch brings.
func listThenWatch(list runtime.Object, source watch.Interface) cache.ListerWatcher {
	return &lists{cache.ListWatch{
		ListWithContextFunc:  func(context.Context, metav1.ListOptions) (runtime.Object, error) { return list, nil },
		WatchFuncWithContext: func(context.Context, metav1.ListOptions) (watch.Interface, error) { return source, nil },
	}}
}

// steps counts how often each of some steps wakes a group.
func steps(t *testing.T, woken chan struct{}) func(what string, want int, do func()) {
	t.Helper()
	return func(what string, want int, do func()) {
		t.Helper()
		do()
		synctest.Wait()
		if got := len(woken); got != want {
			t.Errorf("%s wakes it %d times, want %d", what, got, want)
		}
		for len(woken) > 0 {
			<-woken
		}
	}
}

// TestOnlyNewsWakesAnAgent: in a change of master labels, statuses and versions are written many times, and what an agent of a Redis pod
// reads of pods changes once.
func TestOnlyNewsWakesAnAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := watch.NewFake()
		pod := podOf("ns", "redis", 0, "uid", "10.0.0.1")
		pod.ResourceVersion = "1"
		pod.Spec.Containers = []corev1.Container{{Name: "redis", VolumeMounts: []corev1.VolumeMount{{Name: contract.ConfigVolume}}}}
		g, woken := counted(t)
		g.watchPods(listThenWatch(&corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: "1"}, Items: []corev1.Pod{*pod}}, source))
		step := steps(t, woken)
		change := func(version string, do func(*corev1.Pod)) func() {
			next := pod.DeepCopy()
			next.ResourceVersion = version
			do(next)
			return func() { source.Modify(next) }
		}
		step("the pod", 1, func() {})
		step("a version", 0, change("2", func(*corev1.Pod) {}))
		step("a role", 0, change("3", func(p *corev1.Pod) {
			p.Labels[contract.LabelRole] = contract.RoleMaster
			p.Annotations = map[string]string{contract.AnnotationRoleEpoch: "1024"}
		}))
		step("words", 0, change("4", func(p *corev1.Pod) { p.Status.Message = "words" }))
		step("its readiness", 1, change("5", func(p *corev1.Pod) {
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		}))
		step("a container's end", 1, change("6", func(p *corev1.Pod) {
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
			p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "redis", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137}}}}
		}))
		step("its end", 1, func() { source.Delete(pod.DeepCopy()) })
	})
}

// TestOwnWriteWakesNobody: the watch brings back what I wrote myself, and what others write.
func TestOwnWriteWakesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := watch.NewFake()
		lease := func(version, holder string) *coordinationv1.Lease {
			return &coordinationv1.Lease{
				ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "redis", UID: "one", ResourceVersion: version},
				Spec:       coordinationv1.LeaseSpec{HolderIdentity: &holder},
			}
		}
		g, woken := counted(t)
		g.watchRecord(listThenWatch(&coordinationv1.LeaseList{ListMeta: metav1.ListMeta{ResourceVersion: "1"}, Items: []coordinationv1.Lease{*lease("1", "a")}}, source))
		step := steps(t, woken)
		step("the record", 1, func() {})
		step("my own write", 0, func() { g.Learn(lease("5", "b")); source.Modify(lease("5", "b")) })
		step("what another wrote", 1, func() { source.Modify(lease("6", "c")) })
		step("its end", 1, func() { source.Delete(lease("7", "c")) })
	})
}

// TestOwnWriteIsNoNews: what I wrote, or read live, I know already; what the watch shows of others is news, also after I saw it.
func TestOwnWriteIsNoNews(t *testing.T) {
	lease := func(version string) *coordinationv1.Lease {
		return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{UID: "one", ResourceVersion: version}}
	}
	g := &Group{}
	if !g.isNews(lease("1")) {
		t.Error("the first record is no news")
	}
	g.Learn(lease("5"))
	if g.isNews(lease("5")) || g.isNews(lease("4")) {
		t.Error("what I wrote is news")
	}
	if !g.isNews(lease("6")) {
		t.Error("what another wrote is none")
	}
	g.latest = lease("6") // somebody beside the loop looked at what the watch has
	if !g.isNews(lease("6")) {
		t.Error("what another wrote is none, because it was seen beside the loop")
	}
}
