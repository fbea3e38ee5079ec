// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// reach is what each kind of object is like that the webhook makes for a group `redis`.
func reach(namespace string) []client.Object {
	const name = "redis-sentinel-redis"
	own := func(name string) metav1.ObjectMeta { return ours(namespace, name, "redis") }
	role := func(kind, name string) rbacv1.RoleRef {
		return rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: name}
	}
	subjects := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "default"}}
	return []client.Object{
		&corev1.Secret{ObjectMeta: own(name)},
		&corev1.Secret{ObjectMeta: own(name + "-peer")},
		&corev1.ServiceAccount{ObjectMeta: own(name)},
		&coordinationv1.Lease{ObjectMeta: own(name)},
		&rbacv1.Role{ObjectMeta: own(name)},
		&rbacv1.Role{ObjectMeta: own(name + ":sentinels")},
		&rbacv1.RoleBinding{ObjectMeta: own(name), RoleRef: role("Role", name), Subjects: subjects},
		&rbacv1.RoleBinding{ObjectMeta: own(name + ":sentinels"), RoleRef: role("Role", name+":sentinels"), Subjects: subjects},
		&corev1.Service{ObjectMeta: own("anything"), Spec: corev1.ServiceSpec{Selector: map[string]string{contract.LabelGroup: "redis"}, Ports: []corev1.ServicePort{{Port: 6379}}}},
	}
}

// TestAccountPolicies gives the webhook's account every right there is, and asks what it can do with them.
func TestAccountPolicies(t *testing.T) {
	c := admin(t)
	r := withPolicies(t, c, func(r release) {
		for _, o := range reach(r.excluded) {
			create(t, c, o)
		}
	})
	webhook := as(t, r.user())
	var all []attempt
	for _, o := range reach(r.tenant) {
		what := strings.TrimPrefix(strings.TrimPrefix(kindOf(o), "*"), "v1.") + " " + o.GetName()
		create(t, webhook, o)
		foreign := reachOf(r.tenant, o, o.GetName()+"-foreign")
		foreign.SetLabels(nil)
		create(t, c, foreign)
		elsewhere := reachOf(r.excluded, o, o.GetName())
		named := attempt{what + " of another name", dryCreate(t, webhook, reachOf(r.tenant, o, "misnamed")), "other names"}
		if _, service := o.(*corev1.Service); service {
			named.refusal = ""
		}
		unlabelled := reachOf(r.tenant, o, o.GetName()+"-new")
		unlabelled.SetLabels(nil)
		const note = `{"metadata":{"annotations":{"note":"x"}}}`
		all = append(all, named,
			attempt{what + " is changed", merge(t, webhook, o, note), ""},
			attempt{what + " is deleted", dryDelete(t, webhook, o), ""},
			attempt{what + " is given to another group", merge(t, webhook, o, `{"metadata":{"labels":{"redis-sentinel.dev/group":"other"}}}`), "what it has made itself"},
			attempt{what + " is given away", merge(t, webhook, o, `{"metadata":{"labels":{"redis-sentinel.dev/managed":null}}}`), "what it has made itself"},
			attempt{what + " without labels is made", dryCreate(t, webhook, unlabelled), "what it has made itself"},
			attempt{what + " of others is changed", merge(t, webhook, foreign, note), "what it has made itself"},
			attempt{what + " of others is read by a patch", merge(t, webhook, foreign, `{}`), "what it has made itself"},
			attempt{what + " of others is taken over", merge(t, webhook, foreign, `{"metadata":{"labels":{"redis-sentinel.dev/managed":"true","redis-sentinel.dev/group":"redis"}}}`), "what it has made itself"},
			attempt{what + " of others is deleted", dryDelete(t, webhook, foreign), "what it has made itself"},
			attempt{what + " where it has nothing to do is made", dryCreate(t, webhook, reachOf(r.excluded, o, o.GetName()+"2")), "in this namespace"},
			attempt{what + " where it has nothing to do is changed", merge(t, webhook, elsewhere, note), "in this namespace"},
			attempt{what + " where it has nothing to do is deleted", dryDelete(t, webhook, elsewhere), "in this namespace"},
			attempt{what + " in the release's namespace is made", dryCreate(t, webhook, reachOf(r.home, o, o.GetName())), "in this namespace"},
		)
	}
	attempts(t, append(all, r.exceptions(t, c, webhook)...))
}

