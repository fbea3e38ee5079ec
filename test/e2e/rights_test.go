// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// What the chart calls its own.
const (
	releaseNamespace = "redis-sentinel-system"
	releaseName      = "redis-sentinel-webhook"
)

var (
	dryPatch  = metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}
	dryCreate = metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
	dryUpdate = metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}}
	dryDelete = metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}}
)

// attack is one request, which has to be refused; word is in the refusal.
type attack struct {
	name string
	do   func(ctx context.Context) error
	word string
}

func attacks(t *testing.T, all []attack) {
	t.Helper()
	for _, a := range all {
		t.Run(a.name, func(t *testing.T) {
			err := a.do(t.Context())
			if err == nil {
				t.Fatal("it succeeds")
			}
			t.Log(err)
			if !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), a.word) {
				t.Errorf("it fails for another reason than %q", a.word)
			}
		})
	}
}

// stolen is the API server as a service account's own token sees it, and nothing else that this machine has.
func stolen(t *testing.T, w *world.World, namespace, account string) kubernetes.Interface {
	t.Helper()
	token, err := w.Client.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	must(t, err)
	config := rest.AnonymousClientConfig(w.Config)
	config.BearerToken = token.Status.Token
	client, err := kubernetes.NewForConfig(config)
	must(t, err)
	return client
}

// TestAttackStolenWebhookToken tries with the webhook's own token what its rights seem to allow, beside a group that it goes on to care
// for.
func TestAttackStolenWebhookToken(t *testing.T) {
	w := connect(t)
	in := namespace(t, w, nil)
	group := apply(t, w, in, plain("redis", labelled))
	formed(t, w, group)
	bystander := plain("bystander", replicas(0))
	apply(t, w, in, bystander)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "theirs"}, StringData: map[string]string{"password": "x"}}
	_, err := w.Client.CoreV1().Secrets(in).Create(t.Context(), secret, metav1.CreateOptions{})
	must(t, err)
	_, err = w.Client.CoordinationV1().Leases(in).Create(t.Context(), &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "theirs"}}, metav1.CreateOptions{})
	must(t, err)
	webhook := stolen(t, w, releaseNamespace, releaseName)
	core := webhook.CoreV1()
	const peer = "redis-sentinel-redis-sentinel-peer"

	all := []attack{
		{"get a Secret", func(ctx context.Context) error {
			_, err := core.Secrets(in).Get(ctx, "theirs", metav1.GetOptions{})
			return err
		}, "cannot get"},
		{"list Secrets", func(ctx context.Context) error {
			_, err := core.Secrets(in).List(ctx, metav1.ListOptions{})
			return err
		}, "cannot list"},
		{"list all Secrets", func(ctx context.Context) error {
			_, err := core.Secrets("").List(ctx, metav1.ListOptions{})
			return err
		}, "cannot list"},
		{"watch Secrets", func(ctx context.Context) error {
			_, err := core.Secrets(in).Watch(ctx, metav1.ListOptions{})
			return err
		}, "cannot watch"},
		{"list Secrets of the release", func(ctx context.Context) error {
			_, err := core.Secrets(releaseNamespace).List(ctx, metav1.ListOptions{})
			return err
		}, "cannot list"},
		{"get the Sentinels' Secret", func(ctx context.Context) error {
			_, err := core.Secrets(releaseNamespace).Get(ctx, peer, metav1.GetOptions{})
			return err
		}, "cannot get"},
		{"read a Secret by a patch", func(ctx context.Context) error {
			_, err := core.Secrets(in).Patch(ctx, "theirs", types.MergePatchType, []byte(`{}`), metav1.PatchOptions{})
			return err
		}, "what it has made itself"},
		{"have a token put into a Secret", func(ctx context.Context) error {
			token := &corev1.Secret{ObjectMeta: madeFor("redis-sentinel-redis", "redis"), Type: corev1.SecretTypeServiceAccountToken}
			token.Annotations = map[string]string{corev1.ServiceAccountNameKey: "default"}
			_, err := core.Secrets(in).Create(ctx, token, dryCreate)
			return err
		}, "Opaque"},
		{"ask for a token", func(ctx context.Context) error {
			_, err := core.ServiceAccounts("kube-system").CreateToken(ctx, "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
			return err
		}, "cannot create"},
	}
	attacks(t, slices.Concat(all, onOthers(webhook, in, group), handingOn(webhook, in)))

	t.Run("its own work goes on", func(t *testing.T) {
		name := group.StatefulSet + contract.MasterServiceSuffix
		must(t, core.Services(in).Delete(t.Context(), name, metav1.DeleteOptions{}))
		until(t, "the Service that was deleted with the stolen token", func(ctx context.Context) string {
			if _, err := w.Client.CoreV1().Services(in).Get(ctx, name, metav1.GetOptions{}); err != nil {
				return err.Error()
			}
			return ""
		})
	})
}

