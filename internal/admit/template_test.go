// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

const looseSetText = `{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"redis","namespace":"shop","uid":"7"},
"spec":{"replicas":3,"template":{"metadata":{"creationTimestamp":null,"labels":{"app":"redis"}},
"spec":{"newField":{"a":1},"containers":[{"name":"redis","image":"redis:7.0"}],"volumes":[{"name":"data","emptyDir":{}},{"name":"other","emptyDir":{}}]}},
"volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{}}]}}`

const loosePodText = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"redis-1","namespace":"shop",
"labels":{"app":"redis","statefulset.kubernetes.io/pod-name":"redis-1","apps.kubernetes.io/pod-index":"1"},
"ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"redis","uid":"7","controller":true,"blockOwnerDeletion":true}]},
"spec":{"newField":{"a":1},"hostname":"redis-1","containers":[{"name":"redis","image":"redis:7.0"}],
"volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"data-redis-1"}},{"name":"other","emptyDir":{}}]}}`

func decode(t *testing.T, text []byte) any {
	t.Helper()
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPodIsTheOneThatTheControllerMakes(t *testing.T) {
	pod, err := PodOf([]byte(looseSetText), 1)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(decode(t, []byte(loosePodText)), decode(t, pod.Raw)); diff != "" {
		t.Errorf("pod (-want +got):\n%s", diff)
	}
}

func TestTemplateComesBackFromAPod(t *testing.T) {
	out, err := WithTemplateOf([]byte(looseSetText), []byte(loosePodText))
	if err != nil {
		t.Fatal(err)
	}
	want := decode(t, []byte(looseSetText)).(map[string]any)
	template := want["spec"].(map[string]any)["template"].(map[string]any)
	delete(template["metadata"].(map[string]any), "creationTimestamp")
	spec := template["spec"].(map[string]any)
	spec["volumes"] = spec["volumes"].([]any)[1:] // a claim template hides a volume of its name anyway
	if diff := cmp.Diff(any(want), decode(t, out)); diff != "" {
		t.Errorf("StatefulSet (-want +got):\n%s", diff)
	}
}

func TestNonsenseIsNoPod(t *testing.T) {
	for _, text := range []string{`nonsense`, `{"spec":{"template":{"metadata":{"labels":7}}}}`, `{"spec":{"template":{"spec":{"volumes":7}},"volumeClaimTemplates":[{}]}}`} {
		if _, err := PodOf([]byte(text), 0); err == nil {
			t.Errorf("%s: made a pod", text)
		}
	}
}

func TestGroupOfStatefulSet(t *testing.T) {
	parsed, err := policy.Parse([]byte(testPolicy))
	if err != nil {
		t.Fatal(err)
	}
	r := Reviewer{Policy: func() *policy.Policy { return parsed }, NamespaceLabels: noLabels}
	group, refused, err := r.GroupOf(t.Context(), decodeSet(t, quickstart(t)))
	if err != nil || refused != "" || group == nil {
		t.Fatalf("group %v, refused %q, error %v", group, refused, err)
	}
	if want := (mutate.Group{StatefulSet: "redis", Account: "redis-sentinel-redis", MasterService: "redis-master"}); group.StatefulSet != want.StatefulSet ||
		group.Account != want.Account || group.MasterService != want.MasterService {
		t.Errorf("group %+v", group)
	}
	if group, refused, err := r.GroupOf(t.Context(), decodeSet(t, []byte(looseSetText))); group != nil || refused != "" || err != nil {
		t.Errorf("without a label: group %v, refused %q, error %v", group, refused, err)
	}
}

func decodeSet(t *testing.T, raw []byte) *appsv1.StatefulSet {
	t.Helper()
	set, err := mutate.DecodeStatefulSet(raw)
	if err != nil {
		t.Fatal(err)
	}
	return set
}