// reachOf is the same kind of object in another namespace, or under another name.
func reachOf(namespace string, like client.Object, name string) client.Object {
	for _, o := range reach(namespace) {
		if kindOf(o) != kindOf(like) || o.GetName() != like.GetName() {
			continue
		}
		o.SetName(name)
		if binding, ok := o.(*rbacv1.RoleBinding); ok {
			binding.RoleRef.Name = name
		}
		return o
	}
	return nil
}

// exceptions are what the account has by name, and what is worse than a foreign object: objects of ours with something in them
// that is not ours.
func (r release) exceptions(t *testing.T, c, webhook client.Client) []attempt {
	t.Helper()
	opaque := func(name string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: r.home, Name: name}, Type: corev1.SecretTypeOpaque}
	}
	leader := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: r.home, Name: r.name + "-leader"}}
	peer := opaque("redis-sentinel-redis-sentinel-peer")
	create(t, c, peer)
	token := func(in, name string, labels map[string]string) *corev1.Secret {
		return &corev1.Secret{Type: corev1.SecretTypeServiceAccountToken, ObjectMeta: metav1.ObjectMeta{
			Namespace: in, Name: name, Labels: labels, Annotations: map[string]string{corev1.ServiceAccountNameKey: "default"},
		}}
	}
	binding := func(name, kind, role, subject string) *rbacv1.RoleBinding {
		return &rbacv1.RoleBinding{
			ObjectMeta: ours(r.tenant, name, "other"), RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: role},
			Subjects: []rbacv1.Subject{{APIGroup: map[string]string{"User": rbacv1.GroupName}[subject], Kind: subject, Namespace: map[string]string{"ServiceAccount": r.tenant}[subject], Name: "x"}},
		}
	}
	service := func(change func(s *corev1.ServiceSpec)) *corev1.Service {
		out := &corev1.Service{ObjectMeta: ours(r.tenant, "new", "redis"), Spec: corev1.ServiceSpec{
			Selector: map[string]string{contract.LabelGroup: "redis"}, Ports: []corev1.ServicePort{{Port: 6379}},
		}}
		change(&out.Spec)
		return out
	}
	exposed := service(func(s *corev1.ServiceSpec) { s.ExternalIPs, s.Type = []string{"192.0.2.1"}, corev1.ServiceTypeNodePort })
	exposed.Name = "exposed"
	create(t, c, exposed)
	set := statefulSet(r.tenant, "redis", "redis", 0, nil)
	create(t, c, set)
	return append([]attempt{
		{"its election", dryCreate(t, webhook, leader), ""},
		{"its authority", dryCreate(t, webhook, opaque(r.name+"-ca")), ""},
		{"its hooks' key", dryCreate(t, webhook, opaque(r.name+"-hook")), ""},
		{"its key of keys", dryCreate(t, webhook, opaque(r.name+"-key")), ""},
		{"a key for the chart's Sentinels", merge(t, webhook, peer, `{"data":{"x":"eA=="}}`), ""},
		{"the chart's Sentinels' Secret is deleted", dryDelete(t, webhook, peer), "in this namespace"},
		{"another Secret of the release", dryCreate(t, webhook, opaque("other")), "in this namespace"},
		{"a token as its key", dryCreate(t, webhook, token(r.home, r.name+"-key", nil)), "Opaque"},
		{"a token as a group's Secret", dryCreate(t, webhook, token(r.tenant, "redis-sentinel-x", ours("", "", "x").Labels)), "Opaque"},
		{"the role labels are bound", dryCreate(t, webhook, binding("redis-sentinel-other:labels", "ClusterRole", r.labelsRole(), "ServiceAccount")), ""},
		{"to a user", dryCreate(t, webhook, binding("redis-sentinel-other:labels", "ClusterRole", r.labelsRole(), "User")), "service accounts only"},
		{"another ClusterRole is bound", dryCreate(t, webhook, binding("redis-sentinel-other:labels", "ClusterRole", "admin", "ServiceAccount")), "binds the Roles that it has made"},
		{"a ClusterRole under the name of a Role", dryCreate(t, webhook, binding("redis-sentinel-other", "ClusterRole", "redis-sentinel-other", "ServiceAccount")), "binds the Roles that it has made"},
		{"another Role is bound", dryCreate(t, webhook, binding("redis-sentinel-other", "Role", "theirs", "ServiceAccount")), "binds the Roles that it has made"},
		{"a Service of other pods", dryCreate(t, webhook, service(func(s *corev1.ServiceSpec) { s.Selector = map[string]string{"app": "victim"} })), "selects the pods of its group"},
		{"a Service without pods", dryCreate(t, webhook, service(func(s *corev1.ServiceSpec) { s.Selector = nil })), "selects the pods of its group"},
		{"a Service on other addresses", dryCreate(t, webhook, service(func(s *corev1.ServiceSpec) { s.ExternalIPs = []string{"192.0.2.1"} })), "to the outside"},
		{"a Service on the nodes", dryCreate(t, webhook, service(func(s *corev1.ServiceSpec) { s.Type = corev1.ServiceTypeNodePort })), "to the outside"},
		{"a Service that a user has opened is repaired", merge(t, webhook, exposed, `{"spec":{"selector":{"redis-sentinel.dev/role":"master"}}}`), ""},
	}, ofStatefulSet(t, webhook, set)...)
}

