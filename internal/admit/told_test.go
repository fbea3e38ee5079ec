// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

// TestRefusalIsToldWhereItsUserLooks: on the Deployment, where its ReplicaSet has the controller's word; and on nothing that a review has made up.
func TestRefusalIsToldWhereItsUserLooks(t *testing.T) {
	controlledBy := func(kind, name, uid string) []metav1.OwnerReference {
		return []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: name, UID: types.UID(uid), Controller: new(true)}}
	}
	live := fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(
		&appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "cache-1", UID: "rs", OwnerReferences: controlledBy("Deployment", "cache", "d")}},
		&appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "alone", UID: "alone"}},
	).Build()
	for name, c := range map[string]struct {
		owner []metav1.OwnerReference
		want  bool
	}{
		"made by a Deployment":      {controlledBy("ReplicaSet", "cache-1", "rs"), true},
		"another of that name":      {controlledBy("ReplicaSet", "cache-1", "made up"), false},
		"one that does not exist":   {controlledBy("ReplicaSet", "nothing", "rs"), false},
		"of a ReplicaSet alone":     {controlledBy("ReplicaSet", "alone", "alone"), false},
		"of a StatefulSet":          {controlledBy("StatefulSet", "redis", "s"), false},
		"of nobody":                 {nil, false},
		"its owner is in the cache": {controlledBy("DaemonSet", "x", "y"), false},
	} {
		recorder := events.NewFakeRecorder(5)
		s := &Server{Reviewer: Reviewer{Live: live}, Events: recorder}
		s.tell(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "p", OwnerReferences: c.owner}}, "shop", "pod shop/p: "+strings.Repeat("long ", 1000))
		select {
		case text := <-recorder.Events:
			if !c.want || !strings.Contains(text, podRefused) || len(text) > 1100 {
				t.Errorf("%s: told %q", name, text)
			}
		default:
			if c.want {
				t.Errorf("%s: nobody is told", name)
			}
		}
	}
}
