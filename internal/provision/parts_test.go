// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

func group() mutate.Group {
	return mutate.Group{
		Namespace: "shop", StatefulSet: "cart", Role: contract.PodRoleRedis, Account: "redis-sentinel-cart", Port: 6379,
		MasterService: "cart-master", ReplicasService: "cart-replicas",
	}
}

// names lists the parts as kind and name, in order.
func names(all []*part) string {
	var out []string
	for _, p := range all {
		out = append(out, kindOf(p.object)+" "+p.object.GetName())
	}
	return strings.Join(out, ", ")
}

func TestPartsOfAGroup(t *testing.T) {
	own := group()
	own.Account, own.OwnAccount = "mine", true
	sentinel := mutate.Group{Namespace: "shop", StatefulSet: "watch", Role: contract.PodRoleSentinel, Port: 26379}
	for name, tc := range map[string]struct {
		group mutate.Group
		want  string
	}{
		"redis": {group(), "Lease redis-sentinel-cart, Role redis-sentinel-cart, RoleBinding redis-sentinel-cart, " +
			"Role redis-sentinel-cart-labels, RoleBinding redis-sentinel-cart-labels, Service cart-master, Service cart-replicas, " +
			"ServiceAccount redis-sentinel-cart"},
		"redis with an account of its own": {own, "Lease redis-sentinel-cart, Role redis-sentinel-cart, RoleBinding redis-sentinel-cart, " +
			"Role redis-sentinel-cart-labels, RoleBinding redis-sentinel-cart-labels, Service cart-master, Service cart-replicas"},
		"Sentinel set": {sentinel, "Secret redis-sentinel-watch-peer, Role redis-sentinel-watch, RoleBinding redis-sentinel-watch, " +
			"ServiceAccount redis-sentinel-watch"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := names(parts(tc.group, "{}", watcher{"system", "sentinels", ""})); got != tc.want {
				t.Errorf("parts\n got %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestEveryPartIsLabelledAndUnowned(t *testing.T) {
	for _, p := range parts(group(), "{}", watcher{namespace: "system", account: "sentinels"}) {
		if !Ours(p.object, "cart") || Ours(p.object, "other") {
			t.Errorf("%s has labels %v", kindOf(p.object), p.object.GetLabels())
		}
		if len(p.object.GetOwnerReferences()) > 0 {
			t.Errorf("%s has an owner", kindOf(p.object))
		}
		if p.object.GetNamespace() != "shop" {
			t.Errorf("%s lies in namespace %q", kindOf(p.object), p.object.GetNamespace())
		}
	}
}

func TestOnlySentinelsMayPutLabels(t *testing.T) {
	for _, p := range parts(group(), "{}", watcher{namespace: "system", account: "sentinels"}) {
		binding, ok := p.object.(*rbacv1.RoleBinding)
		if !ok || !strings.HasSuffix(binding.RoleRef.Name, "-labels") {
			continue
		}
		want := []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: "system", Name: "sentinels"}}
		if !slices.Equal(binding.Subjects, want) {
			t.Errorf("labels may be put by %v, want %v", binding.Subjects, want)
		}
	}
}

// covers reports whether somebody who holds the rules may grant the right.
func covers(held []rbacv1.PolicyRule, group, resource, verb string) bool {
	return slices.ContainsFunc(held, func(r rbacv1.PolicyRule) bool {
		return slices.Contains(r.APIGroups, group) && slices.Contains(r.Resources, resource) && slices.Contains(r.Verbs, verb) && len(r.ResourceNames) == 0
	})
}

func TestWebhookHoldsWhatItGrants(t *testing.T) {
	held := append(WebhookRules("configuration"), WebhookSentinelSetRules()...)
	for name, granted := range map[string][]rbacv1.PolicyRule{
		"group": GroupRules("cart"), "labels": LabelsRules(), "Sentinel set": SentinelSetRules("watch"),
	} {
		for _, rule := range granted {
			for _, apiGroup := range rule.APIGroups {
				for _, verb := range rule.Verbs {
					if !covers(held, apiGroup, rule.Resources[0], verb) {
						t.Errorf("%s: grants %s %s of %q without holding it", name, verb, rule.Resources[0], apiGroup)
					}
				}
			}
		}
	}
}

func TestWebhookReadsNoSecretsButItsOwn(t *testing.T) {
	for _, rule := range WebhookRules("configuration") {
		if slices.Contains(rule.Resources, "secrets") || slices.Contains(rule.Verbs, "escalate") || slices.Contains(rule.Verbs, "bind") || slices.Contains(rule.Verbs, "*") {
			t.Errorf("the webhook's rights in the cluster hold %v", rule)
		}
	}
}

func TestLiveSentinelSetCorrectsPolicy(t *testing.T) {
	policy := contract.SentinelSet{Namespace: "system", Name: "watch", Service: "guess", Replicas: 3, Port: 26379}
	number := func(n int32) *int32 { return &n }
	for name, tc := range map[string]struct {
		spec     appsv1.StatefulSetSpec
		replicas int
		service  string
	}{
		"scaled and named":                 {appsv1.StatefulSetSpec{Replicas: number(5), ServiceName: "watch"}, 5, "watch"},
		"nothing said":                     {appsv1.StatefulSetSpec{}, 3, "guess"},
		"scaled to nothing keeps its size": {appsv1.StatefulSetSpec{Replicas: number(0)}, 3, "guess"},
	} {
		got := corrected(policy, &appsv1.StatefulSet{Spec: tc.spec})
		if got.Replicas != tc.replicas || got.Service != tc.service {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestStripLeavesWhatIsLookedAt(t *testing.T) {
	o := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Name: "x", Generation: 3, Labels: map[string]string{"a": "b"}, ManagedFields: []metav1.ManagedFieldsEntry{{}},
		OwnerReferences: []metav1.OwnerReference{{}},
		Annotations:     map[string]string{"kubectl.kubernetes.io/last-applied-configuration": "long", contract.RecordSettings: "{}"},
	}}
	if _, err := strip(o); err != nil {
		t.Fatal(err)
	}
	want := metav1.ObjectMeta{Name: "x", Generation: 3, Labels: map[string]string{"a": "b"}, Annotations: map[string]string{contract.RecordSettings: "{}"}}
	if got := fmt.Sprint(o.ObjectMeta); got != fmt.Sprint(want) {
		t.Errorf("left %s, want %v", got, want)
	}
}

func TestForeignErrorNamesObjectAndRemedy(t *testing.T) {
	text := (&ForeignError{Kind: "Service", Namespace: "shop", Name: "cart-master", Rename: contract.AnnotationMasterService}).Error()
	for _, word := range []string{"Service shop/cart-master", contract.AnnotationMasterService} {
		if !strings.Contains(text, word) {
			t.Errorf("%q does not say %q", text, word)
		}
	}
}
