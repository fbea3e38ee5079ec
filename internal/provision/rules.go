// SPDX-License-Identifier: Apache-2.0

package provision

import (
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Groups of the API.
const (
	core         = ""
	apps         = "apps"
	coordination = "coordination.k8s.io"
	rbac         = "rbac.authorization.k8s.io"
	eventsGroup  = "events.k8s.io"
	batch        = "batch"
	admission    = "admissionregistration.k8s.io"
)

func read() []string   { return []string{"get", "list", "watch"} }
func follow() []string { return []string{"list", "watch"} }
func manage() []string { return []string{"get", "list", "watch", "create", "update", "delete"} }

func rule(group, resource string, verbs []string, names ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs, ResourceNames: names}
}

// WebhookRules are the rights of the webhook's account in the whole cluster. It must hold every right that it puts into a
// Role, so this covers GroupRules, WatchersRules and SentinelSetRules; of claims and pods it lists what it may watch here
// for that reason alone. LabelsRules stand in a ClusterRole, labelsRole, which it may bind without holding them. The
// configurations are those whose caBundle it keeps.
//
// What RBAC cannot say, that of all these objects only our own are meant, ValidatingAdmissionPolicies of the chart say.
func WebhookRules(labelsRole string, configurations ...string) []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		rule(core, "namespaces", read()),
		rule(core, "pods", follow()),
		rule(core, "persistentvolumeclaims", follow()),
		rule(core, "limitranges", []string{"list"}), // to warn whoever labels a StatefulSet, as the next
		rule(core, "resourcequotas", []string{"list"}),
		rule(core, "serviceaccounts", manage()),
		rule(core, "services", manage()),
		rule(core, "secrets", []string{"create", "patch", "delete"}),
		rule(apps, "statefulsets", append(read(), "patch")),
		rule(apps, "controllerrevisions", []string{"get"}),
		rule(apps, "replicasets", []string{"get"}), // to tell their owners of refused pods, as the next
		rule(batch, "jobs", []string{"get"}),
		rule(coordination, "leases", manage()),
		rule(rbac, "roles", manage()),
		rule(rbac, "rolebindings", manage()),
		rule(rbac, "clusterroles", []string{"bind"}, labelsRole),
		rule(core, "events", []string{"create"}),
		rule(eventsGroup, "events", []string{"create", "patch"}),
		rule(admission, "mutatingwebhookconfigurations", []string{"get", "watch", "patch"}, configurations...),
	}
}

// WebhookOwnRules are the rights of the webhook's account in its own namespace: to read the Secrets that are its own, of
// which it watches the authority. Everything else that it does there WebhookRules cover.
func WebhookOwnRules(authority string, keys ...string) []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		rule(core, "secrets", []string{"get", "watch", "update"}, authority),
		rule(core, "secrets", []string{"get", "update"}, keys...),
	}
}

// GroupRules are the rights of a group's own account. By the Service of the master it asks whether clients have been led to the next one.
func GroupRules(statefulSet, masterService string) []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		rule(coordination, "leases", append(read(), "update"), contract.ObjectName(statefulSet)),
		rule(core, "pods", follow()),
		rule(core, "persistentvolumeclaims", follow()),
		rule(apps, "statefulsets", read(), statefulSet),
		rule(core, "services", []string{"get"}, masterService),
		rule(core, "events", []string{"create"}),
	}
}

// WatchersRules are the rights of the Sentinel set's account in a group's namespace, beside LabelsRules. The records it
// reads by a right of its own: SentinelSetRules, or that of the chart's set to read all. Of the Service of the master it may write the
// selector alone, as a policy says.
func WatchersRules(statefulSet, masterService string) []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		rule(coordination, "leases", []string{"update"}, contract.ObjectName(statefulSet)),
		rule(core, "pods", follow()),
		rule(core, "services", []string{"get", "update"}, masterService),
	}
}

// LabelsRules are the rights of the Sentinel set's account to say by a label who is master: the status of pods is the
// narrowest way to a label, and the second right is the one that the policy on role labels asks for. Whoever has both may
// change nothing else of a pod's status.
func LabelsRules() []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		rule(core, "pods/status", []string{"patch"}),
		rule(contract.RoleLabelsGroup, contract.RoleLabelsResource, []string{contract.RoleLabelsVerb}),
	}
}

// SentinelSetRules are the rights of the account of a user's own Sentinel set in the set's namespace. The Secret that its
// Sentinels share is mounted: nobody is granted a Secret.
func SentinelSetRules() []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		rule(coordination, "leases", read()),
		rule(core, "pods", follow()),
		rule(core, "events", []string{"create"}),
	}
}
