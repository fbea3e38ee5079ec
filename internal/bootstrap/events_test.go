// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
)

func TestEventsTellWhatAPersonShouldKnow(t *testing.T) {
	long := patienceOfPeople + time.Second
	for _, c := range []struct {
		reason decide.Reason
		acted  bool
		lasted time.Duration
		want   string
	}{
		{decide.Incumbent, true, long, ""},
		{decide.AllEmpty, true, 0, corev1.EventTypeNormal},
		{decide.AllEmpty, false, long, ""},
		{decide.DataGone, true, 0, corev1.EventTypeWarning},
		{decide.ForeignData, false, long, corev1.EventTypeWarning},
		{decide.ForeignData, false, time.Second, ""},
		{decide.CannotSave, true, 0, corev1.EventTypeWarning},
		{decide.CannotSave, false, long, corev1.EventTypeWarning},
		{decide.CannotSave, false, 0, ""},
	} {
		if got := kindOf(c.reason.Telling(), c.acted, c.lasted); got != c.want {
			t.Errorf("%s, acted %v, for %s: %q, want %q", c.reason, c.acted, c.lasted, got, c.want)
		}
	}
}
