// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"context"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// eventsKept is how long Events are certain to be kept; API servers drop them after an hour.
const eventsKept = 50 * time.Minute

// everyChangeIsTold waits until Events at the StatefulSet tell of as many changes of master as the record counts, and its beginning. An
// agent that was cut off from the API tells later.
func (s *soak) everyChangeIsTold(t *testing.T) {
	t.Helper()
	lease, err := s.world.Client.CoordinationV1().Leases(s.group.Namespace).Get(t.Context(), contract.ObjectName(s.group.StatefulSet), metav1.GetOptions{})
	must(t, err)
	if time.Since(lease.CreationTimestamp.Time) > eventsKept {
		t.Log("whether each change was told nobody can see any more: Events are kept for an hour")
		return
	}
	want := 1 + int(ptr.Deref(lease.Spec.LeaseTransitions, 0))
	_, err = world.Until(t.Context(), wholeWithin, "an Event for each change of master", func(ctx context.Context) string {
		told, failed := s.world.Client.CoreV1().Events(s.group.Namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=MasterChanged,involvedObject.kind=StatefulSet"})
		if failed != nil {
			return failed.Error()
		}
		if len(told.Items) != want {
			return fmt.Sprintf("%d are told of %d", len(told.Items), want)
		}
		return ""
	})
	must(t, err)
	t.Logf("%d changes of master, each told once", want-1)
}
