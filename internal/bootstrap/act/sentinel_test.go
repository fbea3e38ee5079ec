// SPDX-License-Identifier: Apache-2.0

package act

import (
	"encoding/json"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestLabelsGoUpward (21): three agents write the labels of a pod, each with what it has seen.
func TestLabelsGoUpward(t *testing.T) {
	for name, c := range map[string]struct {
		label, epoch string
		itself       string
		role         string
		at           uint64
		written      bool
	}{
		"a greater epoch":                 {"replica", "1024", "uid-0", "master", 2048, true},
		"the same epoch":                  {"replica", "1024", "uid-0", "master", 1024, true},
		"a smaller epoch: my watch lags":  {"replica", "2048", "uid-0", "master", 1024, false},
		"the label is there already":      {"master", "1024", "uid-0", "master", 2048, false},
		"no Service finds it yet":         {"master", "1024", "", "master", 1024, true},
		"another pod had the name":        {"master", "1024", "uid-7", "master", 1024, true},
		"the label is taken off":          {"master", "1024", "uid-0", "", 2048, true},
		"the first label":                 {"", "", "uid-0", "replica", 1024, true},
		"the epoch there is not a number": {"replica", "x", "uid-0", "master", 1024, true},
		"taken off by a smaller epoch":    {"master", "2048", "uid-0", "", 1024, false},
	} {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
				Namespace: "ns", Name: "redis-0", ResourceVersion: "77", UID: "uid-0",
				Labels: map[string]string{contract.LabelRole: c.label, contract.LabelPodUID: c.itself}, Annotations: map[string]string{contract.AnnotationRoleEpoch: c.epoch},
			}}
			if c.label == "" {
				delete(pod.Labels, contract.LabelRole)
			}
			if c.itself == "" {
				delete(pod.Labels, contract.LabelPodUID)
			}
			client := fake.NewClientset(pod)
			if err := NewSentinel(nil, client.CoreV1()).Label(t.Context(), pod, c.role, c.at); err != nil {
				t.Fatal(err)
			}
			actions := client.Actions()
			if (len(actions) == 1) != c.written || len(actions) > 1 {
				t.Fatalf("%d writes, want one: %v", len(actions), c.written)
			}
			for _, action := range actions {
				checkLabelPatch(t, action)
			}
		})
	}
}

// checkLabelPatch fails the test unless the patch goes to the pod's status alone, and holds only for the pod that was seen.
func checkLabelPatch(t *testing.T, action clienttesting.Action) {
	t.Helper()
	patch, ok := action.(clienttesting.PatchAction)
	if !ok || action.GetSubresource() != "status" {
		t.Fatalf("%s of %s/%s, want a patch of pods/status", action.GetVerb(), action.GetResource().Resource, action.GetSubresource())
	}
	var body struct {
		Metadata struct {
			ResourceVersion string             `json:"resourceVersion"`
			Labels          map[string]*string `json:"labels"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(patch.GetPatch(), &body); err != nil {
		t.Fatal(err)
	}
	labels := body.Metadata.Labels
	role, itself := labels[contract.LabelRole], labels[contract.LabelPodUID]
	if role != nil && (itself == nil || *itself != "uid-0") || role == nil && len(labels) != 1 || len(labels) > 2 {
		t.Errorf("%s: want its role, and beside it what Services find it by", patch.GetPatch())
	}
	if body.Metadata.ResourceVersion != "77" {
		t.Errorf("%s: want the version that was seen", patch.GetPatch())
	}
}
