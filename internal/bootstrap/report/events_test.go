// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

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

// TestChangeIsToldWhenTheAPIIsBack: and once, also by the agent that comes after the one that told it.
func TestChangeIsToldWhenTheAPIIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		away := 5
		client.PrependReactor("create", "events", func(clienttesting.Action) (bool, runtime.Object, error) {
			away--
			return away >= 0, nil, apierrors.NewTimeoutError("no answer", 1)
		})
		for range 2 { // one agent, and the one after it
			var beside sync.WaitGroup
			e := events{client: client, spawn: func(do func(context.Context)) { beside.Go(func() { do(t.Context()) }) }}
			e.env.Namespace, e.env.Settings.StatefulSet, e.env.Log = "ns", "redis", slog.New(slog.DiscardHandler)
			e.changed("uid-of-the-set", &Switch{From: "redis-0", To: "redis-1", Cause: model.MasterGone, Epoch: 2048, Without: -1})
			e.changed("uid-of-the-set", &Switch{From: "redis-1", To: "redis-0", Cause: model.HandoverRequested, Epoch: 3072})
			beside.Wait()
		}
		all, err := client.CoreV1().Events("ns").List(t.Context(), metav1.ListOptions{})
		if err != nil || len(all.Items) != 2 || all.Items[0].Type != corev1.EventTypeWarning || all.Items[1].Type != corev1.EventTypeNormal {
			t.Fatalf("%v, %v", all, err)
		}
		if about := all.Items[0].InvolvedObject; about.Kind != "StatefulSet" || about.UID != "uid-of-the-set" || about.Name != "redis" {
			t.Errorf("told of %v", about)
		}
	})
}
