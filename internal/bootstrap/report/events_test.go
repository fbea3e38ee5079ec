// SPDX-License-Identifier: Apache-2.0

package report

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

func TestEventsTellWhatAPersonShouldKnow(t *testing.T) {
	long := eventDelay + time.Second
	for _, c := range []struct {
		reason model.Reason
		what   outcome
		lasted time.Duration
		want   string
	}{
		{model.Incumbent, succeeded, long, ""},
		{model.AllEmpty, succeeded, 0, corev1.EventTypeNormal},
		{model.AllEmpty, waited, long, ""},
		{model.DataGone, succeeded, 0, corev1.EventTypeWarning},
		{model.ForeignData, waited, long, corev1.EventTypeWarning},
		{model.ForeignData, waited, time.Second, ""},
		{model.CannotSave, succeeded, 0, corev1.EventTypeWarning},
		{model.CannotSave, attempted, 0, corev1.EventTypeWarning}, // a handover of unknown end
		{model.DataGone, attempted, 0, ""},
		{model.CannotSave, waited, long, corev1.EventTypeWarning},
		{model.CannotSave, waited, 0, ""},
	} {
		if got := kindOf(c.reason.Events(), c.what, c.lasted); got != c.want {
			t.Errorf("%s, outcome %d, for %s: %q, want %q", c.reason, c.what, c.lasted, got, c.want)
		}
	}
}
