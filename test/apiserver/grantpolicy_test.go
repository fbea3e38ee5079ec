// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"slices"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
)

// TestGrantPolicies asks what the webhook's account may put into a Role, and whom it may bind: everything that provision makes,
// and nothing by which a second account would have what policies keep from the first.
func TestGrantPolicies(t *testing.T) {
	c := admin(t)
	r := withPolicies(t, c)
	webhook := as(t, r.user())
	const own, sentinels, labels = "redis-sentinel-redis", "redis-sentinel-redis:sentinels", "redis-sentinel-redis:labels"
	const more = "no more than a group and its Sentinels need"
	role := func(name string, rules ...rbacv1.PolicyRule) *rbacv1.Role {
		return &rbacv1.Role{ObjectMeta: ours(r.tenant, name, "redis"), Rules: rules}
	}
	rule := func(group, resource, verb string, names ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: []string{verb}, ResourceNames: names}
	}
	binding := func(name string, subjects ...string) *rbacv1.RoleBinding {
		ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name}
		if name == labels {
			ref.Kind, ref.Name = "ClusterRole", r.labelsRole()
		}
		out := &rbacv1.RoleBinding{ObjectMeta: ours(r.tenant, name, "redis"), RoleRef: ref}
		for _, in := range subjects {
			out.Subjects = append(out.Subjects, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: in, Name: "x"})
		}
		return out
	}
	existing := role(own, provision.GroupRules("redis", "redis-master")...)
	existing.Name, existing.Labels = "redis-sentinel-old", ours("", "", "old").Labels
	create(t, c, existing)

	all := []attempt{
		{"the Role of a group", dryCreate(t, webhook, role(own, provision.GroupRules("redis", "redis-master")...)), ""},
		{"the Role of a Sentinel set", dryCreate(t, webhook, role(own, provision.SentinelSetRules()...)), ""},
		{"the Role of its Sentinels", dryCreate(t, webhook, role(sentinels, provision.WatchersRules("redis", "redis-master")...)), ""},
		{"a Role without rules", dryCreate(t, webhook, role(own)), ""},
		{"rights on another group", dryCreate(t, webhook, role(own, provision.GroupRules("other", "other-master")...)), more},
		{"rights of a group for Sentinels", dryCreate(t, webhook, role(sentinels, provision.GroupRules("redis", "redis-master")...)), more},
		{"every record", dryCreate(t, webhook, role(own, rule("coordination.k8s.io", "leases", "update"))), more},
		{"two records", dryCreate(t, webhook, role(own, rule("coordination.k8s.io", "leases", "update", own, "redis-sentinel-other"))), more},
		{"every StatefulSet", dryCreate(t, webhook, role(own, rule("apps", "statefulsets", "get"))), more},
		{"every verb", dryCreate(t, webhook, role(own, rule("", "pods", "*"))), more},
		{"every resource", dryCreate(t, webhook, role(own, rule("", "*", "list"))), more},
		{"every group of resources", dryCreate(t, webhook, role(own, rule("*", "pods", "list"))), more},
		{"a second resource", dryCreate(t, webhook, role(own, rbacv1.PolicyRule{
			APIGroups: []string{""}, Resources: []string{"pods", "secrets"}, Verbs: []string{"list"},
		})), more},
		{"a rule too many", dryCreate(t, webhook, role(own, append(provision.GroupRules("redis", "redis-master"), rule("", "secrets", "get"))...)), more},
		{"a Role of before gets more", merge(t, webhook, existing, `{"rules":[{"apiGroups":[""],"resources":["secrets"],"verbs":["get"]}]}`), more},

		{"an account of the group's namespace", dryCreate(t, webhook, binding(own, r.tenant)), ""},
		{"nobody", dryCreate(t, webhook, binding(sentinels)), ""},
		{"an account of another namespace", dryCreate(t, webhook, binding(own, r.home)), "of its namespace"},
		{"the Sentinels of the chart", dryCreate(t, webhook, binding(sentinels, r.home)), ""},
		{"the Sentinels of the chart, for labels", dryCreate(t, webhook, binding(labels, r.home)), ""},
		{"the Sentinels of a listed set", dryCreate(t, webhook, binding(sentinels, listedNamespace)), ""},
		{"the Sentinels of a listed set, for labels", dryCreate(t, webhook, binding(labels, listedNamespace)), ""},
		{"the Sentinels of the same namespace", dryCreate(t, webhook, binding(labels, r.tenant)), ""},
		{"Sentinels of nowhere known", dryCreate(t, webhook, binding(sentinels, r.excluded)), "of its namespace"},
		{"Sentinels of nowhere known, for labels", dryCreate(t, webhook, binding(labels, r.excluded)), "of its namespace"},
		{"a second account", dryCreate(t, webhook, binding(labels, r.tenant, r.home)), "to one account"},
	}
	granted := slices.Concat(provision.GroupRules("redis", "redis-master"), provision.SentinelSetRules())
	for _, held := range provision.WebhookRules(r.labelsRole(), "any") {
		for _, verb := range held.Verbs {
			one := rule(held.APIGroups[0], held.Resources[0], verb)
			if !slices.ContainsFunc(granted, func(g rbacv1.PolicyRule) bool {
				return g.APIGroups[0] == one.APIGroups[0] && g.Resources[0] == one.Resources[0] && slices.Contains(g.Verbs, verb) && len(g.ResourceNames) == 0
			}) {
				all = append(all, attempt{"the webhook's own right to " + verb + " " + one.Resources[0] + " " + one.APIGroups[0], dryCreate(t, webhook, role(own, one)), more})
			}
		}
	}
	attempts(t, all)
}
