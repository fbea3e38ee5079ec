// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// TestAbsenceIsProvenByAList: a watch of pods stands still, or shows what was left when it failed. Nobody counts as gone by that, and a
// pod that it never showed is known from a list of the API.
func TestAbsenceIsProvenByAList(t *testing.T) {
	old, next := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "redis-1"}}, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "redis-2"}}
	for name, c := range map[string]struct {
		err    error
		listed bool
		shows  string
	}{
		"the API lists another pod": {nil, true, "redis-2"},
		"the API does not answer":   {errors.New("too many requests"), false, "redis-1"},
	} {
		api := fake.NewClientset()
		api.PrependReactor("list", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, &corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: "200"}, Items: []corev1.Pod{next}}, c.err
		})
		woken := 0
		g := &Group{
			client: api, wake: func() { woken++ },
			pods: complete(t, &corev1.Pod{}, &corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: "100"}, Items: []corev1.Pod{old}}),
		}
		_, at := g.podsNow()
		if g.Listed(false, at) {
			t.Errorf("%s: pods count as listed, and none were", name)
		}
		g.list.reading = true // this test lists, and no goroutine beside it
		if g.Listed(true, at) {
			t.Errorf("%s: pods count as listed because somebody wants them to be", name)
		}
		g.listPods(t.Context())
		pods, at := g.podsNow()
		if got := g.Listed(false, at); got != c.listed || (woken > 0) != c.listed {
			t.Errorf("%s: listed %v, want %v; woken %d times", name, got, c.listed, woken)
		}
		if len(pods) != 1 || pods[0].Name != c.shows {
			t.Errorf("%s: the pods are %v, want %s", name, pods, c.shows)
		}
		if g.Listed(false, time.Now().Add(-time.Minute)) {
			t.Errorf("%s: a list of a minute ago counts", name)
		}
	}
}
