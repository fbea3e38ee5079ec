// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// TestRoleLabelPolicy acts, in a dry-run, with the rights of a Sentinel agent: it may change the role label of a group's pod
// and its epoch, through the status subresource, and nothing else of any pod.
func TestRoleLabelPolicy(t *testing.T) {
	w := connect(t)
	group := apply(t, w, namespace(t, w, nil), plain("redis", labelled))
	formed(t, w, group)
	agent := as(t, w, "system:serviceaccount:"+group.Sentinels.Namespace+":"+contract.ObjectName(group.Sentinels.Name))
	pods := agent.CoreV1().Pods(group.Namespace)
	pod := group.Pod(0)
	dryRun := metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}
	for _, test := range []struct {
		name, patch, subresource, refusal string
	}{
		{"the role label", `{"metadata":{"labels":{"` + contract.LabelRole + `":"replica"}}}`, "status", ""},
		{"the role's epoch", `{"metadata":{"annotations":{"` + contract.AnnotationRoleEpoch + `":"7"}}}`, "status", ""},
		{"a role that is none", `{"metadata":{"labels":{"` + contract.LabelRole + `":"king"}}}`, "status", "master or replica"},
		{"another label", `{"metadata":{"labels":{"app":"other"}}}`, "status", "of the labels only"},
		{"another annotation", `{"metadata":{"annotations":{"x":"y"}}}`, "status", "of the annotations only"},
		{"the pod's address", `{"status":{"podIP":"10.9.9.9","podIPs":[{"ip":"10.9.9.9"}]}}`, "status", "not spec or status"},
		{"the pod itself", `{"metadata":{"labels":{"` + contract.LabelRole + `":"replica"}}}`, "", "forbidden"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var subresources []string
			if test.subresource != "" {
				subresources = []string{test.subresource}
			}
			_, err := pods.Patch(t.Context(), pod, types.MergePatchType, []byte(test.patch), dryRun, subresources...)
			switch {
			case test.refusal == "" && err != nil:
				t.Errorf("it should be allowed: %v", err)
			case test.refusal != "" && err == nil:
				t.Error("it should be refused")
			case test.refusal != "" && !strings.Contains(err.Error(), test.refusal):
				t.Errorf("the refusal does not say %q: %v", test.refusal, err)
			case err != nil:
				t.Logf("refused: %v", err)
			}
		})
	}
	t.Run("owners", func(t *testing.T) {
		patch := `{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"none","uid":"1-2-3"}]}}`
		after, err := pods.Patch(t.Context(), pod, types.MergePatchType, []byte(patch), dryRun, "status")
		if err == nil && len(after.OwnerReferences) == 1 && after.OwnerReferences[0].Kind != "StatefulSet" {
			t.Error("an agent can make a pod's owner disappear, and the pod with it")
		}
	})
}

// TestLabelledPodPolicy sends a labelled pod to a namespace where the webhook never acts, the release's own: the policy must
// not let it run without the agent.
func TestLabelledPodPolicy(t *testing.T) {
	w := connect(t)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "labelled", Labels: map[string]string{contract.LabelOptIn: contract.OptInEnabled}},
		Spec:       plain("labelled").Spec.Template.Spec,
	}
	_, err := w.Client.CoreV1().Pods(world.ChartSentinels.Namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err == nil {
		t.Fatal("a labelled pod without agent is let through")
	}
	t.Logf("refused: %v", err)
	if !strings.Contains(err.Error(), contract.AgentContainer) {
		t.Error("the refusal does not name the agent")
	}
}

// as returns a client with the rights of another user.
func as(t *testing.T, w *world.World, user string) kubernetes.Interface {
	t.Helper()
	config := rest.CopyConfig(w.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:serviceaccounts", "system:authenticated"}}
	client, err := kubernetes.NewForConfig(config)
	must(t, err)
	return client
}
