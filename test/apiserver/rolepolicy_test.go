// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestRolePolicies asks who may say by a label which pod is master, and what else he may change.
func TestRolePolicies(t *testing.T) {
	c := admin(t)
	r := withPolicies(t, c)
	member, other := pod(r.tenant, "redis-0"), pod(r.tenant, "other")
	member.Labels[contract.LabelGroup] = "redis"
	for _, o := range []client.Object{member, other} {
		create(t, c, o)
	}
	role := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: r.labelsRole()}
	pods := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods", "pods/status", "pods/binding", "bindings"}, Verbs: []string{"*"}}
	// A writer of status, such as a network plugin; a tenant; a Sentinel; one who has wrongly got the rights of a Sentinel;
	// a kubelet that has them all; and who may do everything.
	users := map[string]client.Client{
		"plugin": as(t, "plugin"), "tenant": as(t, "tenant"), "sentinel": as(t, "sentinel"), "bob": as(t, "bob"),
		"kubelet": as(t, "kubelet", "system:nodes"), "operator": as(t, "operator"),
	}
	for _, user := range []string{"plugin", "tenant", "bob", "kubelet"} {
		permit(t, c, r.tenant, user, pods)
	}
	for _, user := range []string{"sentinel", "bob", "kubelet"} {
		bind(t, c, r.tenant, user, role)
	}
	everything(t, c, "operator")
	chart := as(t, contract.Account(r.home, "redis-sentinel-redis-sentinel"))
	permit(t, c, r.tenant, contract.Account(r.home, "redis-sentinel-redis-sentinel"), pods)

	const (
		master  = `{"metadata":{"labels":{"redis-sentinel.dev/role":"master"}}}`
		king    = `{"metadata":{"labels":{"redis-sentinel.dev/role":"king"}}}`
		epoch   = `{"metadata":{"annotations":{"redis-sentinel.dev/role-epoch":"7"}}}`
		app     = `{"metadata":{"labels":{"app":"victim"}}}`
		note    = `{"metadata":{"annotations":{"note":"x"}}}`
		itself  = `{"metadata":{"labels":{"redis-sentinel.dev/pod-uid":"%s"}}}`
		address = `{"status":{"podIP":"10.9.9.9","podIPs":[{"ip":"10.9.9.9"}]}}`
		ready   = `{"status":{"conditions":[{"type":"example.com/gate","status":"True"}]}}`
		status  = "status"
	)
	eventually(t, 20*time.Second, "everything is in force", func() error {
		if err := merge(t, users["sentinel"], member, master, status)(); err != nil {
			return err
		}
		return refusedBy(merge(t, users["sentinel"], member, king, status)(), r.name+"-role-labels")
	})
	eventually(t, 20*time.Second, "everything is in force", func() error { return refusedBy(merge(t, users["tenant"], member, master)(), r.name+"-role-writers") })
	labelled := func(label string) *corev1.Pod {
		out := pod(r.tenant, "new")
		out.Labels[contract.LabelRole] = label
		return out
	}
	annotated := pod(r.tenant, "new")
	annotated.Annotations = map[string]string{contract.AnnotationRoleEpoch: "9"}
	bound := func(meta metav1.ObjectMeta) *corev1.Binding {
		meta.Namespace, meta.Name = r.tenant, other.Name
		return &corev1.Binding{ObjectMeta: meta, Target: corev1.ObjectReference{Kind: "Node", Name: "node"}}
	}
	asMaster := bound(metav1.ObjectMeta{Labels: map[string]string{contract.LabelRole: contract.RoleMaster}})
	atEpoch := bound(metav1.ObjectMeta{Annotations: map[string]string{contract.AnnotationRoleEpoch: "9"}})
	bindPod := func(c client.Client, binding *corev1.Binding) func() error {
		return func() error {
			return c.SubResource("binding").Create(t.Context(), other.DeepCopy(), binding.DeepCopy(), client.DryRunAll)
		}
	}
	attempts(t, []attempt{
		{"a Sentinel labels", merge(t, users["sentinel"], member, master, status), ""},
		{"a Sentinel labels with the pod's uid", merge(t, users["sentinel"], member, fmt.Sprintf(itself, member.UID), status), ""},
		{"a Sentinel labels with another's uid", merge(t, users["sentinel"], member, fmt.Sprintf(itself, other.UID), status), "uid of the pod itself"},
		{"a Sentinel writes the epoch", merge(t, users["sentinel"], member, epoch, status), ""},
		{"a Sentinel labels as nothing known", merge(t, users["sentinel"], member, king, status), "master or replica"},
		{"a Sentinel writes another label", merge(t, users["sentinel"], member, app, status), "of the labels only"},
		{"a Sentinel writes another annotation", merge(t, users["sentinel"], member, note, status), "of the annotations only"},
		{"a Sentinel writes an address", merge(t, users["sentinel"], member, address, status), "not spec or status"},
		{"a Sentinel labels a pod without a group", merge(t, users["sentinel"], other, master, status), "does not belong to a group"},
		{"the chart's Sentinel labels without a binding", merge(t, chart, member, master, status), ""},
		{"the chart's Sentinel writes an address", merge(t, chart, member, address, status), "not spec or status"},

		{"bob writes an address", merge(t, users["bob"], member, address, status), "not spec or status"},
		{"bob writes an address of a pod without a group", merge(t, users["bob"], other, address, status), "not spec or status"},
		{"bob is ready", merge(t, users["bob"], member, ready, status), "not spec or status"},

		{"a tenant labels", merge(t, users["tenant"], member, master), "written by the Sentinels"},
		{"a tenant labels through the status", merge(t, users["tenant"], member, master, status), "written by the Sentinels"},
		{"a tenant labels a pod without a group", merge(t, users["tenant"], other, master), "written by the Sentinels"},
		{"a tenant labels with the pod's uid", merge(t, users["tenant"], other, fmt.Sprintf(itself, other.UID)), "written by the Sentinels"},
		{"a tenant labels with the master's uid", merge(t, users["tenant"], other, fmt.Sprintf(itself, member.UID), status), "written by the Sentinels"},
		{"a tenant writes the epoch", merge(t, users["tenant"], member, epoch), "written by the Sentinels"},
		{"a tenant makes a master", dryCreate(t, users["tenant"], labelled(contract.RoleMaster)), "written by the Sentinels"},
		{"a tenant makes an epoch", dryCreate(t, users["tenant"], annotated), "written by the Sentinels"},
		{"a tenant binds a pod as master", bindPod(users["tenant"], asMaster), "written by the Sentinels"},
		{"a tenant binds a pod at an epoch", bindPod(users["tenant"], atEpoch), "written by the Sentinels"},
		{"a tenant binds a pod as master, in the old way", dryCreate(t, users["tenant"], asMaster), "written by the Sentinels"},
		{"a scheduler binds a pod", bindPod(users["plugin"], bound(metav1.ObjectMeta{})), ""},
		{"a tenant makes a pod", dryCreate(t, users["tenant"], pod(r.tenant, "new")), ""},
		{"a tenant writes another label", merge(t, users["tenant"], member, app), ""},
		{"a tenant deletes", dryDelete(t, users["tenant"], member), ""},

		{"a plugin writes an address", merge(t, users["plugin"], member, address, status), ""},
		{"a plugin is ready", merge(t, users["plugin"], other, ready, status), ""},
		{"a kubelet writes an address", merge(t, users["kubelet"], member, address, status), ""},
		{"an operator writes an address", merge(t, users["operator"], member, address, status), ""},
		{"an operator labels", merge(t, users["operator"], member, master), ""},
	})
}