// madeFor is the metadata of what the webhook makes.
func madeFor(name, group string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Labels: map[string]string{contract.LabelManaged: "true", contract.LabelGroup: group}}
}

// onOthers changes what is not the webhook's.
func onOthers(webhook kubernetes.Interface, in string, group world.Group) []attack {
	core, rbac := webhook.CoreV1(), webhook.RbacV1()
	const notOurs = "what it has made itself"
	privileged := `{"spec":{"template":{"spec":{"containers":[{"name":"redis","securityContext":{"privileged":true},"volumeMounts":[{"name":"host","mountPath":"/host"}]}],` +
		`"volumes":[{"name":"host","hostPath":{"path":"/"}}]}}}}`
	binding := func(namespace, name, kind, role string) *rbacv1.RoleBinding {
		return &rbacv1.RoleBinding{
			ObjectMeta: madeFor(name, "redis"), RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: role},
			Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "default"}},
		}
	}
	set := func(name string) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			_, err := webhook.AppsV1().StatefulSets(in).Patch(ctx, name, types.StrategicMergePatchType, []byte(privileged), dryPatch)
			return err
		}
	}
	return []attack{
		{"make a StatefulSet privileged", set("bystander"), "its own annotations only"},
		{"make its own group privileged", set(group.StatefulSet), "its own annotations only"},
		{"scale a StatefulSet", func(ctx context.Context) error {
			_, err := webhook.AppsV1().StatefulSets(in).Patch(ctx, "bystander", types.MergePatchType, []byte(`{"spec":{"replicas":9}}`), dryPatch)
			return err
		}, "its own annotations only"},
		{"bind in kube-system", func(ctx context.Context) error {
			_, err := rbac.RoleBindings("kube-system").Create(ctx, binding("kube-system", "redis-sentinel-redis:labels", "ClusterRole", releaseName+"-role-labels"), dryCreate)
			return err
		}, "in this namespace"},
		{"unbind in kube-system", func(ctx context.Context) error {
			return rbac.RoleBindings("kube-system").Delete(ctx, "system::leader-locking-kube-scheduler", dryDelete)
		}, "in this namespace"},
		{"bind a role of others", func(ctx context.Context) error {
			_, err := rbac.RoleBindings(in).Create(ctx, binding(in, "redis-sentinel-other:labels", "ClusterRole", "view"), dryCreate)
			return err
		}, ""},
		{"send a Service elsewhere", func(ctx context.Context) error {
			service, err := core.Services("default").Get(ctx, "kubernetes", metav1.GetOptions{})
			if err == nil {
				service.Spec.Selector = map[string]string{"app": "mine"}
				_, err = core.Services("default").Update(ctx, service, dryUpdate)
			}
			return err
		}, notOurs},
		{"delete a Service", func(ctx context.Context) error { return core.Services("default").Delete(ctx, "kubernetes", dryDelete) }, notOurs},
		{"delete a Lease", func(ctx context.Context) error {
			return webhook.CoordinationV1().Leases(in).Delete(ctx, "theirs", dryDelete)
		}, notOurs},
		{"delete an account", func(ctx context.Context) error { return core.ServiceAccounts(in).Delete(ctx, "default", dryDelete) }, notOurs},
		{"delete a Secret", func(ctx context.Context) error { return core.Secrets(in).Delete(ctx, "theirs", dryDelete) }, notOurs},
		{"write a pod's status", func(ctx context.Context) error {
			_, err := core.Pods(in).Patch(ctx, group.Pod(0), types.MergePatchType, []byte(`{"status":{"podIP":"10.9.9.9"}}`), dryPatch, "status")
			return err
		}, "cannot patch"},
	}
}

