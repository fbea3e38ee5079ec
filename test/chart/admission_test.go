// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestEntriesOfTheWebhook holds what the webhook and upgrades rely on: frozen names, one entry to an object, the paths that
// are served, and selectors so narrow that nobody else's objects are sent.
func TestEntriesOfTheWebhook(t *testing.T) {
	objects := render(t)
	for i, want := range []struct {
		entry, path string
		effects     admissionv1.SideEffectClass
		resource    string
		operations  []admissionv1.OperationType
		byNamespace bool
		optional    bool
	}{
		{contract.WebhookPods, contract.PathMutatePods, admissionv1.SideEffectClassNoneOnDryRun, "pods", []admissionv1.OperationType{admissionv1.Create}, false, false},
		{contract.WebhookNamespacePods, contract.PathMutatePods, admissionv1.SideEffectClassNoneOnDryRun, "pods", []admissionv1.OperationType{admissionv1.Create}, true, false},
		{contract.WebhookStatefulSets, contract.PathMutateStatefulSets, admissionv1.SideEffectClassNone, "statefulsets", []admissionv1.OperationType{admissionv1.Create, admissionv1.Update}, false, false},
		{contract.WebhookNamespaceSets, contract.PathMutateStatefulSets, admissionv1.SideEffectClassNone, "statefulsets", []admissionv1.OperationType{admissionv1.Create, admissionv1.Update}, true, false},
		{contract.WebhookScale, contract.PathScale, admissionv1.SideEffectClassNone, "statefulsets/scale", []admissionv1.OperationType{admissionv1.Update}, false, true},
	} {
		t.Run(want.entry, func(t *testing.T) {
			configuration := find[admissionv1.MutatingWebhookConfiguration](t, objects, "MutatingWebhookConfiguration", configurations[i])
			if len(configuration.Webhooks) != 1 {
				t.Fatalf("%d entries, want one: to remove an entry later would fail for ever", len(configuration.Webhooks))
			}
			entry := configuration.Webhooks[0]
			if entry.Name != want.entry || *entry.ClientConfig.Service.Path != want.path {
				t.Errorf("entry %s at %s, want %s at %s", entry.Name, *entry.ClientConfig.Service.Path, want.entry, want.path)
			}
			if *entry.SideEffects != want.effects || (*entry.FailurePolicy == admissionv1.Fail) == want.optional || *entry.MatchPolicy != admissionv1.Equivalent ||
				*entry.ReinvocationPolicy != admissionv1.IfNeededReinvocationPolicy || *entry.TimeoutSeconds != 5 {
				t.Errorf("unexpected: %+v", entry)
			}
			rule := entry.Rules[0]
			if diff := cmp.Diff(want.operations, rule.Operations); diff != "" || len(entry.Rules) != 1 || !slices.Equal(rule.Resources, []string{want.resource}) {
				t.Errorf("rules %+v", entry.Rules)
			}
			if want.optional {
				entry.ObjectSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: contract.LabelOptIn, Operator: metav1.LabelSelectorOpExists}}} // it has none
			}
			checkSelectors(t, entry, want.byNamespace)
		})
	}
}

func checkSelectors(t *testing.T, entry admissionv1.MutatingWebhook, byNamespace bool) {
	t.Helper()
	operator := metav1.LabelSelectorOpExists
	var labels map[string]string
	if byNamespace {
		operator = metav1.LabelSelectorOpDoesNotExist
		labels = map[string]string{contract.LabelOptIn: contract.OptInEnabled}
	}
	if diff := cmp.Diff(&metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: contract.LabelOptIn, Operator: operator}}}, entry.ObjectSelector); diff != "" {
		t.Errorf("objectSelector (-want +got):\n%s", diff)
	}
	excluded := []metav1.LabelSelectorRequirement{{
		Key: "kubernetes.io/metadata.name", Operator: metav1.LabelSelectorOpNotIn,
		Values: []string{"kube-node-lease", "kube-public", "kube-system", namespace},
	}}
	if diff := cmp.Diff(&metav1.LabelSelector{MatchLabels: labels, MatchExpressions: excluded}, entry.NamespaceSelector); diff != "" {
		t.Errorf("namespaceSelector (-want +got):\n%s", diff)
	}
}
