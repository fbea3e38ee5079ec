// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
)

var configurations = []string{release + "-pods", release + "-namespace-pods", release + "-statefulsets", release + "-namespace-statefulsets"}

// TestWebhookHasTheRightsThatProvisionLists holds them equal: one too few, and groups cannot be made; one too many is nobody's need.
func TestWebhookHasTheRightsThatProvisionLists(t *testing.T) {
	objects := render(t)
	cluster := find[rbacv1.ClusterRole](t, objects, "ClusterRole", release)
	if diff := cmp.Diff(provision.WebhookRules(configurations...), cluster.Rules); diff != "" {
		t.Errorf("ClusterRole (-provision +chart):\n%s", diff)
	}
	own := find[rbacv1.Role](t, objects, "Role", release)
	if diff := cmp.Diff(provision.WebhookOwnRules(release+"-ca", release+"-hook"), own.Rules); diff != "" {
		t.Errorf("Role (-provision +chart):\n%s", diff)
	}
}

// TestForeignSecretsOnlyWhereSentinelSetsOfUsersAre wants no right on Secrets of the whole cluster unless it is asked for.
func TestForeignSecretsOnlyWhereSentinelSetsOfUsersAre(t *testing.T) {
	name := release + "-sentinel-sets"
	if objects := render(t); has(objects, "RoleBinding", name) || has(objects, "ClusterRoleBinding", name) {
		t.Error("the webhook may touch Secrets of others by default")
	}
	objects := render(t, "--set", "webhook.sentinelSetNamespaces={a},policy.sentinelSets[0].namespace=b,policy.sentinelSets[0].name=s")
	role := find[rbacv1.ClusterRole](t, objects, "ClusterRole", name)
	if diff := cmp.Diff(provision.WebhookSentinelSetRules(), role.Rules); diff != "" {
		t.Errorf("ClusterRole (-provision +chart):\n%s", diff)
	}
	var where []string
	for _, object := range objects {
		if object.GetKind() == "RoleBinding" && object.GetName() == name {
			where = append(where, object.GetNamespace())
		}
	}
	if diff := cmp.Diff([]string{"a", "b"}, where); diff != "" {
		t.Errorf("bound in (-want +got):\n%s", diff)
	}
	if has(objects, "ClusterRoleBinding", name) {
		t.Error("bound in the whole cluster, though namespaces are listed")
	}
	if objects := render(t, "--set", "webhook.sentinelSetNamespaces={*}"); !has(objects, "ClusterRoleBinding", name) {
		t.Error("* does not bind in the whole cluster")
	}
}