// handingOn gives a second account what policies keep from the first.
func handingOn(webhook kubernetes.Interface, in string) []attack {
	rbac := webhook.RbacV1()
	const more = "no more than a group and its Sentinels need"
	// The webhook holds them, so that it is not for want of a right that the Role is refused.
	wide := []rbacv1.PolicyRule{
		{APIGroups: []string{"apps"}, Resources: []string{"statefulsets"}, Verbs: []string{"patch"}},
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"create", "patch"}},
	}
	widen := func(name string) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			role, err := rbac.Roles(in).Get(ctx, name, metav1.GetOptions{})
			if err == nil {
				role.Rules = wide
				_, err = rbac.Roles(in).Update(ctx, role, dryUpdate)
			}
			return err
		}
	}
	bound := func(name, namespace string) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			binding, err := rbac.RoleBindings(in).Get(ctx, name, metav1.GetOptions{})
			if err == nil {
				binding.Subjects = []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "default"}}
				_, err = rbac.RoleBindings(in).Update(ctx, binding, dryUpdate)
			}
			return err
		}
	}
	return []attack{
		{"make a Role with more than a group needs", func(ctx context.Context) error {
			_, err := rbac.Roles(in).Create(ctx, &rbacv1.Role{ObjectMeta: madeFor("redis-sentinel-x", "x"), Rules: wide}, dryCreate)
			return err
		}, more},
		{"make a Role of a group wider", widen("redis-sentinel-redis"), more},
		{"make a Role of Sentinels wider", widen("redis-sentinel-redis:sentinels"), more},
		{"bind an account of another namespace", bound("redis-sentinel-redis", "default"), "of its namespace"},
		{"bind an account of another namespace as a Sentinel", bound("redis-sentinel-redis:sentinels", "default"), "of its namespace"},
		{"have an account of another namespace write role labels", bound("redis-sentinel-redis:labels", "default"), "of its namespace"},
		{"make a ClusterRole", func(ctx context.Context) error {
			_, err := rbac.ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: madeFor("redis-sentinel-x", "x")}, dryCreate)
			return err
		}, "cannot create"},
		{"change the ClusterRole of role labels", func(ctx context.Context) error {
			_, err := rbac.ClusterRoles().Patch(ctx, releaseName+"-role-labels", types.MergePatchType, []byte(`{"rules":[]}`), dryPatch)
			return err
		}, "cannot patch"},
		{"bind a ClusterRole everywhere", func(ctx context.Context) error {
			_, err := rbac.ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{ObjectMeta: madeFor("redis-sentinel-x", "x")}, dryCreate)
			return err
		}, "cannot create"},
	}
}

// TestAttackRecordByATenant acts as somebody who has the built-in role edit in the group's namespace.
func TestAttackRecordByATenant(t *testing.T) {
	w := connect(t)
	in := namespace(t, w, nil)
	group := apply(t, w, in, plain("redis", labelled))
	formed(t, w, group)
	bind(t, w, in, "edit", rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "tenant"})
	tenant := as(t, w, "tenant")
	leases := tenant.CoordinationV1().Leases(in)
	record := contract.ObjectName(group.StatefulSet)
	patch := func(name, text string) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			_, err := leases.Patch(ctx, name, types.MergePatchType, []byte(text), dryPatch)
			return err
		}
	}
	own := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "mine"}} // what a tenant uses Leases for
	if _, err := leases.Create(t.Context(), own, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	role := func(name, text string) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			_, err := tenant.CoreV1().Pods(in).Patch(ctx, name, types.MergePatchType, []byte(text), dryPatch)
			return err
		}
	}
	attacks(t, []attack{
		{"write an epoch", patch(record, `{"metadata":{"annotations":{"`+contract.RecordEpoch+`":"9999999999999"}}}`), "who is master"},
		{"write an address", patch(record, `{"metadata":{"annotations":{"`+contract.RecordAddress+`":"10.9.9.9:6379"}}}`), "who is master"},
		{"write settings", patch(record, `{"metadata":{"annotations":{"`+contract.RecordSettings+`":"{}"}}}`), "by the webhook only"},
		{"become a writer", patch(record, `{"metadata":{"annotations":{"`+contract.RecordWriters+`":"tenant"}}}`), "by the webhook only"},
		{"write the holder", patch(record, `{"spec":{"holderIdentity":"mine"}}`), "is its master"},
		{"relabel a record", patch(record, `{"metadata":{"labels":{"`+contract.LabelGroup+`":"victim"}}}`), "only the webhook"},
		{"make a Lease a record", patch("mine", `{"metadata":{"labels":{"`+contract.LabelGroup+`":"victim"}}}`), "only the webhook"},
		{"make a record", func(ctx context.Context) error {
			lease := &coordinationv1.Lease{ObjectMeta: madeFor("redis-sentinel-victim", "victim")}
			lease.Annotations = map[string]string{contract.RecordEpoch: "1024", contract.RecordAddress: "10.9.9.9:6379"}
			_, err := leases.Create(ctx, lease, dryCreate)
			return err
		}, "only the webhook"},
		{"make a pod the master", role(group.Pod(1), `{"metadata":{"labels":{"`+contract.LabelRole+`":"master"}}}`), "by the Sentinels"},
		{"make a pod of his own the master", func(ctx context.Context) error {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "mine", Labels: map[string]string{contract.LabelGroup: group.StatefulSet, contract.LabelRole: contract.RoleMaster}}, Spec: plain("mine").Spec.Template.Spec}
			_, err := tenant.CoreV1().Pods(in).Create(ctx, pod, dryCreate)
			return err
		}, "by the Sentinels"},
	})
}

