// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestFormation measures from `kubectl apply` to a formed group, as a person with a stopwatch would: kubectl's own time is
// included. The targets are printed beside the measurement; only a generous deadline fails the test, since the machine is
// shared.
func TestFormation(t *testing.T) {
	w := connect(t)
	for _, test := range []struct {
		name     string
		bar      time.Duration
		change   change
		password string
	}{
		{"Parallel", 6 * time.Second, labelled, ""},
		{"OrderedReady", 12 * time.Second, orderedReady, ""},
		{"Parallel, with a password", 6 * time.Second, annotated(contract.AnnotationAuthSecret, userFiles), clientsPassword},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := namespace(t, w, nil)
			_, err := w.ApplyText(t.Context(), in, manifest(t, secret(contract.AuthKey, clientsPassword)))
			must(t, err)
			began := time.Now()
			group := apply(t, w, in, plain("redis", labelled, test.change))
			group.Password = test.password
			view, sinceApplied := formed(t, w, group)
			took := time.Since(began)
			t.Logf("formed %.1f s after kubectl apply was called, %.1f s after it returned; the bar is %.0f s", took.Seconds(), sinceApplied.Seconds(), test.bar.Seconds())
			if took > test.bar {
				t.Logf("ABOVE THE BAR by %.1f s", (took - test.bar).Seconds())
			}
			if master, _ := view.Master(); master.Pod != group.Pod(0) {
				t.Errorf("the first master of an empty group is pod 0, here it is %s", master.Pod)
			}
			if view.Record.Reason == "" {
				t.Errorf("the record of %s gives no reason", contract.ObjectName(group.StatefulSet))
			}
			failed, err := w.Events(t.Context(), in, "FailedCreate")
			must(t, err)
			if len(failed) > 0 {
				t.Errorf("pods failed to be created: %s", failed[0].Message)
			}
		})
	}
}
