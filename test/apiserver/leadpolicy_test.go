// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestServiceSelectorPolicy asks what the Sentinels of a group may change of the Service of its master, which a right of RBAC gives them
// whole: a Service that leads out of the cluster, or to another's pods, is none of it.
func TestServiceSelectorPolicy(t *testing.T) {
	c := admin(t)
	r := withPolicies(t, c)
	service := func(name string) *corev1.Service {
		return &corev1.Service{
			ObjectMeta: ours(r.tenant, name, "redis"),
			Spec:       corev1.ServiceSpec{Selector: contract.SelectorOf("redis", ""), Ports: []corev1.ServicePort{{Port: 6379}}},
		}
	}
	masters, users := service("redis-master"), service("cart")
	users.Labels = nil
	for _, o := range []client.Object{masters, users} {
		create(t, c, o)
	}
	rights := []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"services"}, Verbs: []string{"*"}}}
	sentinel, tenant, operator := as(t, "sentinel"), as(t, "tenant"), as(t, "operator")
	permit(t, c, r.tenant, "sentinel", rights...)
	permit(t, c, r.tenant, "tenant", rights...)
	bind(t, c, r.tenant, "sentinel", rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: r.labelsRole()})
	everything(t, c, "operator")
	const (
		to    = `{"spec":{"selector":{"redis-sentinel.dev/role":null,"redis-sentinel.dev/pod-uid":"1-2-3"}}}`
		both  = `{"spec":{"selector":{"redis-sentinel.dev/pod-uid":"1-2-3"}}}`
		other = `{"spec":{"selector":{"redis-sentinel.dev/role":null,"redis-sentinel.dev/group":"other","redis-sentinel.dev/pod-uid":"1-2-3"}}}`
		none  = `{"spec":{"selector":null}}`
		spec  = `{"spec":{"selector":{"redis-sentinel.dev/role":null,"redis-sentinel.dev/pod-uid":"1-2-3"},%s}}`
		meta  = `{"metadata":{%s},"spec":{"selector":{"redis-sentinel.dev/role":null,"redis-sentinel.dev/pod-uid":"1-2-3"}}}`
	)
	eventually(t, 20*time.Second, "everything is in force", func() error {
		if err := merge(t, sentinel, masters, to)(); err != nil {
			return err
		}
		return refusedBy(merge(t, sentinel, masters, none)(), r.name+"-service-selectors")
	})
	tries := []attempt{
		{"a Sentinel leads", merge(t, sentinel, masters, to), ""},
		{"a Sentinel leads since an epoch", merge(t, sentinel, masters, fmt.Sprintf(meta, `"annotations":{"redis-sentinel.dev/role-epoch":"7"}`)), ""},
		{"a Sentinel adds to the selector", merge(t, sentinel, masters, both), "selects one pod"},
		{"a Sentinel leads to another group", merge(t, sentinel, masters, other), "selects one pod"},
		{"a Sentinel takes the selector off", merge(t, sentinel, masters, none), "selects one pod"},
		{"a Sentinel leads the Service of a user", merge(t, sentinel, users, to), "only the Service of a group's master"},
		{"a Sentinel makes it another group's", merge(t, sentinel, masters, fmt.Sprintf(meta, `"labels":{"redis-sentinel.dev/group":"other"}`)), "change no label"},
		{"a Sentinel writes an annotation", merge(t, sentinel, masters, fmt.Sprintf(meta, `"annotations":{"note":"x"}`)), "of the annotations only"},
		{"a Sentinel gives it an owner", merge(t, sentinel, masters, fmt.Sprintf(meta, `"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"x","uid":"1"}]`)), "owners may not change"},
		{"a tenant changes all of it", merge(t, tenant, masters, fmt.Sprintf(spec, `"externalIPs":["10.9.9.9"]`)), ""},
		{"an operator changes all of it", merge(t, operator, masters, fmt.Sprintf(spec, `"type":"NodePort"`)), ""},
	}
	for field, change := range map[string]string{
		"ports": `"ports":[{"port":1}]`, "type": `"type":"NodePort"`, "externalIPs": `"externalIPs":["10.9.9.9"]`,
		"publishNotReadyAddresses": `"publishNotReadyAddresses":true`, "sessionAffinity": `"sessionAffinity":"ClientIP"`,
		"internalTrafficPolicy": `"internalTrafficPolicy":"Local"`, "trafficDistribution": `"trafficDistribution":"PreferClose"`,
	} {
		tries = append(tries, attempt{"a Sentinel changes " + field, merge(t, sentinel, masters, fmt.Sprintf(spec, change)), "spec." + field + " may not change"})
	}
	attempts(t, tries)
}
