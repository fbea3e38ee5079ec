// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
)

// books is a StatefulSet with a record, and the books that are kept of what is asked of it.
type books struct {
	client.Client
	namespace string
	keeper    *provision.Handovers
	events    *events.FakeRecorder
	now       time.Time
}

func newBooks(t *testing.T, holder string) *books {
	t.Helper()
	b := &books{Client: admin(t), events: events.NewFakeRecorder(10), now: time.Now()}
	b.namespace = newNamespace(t, b.Client, nil)
	b.keeper = provision.NewHandovers(b.Client, b.events, func() time.Time { return b.now })
	create(t, b.Client, statefulSet(b.namespace, "redis", "redis", 3, nil))
	if holder != "" {
		create(t, b.Client, &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Namespace: b.namespace, Name: contract.ObjectName("redis")}, Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder},
		})
	}
	return b
}

// ask is a person's request; empty takes it back.
func (b *books) ask(t *testing.T, to string) {
	t.Helper()
	value := `"` + to + `"`
	if to == "" {
		value = "null"
	}
	b.patch(t, &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: b.namespace, Name: "redis"}}, `{"metadata":{"annotations":{"`+contract.AnnotationHandover+`":`+value+`}}}`)
}

func (b *books) leads(t *testing.T, holder string) {
	t.Helper()
	b.patch(t, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: b.namespace, Name: contract.ObjectName("redis")}}, `{"spec":{"holderIdentity":"`+holder+`"}}`)
}

func (b *books) patch(t *testing.T, o client.Object, patch string) {
	t.Helper()
	if err := b.Patch(t.Context(), o, client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
		t.Fatal(err)
	}
}

// look keeps the books once, and returns what the annotations say then, and whether it is to be looked at again.
func (b *books) look(t *testing.T) (asked, from, refused string, again bool) {
	t.Helper()
	name := types.NamespacedName{Namespace: b.namespace, Name: "redis"}
	result, err := b.keeper.Reconcile(context.WithoutCancel(t.Context()), reconcile.Request{NamespacedName: name})
	if err != nil {
		t.Fatal(err)
	}
	a := get(t, b.Client, b.namespace, "redis", &appsv1.StatefulSet{}).Annotations
	return a[contract.AnnotationHandover], a[contract.AnnotationHandoverFrom], a[contract.AnnotationHandoverRefused], result.RequeueAfter > 0
}

func TestRequestForAHandover(t *testing.T) {
	t.Run("any is asked of who leads, and taken off when another does", func(t *testing.T) {
		b := newBooks(t, "redis-0")
		b.ask(t, contract.HandoverAny)
		if asked, from, _, again := b.look(t); asked != contract.HandoverAny || from != "redis-0" || !again {
			t.Errorf("asked %q of %q, looked at again: %t", asked, from, again)
		}
		if asked, from, _, _ := b.look(t); asked == "" || from != "redis-0" {
			t.Errorf("asked %q of %q, while nothing has happened", asked, from)
		}
		b.leads(t, "redis-2")
		if asked, from, refused, _ := b.look(t); asked != "" || from != "" || refused != "" {
			t.Errorf("still asked %q of %q, refused: %q", asked, from, refused)
		}
		if _, _, _, again := b.look(t); again {
			t.Error("it is looked at for ever")
		}
	})
	t.Run("a pod is asked for that leads in the end", func(t *testing.T) {
		b := newBooks(t, "redis-0")
		b.ask(t, "redis-1")
		if asked, from, _, again := b.look(t); asked != "redis-1" || from != "" || !again {
			t.Errorf("asked %q of %q, looked at again: %t", asked, from, again)
		}
		b.leads(t, "redis-1")
		if asked, _, refused, _ := b.look(t); asked != "" || refused != "" {
			t.Errorf("still asked %q, refused: %q", asked, refused)
		}
	})
	t.Run("nobody takes over", func(t *testing.T) {
		b := newBooks(t, "redis-0")
		b.ask(t, "redis-1")
		b.look(t)
		b.now = b.now.Add(2 * time.Minute)
		if asked, _, refused, _ := b.look(t); asked != "" || !strings.Contains(refused, "redis-1") || !strings.Contains(refused, "redis-0") {
			t.Errorf("still asked %q, refused: %q", asked, refused)
		}
		select {
		case event := <-b.events.Events:
			if !strings.Contains(event, "HandoverRefused") {
				t.Error(event)
			}
		default:
			t.Error("there is no Event")
		}
		b.ask(t, "redis-2") // the next request has its own minute, and the answer to the last one goes when it is done
		if asked, _, _, _ := b.look(t); asked != "redis-2" {
			t.Errorf("asked %q", asked)
		}
		b.leads(t, "redis-2")
		if asked, _, refused, _ := b.look(t); asked != "" || refused != "" {
			t.Errorf("still asked %q, refused: %q", asked, refused)
		}
	})
	t.Run("there is no such pod", func(t *testing.T) {
		for _, pod := range []string{"redis-3", "redis-01", "other-0"} {
			b := newBooks(t, "redis-0")
			b.ask(t, pod)
			if asked, _, refused, _ := b.look(t); asked != "" || !strings.Contains(refused, pod) || !strings.Contains(refused, "redis-0 to redis-2") {
				t.Errorf("still asked %q, refused: %q", asked, refused)
			}
		}
	})
	t.Run("the value is of any length", func(t *testing.T) {
		b := newBooks(t, "redis-0")
		b.ask(t, strings.Repeat("x", 200<<10))
		if asked, _, refused, _ := b.look(t); asked != "" || len(refused) > 1024 || !strings.Contains(refused, "redis-0 to redis-2") {
			t.Errorf("still asked for %d bytes, refused with %d: %.200q", len(asked), len(refused), refused)
		}
	})
	t.Run("there is no group", func(t *testing.T) {
		b := newBooks(t, "")
		b.ask(t, contract.HandoverAny)
		b.look(t)
		b.now = b.now.Add(2 * time.Minute)
		if asked, _, refused, _ := b.look(t); asked != "" || !strings.Contains(refused, contract.LabelOptIn) {
			t.Errorf("still asked %q, refused: %q", asked, refused)
		}
	})
	t.Run("it is taken back", func(t *testing.T) {
		b := newBooks(t, "redis-0")
		b.ask(t, contract.HandoverAny)
		b.look(t)
		b.ask(t, "")
		if _, from, refused, _ := b.look(t); from != "" || refused != "" {
			t.Errorf("asked of %q, refused: %q", from, refused)
		}
	})
}
