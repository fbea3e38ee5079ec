// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
)

var configurations = []string{release + "-pods", release + "-namespace-pods", release + "-statefulsets", release + "-namespace-statefulsets", release + "-scale"}

// TestWebhookHasTheRightsThatProvisionLists holds them equal: one too few, and groups cannot be made; one too many is nobody's need.
func TestWebhookHasTheRightsThatProvisionLists(t *testing.T) {
	objects := render(t)
	for what, diff := range map[string]string{
		"ClusterRole": cmp.Diff(provision.WebhookRules(release+"-role-labels", configurations...), find[rbacv1.ClusterRole](t, objects, "ClusterRole", release).Rules),
		"Role":        cmp.Diff(provision.WebhookOwnRules(release+"-ca", release+"-hook", release+"-key"), find[rbacv1.Role](t, objects, "Role", release).Rules),
		"ClusterRole of the role labels": cmp.Diff(provision.LabelsRules(),
			find[rbacv1.ClusterRole](t, objects, "ClusterRole", release+"-role-labels").Rules),
	} {
		if diff != "" {
			t.Errorf("%s (-provision +chart):\n%s", what, diff)
		}
	}
}

// TestChartsSentinelsHaveTheRightsOfAnySentinelSet, with all records in the cluster in place of those of a namespace, and
// beside them the Secret that they fill in themselves.
func TestChartsSentinelsHaveTheRightsOfAnySentinelSet(t *testing.T) {
	objects := render(t)
	const name = "redis-sentinel-redis-sentinel"
	got := append(find[rbacv1.ClusterRole](t, objects, "ClusterRole", name).Rules, find[rbacv1.Role](t, objects, "Role", name).Rules...)
	want := append(provision.SentinelSetRules(), rbacv1.PolicyRule{
		APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{name + "-peer"}, Verbs: []string{"get", "update"},
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rights (-provision +chart):\n%s", diff)
	}
}

// TestNobodyReadsForeignSecrets wants no account of the chart to read a Secret that is not named, and none in the whole cluster.
func TestNobodyReadsForeignSecrets(t *testing.T) {
	for _, object := range render(t) {
		if kind := object.GetKind(); kind != "ClusterRole" && kind != "Role" {
			continue
		}
		role := rbacv1.Role{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &role); err != nil {
			t.Fatal(err)
		}
		for _, rule := range role.Rules {
			reads := slices.ContainsFunc(rule.Verbs, func(verb string) bool { return slices.Contains([]string{"get", "list", "watch", "*"}, verb) })
			if slices.Contains(rule.Resources, "secrets") && reads && (object.GetKind() == "ClusterRole" || len(rule.ResourceNames) == 0) {
				t.Errorf("%s %s may read Secrets: %v", object.GetKind(), object.GetName(), rule)
			}
		}
	}
}

// TestFormerValueOfSentinelSetsIsAccepted lets values of an earlier version pass, and gives nobody a right for them.
func TestFormerValueOfSentinelSetsIsAccepted(t *testing.T) {
	if diff := cmp.Diff(render(t), render(t, "--set", "webhook.sentinelSetNamespaces={*}")); diff != "" {
		t.Errorf("it has an effect (-without +with):\n%s", diff)
	}
}
