// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestGroupOfAnObject: without a name there is nothing to look at.
func TestGroupOfAnObject(t *testing.T) {
	for name, tc := range map[string]struct {
		labels map[string]string
		want   string
	}{
		"a group's":          {map[string]string{contract.LabelGroup: "cart"}, "[shop/cart]"},
		"with an empty name": {map[string]string{contract.LabelGroup: ""}, "[]"},
		"nobody's":           {nil, "[]"},
	} {
		o := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "x", Labels: tc.labels}}
		if got := fmt.Sprint(ofObject(t.Context(), o)); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// TestSwitchComesBeforeTheRest: while a Service goes from one master to the next, the API server is asked nothing else about its group, and
// afterwards it is.
func TestSwitchComesBeforeTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
		defer queue.ShutDown()
		o := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "cart-master", Labels: map[string]string{contract.LabelGroup: "cart"}}}
		gone := o.DeepCopy()
		gone.Labels = nil
		afterSwitch(handler.EnqueueRequestsFromMapFunc(ofObject)).Update(t.Context(), event.UpdateEvent{ObjectOld: o, ObjectNew: gone}, queue)
		time.Sleep(switchTime - time.Millisecond)
		synctest.Wait()
		if n := queue.Len(); n != 0 {
			t.Errorf("%d groups are looked at in the switch", n)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := queue.Len(); n != 1 {
			t.Errorf("%d groups are looked at after the switch, want 1", n)
		}
	})
}
