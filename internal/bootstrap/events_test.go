// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
)

func TestEventsTellWhatAPersonShouldKnow(t *testing.T) {
	long := eventDelay + time.Second
	for _, c := range []struct {
		reason decide.Reason
		what   outcome
		lasted time.Duration
		want   string
	}{
		{decide.Incumbent, succeeded, long, ""},
		{decide.AllEmpty, succeeded, 0, corev1.EventTypeNormal},
		{decide.AllEmpty, waited, long, ""},
		{decide.DataGone, succeeded, 0, corev1.EventTypeWarning},
		{decide.ForeignData, waited, long, corev1.EventTypeWarning},
		{decide.ForeignData, waited, time.Second, ""},
		{decide.CannotSave, succeeded, 0, corev1.EventTypeWarning},
		{decide.CannotSave, attempted, 0, corev1.EventTypeWarning}, // a handover of unknown end
		{decide.DataGone, attempted, 0, ""},
		{decide.CannotSave, waited, long, corev1.EventTypeWarning},
		{decide.CannotSave, waited, 0, ""},
	} {
		if got := kindOf(c.reason.Events(), c.what, c.lasted); got != c.want {
			t.Errorf("%s, outcome %d, for %s: %q, want %q", c.reason, c.what, c.lasted, got, c.want)
		}
	}
}
