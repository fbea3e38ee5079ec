// SPDX-License-Identifier: Apache-2.0

package app

import (
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

func record(namespace, set, holder string) *coordinationv1.Lease {
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
		Namespace: namespace, Name: contract.ObjectName(set),
		Labels:      map[string]string{contract.LabelGroup: set, contract.LabelManaged: "true"},
		Annotations: map[string]string{contract.RecordSettings: `{"sentinels":{"namespace":"s","name":"watch"}}`},
	}}
	if holder != "" {
		lease.Spec.HolderIdentity = &holder
	}
	return lease
}

func fakeClient(t *testing.T) *fake.ClientBuilder {
	t.Helper()
	scheme, err := newScheme()
	if err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme)
}

func TestListGroups(t *testing.T) {
	unrelated := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "kube-scheduler"}}
	c := fakeClient(t).WithObjects(record("b", "cache", ""), record("a", "redis", "redis-1"), unrelated).Build()
	for name, leaving := range map[string]bool{"plainly": false, "when the webhook leaves": true} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := (groupList{out: &out, leaving: leaving}).print(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(out.String(), "\n")
			for i, want := range []string{"NAMESPACE  STATEFULSET  MASTER    SENTINELS", "a          redis        redis-1   s/watch", "b          cache        none yet  s/watch", ""} {
				if lines[i] != want {
					t.Errorf("line %d = %q, want %q", i, lines[i], want)
				}
			}
			if got := strings.Contains(out.String(), "kubectl label statefulset NAME redis-sentinel-"); got != leaving {
				t.Errorf("tells how to take a group out: %t, want %t:\n%s", got, leaving, &out)
			}
		})
	}
}

func TestListGroupsWithoutGroups(t *testing.T) {
	var out strings.Builder
	if err := (groupList{out: &out, leaving: true}).print(t.Context(), fakeClient(t).Build()); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "There are no groups.\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}
