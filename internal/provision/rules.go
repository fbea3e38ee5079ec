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
	admission    = "admissionregistration.k8s.io"
)

func read() []string   { return []string{"get", "list", "watch"} }
func manage() []string { return []string{"get", "list", "watch", "create", "update", "delete"} }

func rule(group, resource string, verbs []string, names ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs, ResourceNames: names}
}

// eventRule lets an account say what it did; both APIs, because clients differ in which one they use.
func eventRule() rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{core, eventsGroup}, Resources: []string{"events"}, Verbs: []string{"create", "patch"}}
}

// WebhookRules are the rights of the webhook's account in the whole cluster. It must hold every right that it grants, so
// this covers GroupRules and LabelsRules. The configurations are those whose caBundle it keeps.
func WebhookRules(configurations ...string) []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		rule(core, "namespaces", read()),
		rule(core, "pods", read()),
		rule(core, "pods/status", []string{"get", "patch"}),
		rule(core, "persistentvolumeclaims", read()),
		rule(core, "serviceaccounts", manage()),
		rule(core, "services", manage()),
		rule(apps, "statefulsets", append(read(), "patch")),
		rule(coordination, "leases", append(manage(), "patch")),
		rule(rbac, "roles", manage()),
		rule(rbac, "rolebindings", manage()),
		eventRule(),
		rule(admission, "mutatingwebhookconfigurations", append(read(), "patch"), configurations...),
	}
}

// WebhookSentinelSetRules are what the webhook needs besides where users run Sentinel sets of their own: it makes the
// Secret that the set shares and grants its agents that one by name. They can be bound in the whole cluster or in the
// namespaces of such sets only; without them a pod of a user's own Sentinel set is refused with a message that says so.
func WebhookSentinelSetRules() []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{rule(core, "secrets", []string{"create", "get", "update", "delete"})}
}

// WebhookOwnRules are the rights of the webhook's account in its own namespace: its two Secrets. Creation cannot be
// limited to names. Leader election needs a Lease, which WebhookRules cover.
func WebhookOwnRules(secrets ...string) []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		rule(core, "secrets", []string{"create"}),
		rule(core, "secrets", append(read(), "update"), secrets...),
	}
}

// GroupRules are the rights of a group's own account and of its Sentinel set's account in the group's namespace.
func GroupRules(statefulSet string) []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		rule(coordination, "leases", append(read(), "update", "patch"), contract.ObjectName(statefulSet)),
		rule(core, "pods", read()),
		rule(core, "persistentvolumeclaims", read()),
		rule(apps, "statefulsets", read(), statefulSet),
		eventRule(),
	}
}

// LabelsRules are the rights of the Sentinel set's account alone: the role label, through the status of pods.
func LabelsRules() []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{rule(core, "pods/status", []string{"get", "patch"})}
}

// SentinelSetRules are the rights of the account of a user's own Sentinel set in the set's namespace.
func SentinelSetRules(statefulSet string) []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		rule(coordination, "leases", read()),
		rule(core, "pods", read()),
		rule(core, "pods/status", []string{"get", "patch"}),
		rule(apps, "statefulsets", read()),
		rule(core, "secrets", []string{"get", "update"}, contract.PeerSecretName(statefulSet)),
		eventRule(),
	}
}