// TestAttackAccountOfMyOwn names as Sentinel set a StatefulSet that is none, and runs under an account of the tenant's. The account
// gets nothing; and had it got the rights of a Sentinel, it could not write a pod's address.
func TestAttackAccountOfMyOwn(t *testing.T) {
	w := connect(t)
	in := namespace(t, w, nil)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "bob"}}
	if _, err := w.Client.CoreV1().ServiceAccounts(in).Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	fake := plain("fake", replicas(0))
	fake.Spec.Template.Spec.ServiceAccountName = "bob"
	apply(t, w, in, fake)
	group := world.NewGroup(in, "redis")
	until(t, "the group to be made", func(ctx context.Context) string {
		// The policy of another test holds until the kubelet has put the chart's back.
		if _, err := w.ApplyText(ctx, in, manifest(t, plain("redis", labelled, templateAnnotated(contract.AnnotationSentinels, "fake")))); err != nil {
			return err.Error()
		}
		return ""
	})
	until(t, "the record to say that nobody watches the group", func(ctx context.Context) string {
		lease, err := w.Client.CoordinationV1().Leases(in).Get(ctx, contract.ObjectName(group.StatefulSet), metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		condition := lease.Annotations[contract.RecordCondition]
		if !strings.Contains(condition, "UnknownSentinelSet") {
			return "it says " + condition
		}
		t.Log(condition)
		return ""
	})
	until(t, "an Event on the StatefulSet", func(ctx context.Context) string {
		events, err := w.Events(ctx, in, "UnknownSentinelSet")
		if err != nil || len(events) == 0 {
			return "none yet"
		}
		return ""
	})
	until(t, "a pod of the group", func(ctx context.Context) string {
		if _, err := w.Client.CoreV1().Pods(in).Get(ctx, group.Pod(0), metav1.GetOptions{}); err != nil {
			return err.Error()
		}
		return ""
	})
	bob := stolen(t, w, in, "bob")
	write := func(text string) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			_, err := bob.CoreV1().Pods(in).Patch(ctx, group.Pod(0), types.MergePatchType, []byte(text), dryPatch, "status")
			return err
		}
	}
	const address = `{"status":{"podIP":"10.9.9.9","podIPs":[{"ip":"10.9.9.9"}]}}`
	attacks(t, []attack{
		{"write an address", write(address), "cannot patch"},
		{"write a role", write(`{"metadata":{"labels":{"` + contract.LabelRole + `":"master"}}}`), "cannot patch"},
	})
	bind(t, w, in, releaseName+"-role-labels", rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: in, Name: "bob"})
	until(t, "the rights to hold", func(ctx context.Context) string {
		if err := write(address)(ctx); err != nil && strings.Contains(err.Error(), "cannot patch") {
			return err.Error()
		}
		return ""
	})
	attacks(t, []attack{{"write an address with the rights of a Sentinel", write(address), "not spec or status"}})
}

// bind gives somebody a ClusterRole in a namespace.
func bind(t *testing.T, w *world.World, in, role string, subject rbacv1.Subject) {
	t.Helper()
	_, err := w.Client.RbacV1().RoleBindings(in).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: subject.Name}, Subjects: []rbacv1.Subject{subject},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
	}, metav1.CreateOptions{})
	must(t, err)
}
