// SPDX-License-Identifier: Apache-2.0

package act

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestServiceIsLedUpward (21): three agents lead the Service of a master, each by what it has seen, and nothing of it but the selector is
// theirs. What it was found as is the epoch since which it leads to the pod; 0 is that it follows role labels.
func TestServiceIsLedUpward(t *testing.T) {
	itself := map[string]string{contract.LabelPodUID: "uid-1"}
	for name, c := range map[string]struct {
		found   uint64
		to      string
		at      uint64
		labels  map[string]string
		change  func(*corev1.Service)
		written bool
	}{
		"it follows labels":                   {0, "", 2048, itself, nil, true},
		"a greater epoch":                     {1024, "uid-0", 2048, itself, nil, true},
		"the same epoch":                      {2048, "uid-0", 2048, itself, nil, true},
		"it leads there":                      {1024, "uid-1", 2048, itself, nil, false},
		"a smaller epoch: my watch lags":      {4096, "uid-0", 2048, itself, nil, false},
		"labels again, by the webhook":        {4096, "", 2048, itself, nil, true},
		"the pod has no label yet":            {1024, "uid-0", 2048, nil, nil, false},
		"the pod's label is that of another":  {1024, "uid-0", 2048, map[string]string{contract.LabelPodUID: "uid-0"}, nil, false},
		"the user's own Service of that name": {0, "", 2048, itself, func(s *corev1.Service) { s.Labels = nil }, false},
		"another group's Service":             {0, "", 2048, itself, func(s *corev1.Service) { s.Labels[contract.LabelGroup] = "other" }, false},
		"somebody narrowed it": {1024, "uid-1", 2048, itself, func(s *corev1.Service) {
			s.Spec.Selector["zone"] = "a"
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			service := &corev1.Service{
				ObjectMeta: metav1.ObjectMeta{
					Namespace: "ns", Name: "redis-master", Annotations: map[string]string{"note": "x"},
					Labels: map[string]string{contract.LabelManaged: contract.Managed, contract.LabelGroup: "redis"},
				},
				Spec: corev1.ServiceSpec{Selector: contract.SelectorOf("redis", c.to), Type: corev1.ServiceTypeNodePort},
			}
			if c.found > 0 {
				service.Annotations[contract.AnnotationRoleEpoch] = strconv.FormatUint(c.found, 10)
			}
			if c.change != nil {
				c.change(service)
			}
			client := fake.NewClientset(service)
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "redis-1", UID: "uid-1", Labels: c.labels}}
			done, err := NewSentinel(nil, client.CoreV1()).Lead(t.Context(), "redis", "redis-master", pod, c.at)
			if err != nil || done != findable(pod) {
				t.Fatalf("done %t, %v", done, err)
			}
			after, err := client.CoreV1().Services("ns").Get(t.Context(), "redis-master", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			leads := maps.Equal(after.Spec.Selector, contract.SelectorOf("redis", "uid-1")) && ledSince(after) == c.at
			if written := !maps.Equal(after.Spec.Selector, service.Spec.Selector) || ledSince(after) != ledSince(service); written != c.written || written && !leads {
				t.Errorf("it became %v since %d, written %t", after.Spec.Selector, ledSince(after), written)
			}
			if after.Spec.Type != corev1.ServiceTypeNodePort || after.Annotations["note"] != "x" {
				t.Errorf("what is the user's changed: %+v", after)
			}
		})
	}
}

// TestServiceThatCannotBeLed: who took the name of the Service, or the right to it, took no master from the group; but where it leads to
// one pod already it would send clients there for ever. A conflict is another
// agent, or the webhook, and is tried again; an API server that fails is told of.
func TestServiceThatCannotBeLed(t *testing.T) {
	what := schema.GroupResource{Resource: "services"}
	for name, c := range map[string]struct {
		answers []error
		at      string // the pod to which it leads
		done    bool
		fails   bool
	}{
		"it is absent":                    {[]error{apierrors.NewNotFound(what, "x")}, "", true, false},
		"we may not":                      {[]error{apierrors.NewForbidden(what, "x", errAny)}, "", true, false},
		"we may not, and it stays behind": {[]error{apierrors.NewForbidden(what, "x", errAny)}, "0", false, true},
		"somebody was faster":             {[]error{apierrors.NewConflict(what, "x", errAny), nil}, "", true, false},
		"the API server fails":            {[]error{apierrors.NewInternalError(errAny)}, "", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			client := fake.NewClientset(&corev1.Service{ObjectMeta: metav1.ObjectMeta{
				Namespace: "ns", Name: "redis-master", Labels: map[string]string{contract.LabelManaged: contract.Managed, contract.LabelGroup: "redis"},
				Annotations: map[string]string{contract.AnnotationRoleEpoch: "1"},
			}, Spec: corev1.ServiceSpec{Selector: contract.SelectorOf("redis", c.at)}})
			writes := 0
			client.PrependReactor("update", "services", func(clienttesting.Action) (bool, runtime.Object, error) {
				err := c.answers[writes]
				writes++
				return err != nil, nil, err
			})
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "redis-1", UID: "1", Labels: map[string]string{contract.LabelPodUID: "1"}}}
			done, err := NewSentinel(nil, client.CoreV1()).Lead(t.Context(), "redis", "redis-master", pod, 1)
			if done != c.done || (err != nil) != c.fails || writes != len(c.answers) {
				t.Errorf("done %t after %d writes: %v", done, writes, err)
			}
		})
	}
}

// TestHandoverThroughTheService (13): clients that come through the Service are held, not refused, until it leads to the successor, and are
// sent away then. That is not waited for where nobody but the successor would have what is written meanwhile.
func TestHandoverThroughTheService(t *testing.T) {
	begun := "offer; " + pause + "; " + longer + "; word; Sentinels name the successor; "
	away := strings.TrimSuffix(killed, "; "+unpause)
	for name, c := range map[string]struct {
		third bool
		want  string
	}{
		"of three": {true, begun + away + "; the Service leads to the successor; replicaof SUCCESSOR; " + killed},
		"of two":   {false, begun + "replicaof SUCCESSOR; " + killed + "; the Service leads to the successor; " + away},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, script{offset: 100})
			s.others.service, s.others.routed = model.Address{Host: "10.8.0.1", Port: 6379}, "run-1"
			successor := s.view.Peers[0]
			if c.third {
				s.view.Peers = append(s.view.Peers, model.Pod{Name: "redis-2", UID: "uid-2", Redis: model.Redis{
					Answer: model.Up, Role: model.Replica, LinkUp: true, Following: s.view.Self.Address,
				}})
			}
			if err := s.actor.handOver(t.Context(), s.view, decide.Decision{Action: decide.Handover, Reason: model.HandingOver, Calm: 4 * time.Second, Successor: successor}); err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(c.want, "SUCCESSOR", fmt.Sprintf("%s %d", successor.Address.Host, successor.Address.Port))
			if got := strings.Join(s.journal, "; "); got != want {
				t.Errorf("done\n%s\nwant\n%s", got, want)
			}
		})
	}
}