func ofStatefulSet(t *testing.T, webhook client.Client, set *appsv1.StatefulSet) []attempt {
	t.Helper()
	const refusal = "its own annotations only"
	return []attempt{
		{"a StatefulSet is touched", merge(t, webhook, set, `{"metadata":{"annotations":{"redis-sentinel.dev/touched":"now"}}}`), ""},
		{"is answered", merge(t, webhook, set, `{"metadata":{"annotations":{"redis-sentinel.dev/handover-refused":"why","redis-sentinel.dev/handover-from":"redis-0","redis-sentinel.dev/handover":null}}}`), ""},
		{"is asked to hand over", merge(t, webhook, set, `{"metadata":{"annotations":{"redis-sentinel.dev/handover":"any"}}}`), refusal},
		{"is privileged", merge(t, webhook, set, `{"spec":{"template":{"spec":{"containers":[{"name":"redis","image":"redis:7.0","securityContext":{"privileged":true}}]}}}}`), refusal},
		{"is scaled", merge(t, webhook, set, `{"spec":{"replicas":9}}`), refusal},
		{"is scaled by its subresource", merge(t, webhook, set, `{"spec":{"replicas":9}}`, "scale"), refusal},
		{"gets a status", merge(t, webhook, set, `{"status":{"replicas":9}}`, "status"), refusal},
		{"gets another annotation", merge(t, webhook, set, `{"metadata":{"annotations":{"redis-sentinel.dev/release":"confirmed"}}}`), refusal},
		{"gets a label", merge(t, webhook, set, `{"metadata":{"labels":{"redis-sentinel":"enabled"}}}`), refusal},
		{"gets a finalizer", merge(t, webhook, set, `{"metadata":{"finalizers":["example.com/never"]}}`), "finalizers and owners"},
		{"gets an owner", merge(t, webhook, set, `{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"none","uid":"1-2-3"}]}}`), "finalizers and owners"},
	}
}

// kindOf is the name of an object's type.
func kindOf(o client.Object) string { return fmt.Sprintf("%T", o) }
