// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
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

// watched are the surroundings of a group whose Sentinels run under an account of their own.
func watched() surroundings {
	return surroundings{settings: "{}", watcher: watcher{namespace: "system", account: "sentinels"}, labelsRole: "role-labels"}
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
	own, oneService := group(), group()
	own.Account, own.OwnAccount = "mine", true
	oneService.ReplicasService = oneService.MasterService
	sentinel := mutate.Group{Namespace: "shop", StatefulSet: "watch", Role: contract.PodRoleSentinel, Port: 26379}
	for name, tc := range map[string]struct {
		group mutate.Group
		want  string
	}{
		"redis": {group(), "Role redis-sentinel-cart:sentinels, RoleBinding redis-sentinel-cart:sentinels, " +
			"RoleBinding redis-sentinel-cart:labels, Secret redis-sentinel-cart, Lease redis-sentinel-cart, Role redis-sentinel-cart, RoleBinding redis-sentinel-cart, Service cart-master, Service cart-replicas, " +
			"ServiceAccount redis-sentinel-cart"},
		"redis with an account of its own": {own, "Role redis-sentinel-cart:sentinels, RoleBinding redis-sentinel-cart:sentinels, " +
			"RoleBinding redis-sentinel-cart:labels, Secret redis-sentinel-cart, Lease redis-sentinel-cart, Role redis-sentinel-cart, RoleBinding redis-sentinel-cart, Service cart-master, Service cart-replicas"},
		"one name for two Services": {oneService, "Role redis-sentinel-cart:sentinels, RoleBinding redis-sentinel-cart:sentinels, " +
			"RoleBinding redis-sentinel-cart:labels, Secret redis-sentinel-cart, Lease redis-sentinel-cart, Role redis-sentinel-cart, RoleBinding redis-sentinel-cart, Service cart-master, " +
			"ServiceAccount redis-sentinel-cart"},
		"Sentinel set": {sentinel, "Secret redis-sentinel-watch-peer, Role redis-sentinel-watch, RoleBinding redis-sentinel-watch, " +
			"ServiceAccount redis-sentinel-watch"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := names(parts(tc.group, watched())); got != tc.want {
				t.Errorf("parts\n got %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestEveryPartIsLabelledAndUnowned(t *testing.T) {
	for _, p := range parts(group(), watched()) {
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

// bound lists who has which role by the parts.
func bound(all []*part) map[string][]rbacv1.Subject {
	out := map[string][]rbacv1.Subject{}
	for _, p := range all {
		if binding, ok := p.object.(*rbacv1.RoleBinding); ok {
			out[binding.RoleRef.Kind+" "+binding.RoleRef.Name] = binding.Subjects
		}
	}
	return out
}

func TestOnlySentinelsMayPutLabels(t *testing.T) {
	own := []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: "shop", Name: "redis-sentinel-cart"}}
	sentinels := []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: "system", Name: "sentinels"}}
	want := map[string][]rbacv1.Subject{
		"Role redis-sentinel-cart": own, "Role redis-sentinel-cart:sentinels": sentinels, "ClusterRole role-labels": sentinels,
	}
	if diff := cmp.Diff(want, bound(parts(group(), watched()))); diff != "" {
		t.Errorf("bound (-want +got):\n%s", diff)
	}
	for role, subjects := range bound(parts(group(), surroundings{settings: "{}"})) {
		if role != "Role redis-sentinel-cart" && len(subjects) > 0 {
			t.Errorf("without a Sentinel set %s is bound to %v", role, subjects)
		}
	}
}

// TestNamesOfGroupsCannotCollide wants no name of one group's objects to be one of another's, whatever the two are called.
func TestNamesOfGroupsCannotCollide(t *testing.T) {
	taken := map[string]string{}
	for _, name := range []string{"redis", "redis-labels", "redis-sentinels", "redis-peer", "labels", "redis.labels"} {
		g := mutate.Group{Namespace: "shop", StatefulSet: name, Role: contract.PodRoleRedis, MasterService: "m-" + name, ReplicasService: "r-" + name}
		for _, p := range parts(g, watched()) {
			what := kindOf(p.object) + " " + p.object.GetName()
			if other, ok := taken[what]; ok {
				t.Errorf("%s belongs to the groups %s and %s", what, other, name)
			}
			taken[what] = name
		}
	}
}

func TestRecordNamesItsWriters(t *testing.T) {
	for name, tc := range map[string]struct {
		around surroundings
		want   string
	}{
		"watched":           {watched(), "system:serviceaccount:shop:redis-sentinel-cart,system:serviceaccount:system:sentinels"},
		"watched by nobody": {surroundings{}, "system:serviceaccount:shop:redis-sentinel-cart"},
		"one account":       {surroundings{watcher: watcher{namespace: "shop", account: "redis-sentinel-cart"}}, "system:serviceaccount:shop:redis-sentinel-cart"},
	} {
		record := recordPart(group(), tc.around)
		if got := record.object.GetAnnotations()[contract.RecordWriters]; got != tc.want {
			t.Errorf("%s: writers are %q, want %q", name, got, tc.want)
		}
		former := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{contract.RecordSettings: tc.around.settings, contract.RecordEpoch: "7"}}}
		if !record.align(former) || former.Annotations[contract.RecordWriters] != tc.want || former.Annotations[contract.RecordEpoch] != "7" {
			t.Errorf("%s: the record of the version before becomes %v", name, former.Annotations)
		}
		if record.align(former) {
			t.Errorf("%s: a record is written again that is as it should be", name)
		}
	}
}

// covers reports whether somebody who holds the rules may grant the right.
func covers(held []rbacv1.PolicyRule, group, resource, verb string) bool {
	return slices.ContainsFunc(held, func(r rbacv1.PolicyRule) bool {
		return slices.Contains(r.APIGroups, group) && slices.Contains(r.Resources, resource) && slices.Contains(r.Verbs, verb) && len(r.ResourceNames) == 0
	})
}

// TestWebhookHoldsWhatItGrants, but for the labels, which it binds.
func TestWebhookHoldsWhatItGrants(t *testing.T) {
	held := WebhookRules("role-labels", "configuration")
	for name, granted := range map[string][]rbacv1.PolicyRule{
		"group": GroupRules("cart", "cart-master"), "its Sentinels": WatchersRules("cart", "cart-master"), "Sentinel set": SentinelSetRules(),
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
	for _, rule := range WebhookRules("role-labels", "configuration") {
		for _, verb := range rule.Verbs {
			wide := verb == "*" || verb == "escalate" || verb == "impersonate" || verb == "bind" && len(rule.ResourceNames) != 1
			if wide || slices.Contains(rule.Resources, "secrets") && slices.Contains(append(manage(), "deletecollection"), verb) && verb != "create" && verb != "delete" {
				t.Errorf("the webhook's rights in the cluster hold %v", rule)
			}
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
