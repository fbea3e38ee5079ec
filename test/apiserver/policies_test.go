// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/chart/rendering"
)

// release is the chart's policies and the right that they ask for, in force in the namespaces of one test.
type release struct {
	// home is the release's namespace, excluded one that the webhook leaves alone, tenant one where groups are.
	home, excluded, tenant string
	// name begins the names of the webhook's objects, and is that of its account.
	name string
}

// listedNamespace is where the policy lists a Sentinel set, beside the chart's own.
const listedNamespace = "elsewhere"

// withPolicies renders the chart, and puts its policies in force in three new namespaces, in which a test may make objects
// before that.
func withPolicies(t *testing.T, c client.Client, before ...func(r release)) release {
	t.Helper()
	label := map[string]string{"policies": fmt.Sprint(time.Now().UnixNano())}
	r := release{home: newNamespace(t, c, label), excluded: newNamespace(t, c, label), tenant: newNamespace(t, c, label), name: "wh-" + label["policies"]}
	for _, prepare := range before {
		prepare(r)
	}
	kinds := map[string]bool{}
	for _, object := range r.render(t) {
		kind := object.GetKind()
		kinds[kind] = true
		switch kind {
		case "ValidatingAdmissionPolicyBinding":
			binding := &admissionv1.ValidatingAdmissionPolicyBinding{}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, binding); err != nil {
				t.Fatal(err)
			}
			binding.Spec.MatchResources = &admissionv1.MatchResources{NamespaceSelector: &metav1.LabelSelector{MatchLabels: label}}
			create(t, c, binding)
		case "ValidatingAdmissionPolicy":
			create(t, c, &object)
		case "ClusterRole":
			if object.GetName() == r.labelsRole() {
				create(t, c, &object)
			}
		}
	}
	if !kinds["ValidatingAdmissionPolicyBinding"] || !kinds["ClusterRole"] {
		t.Fatal("the chart renders no policies")
	}
	r.await(t, c)
	return r
}

func (r release) labelsRole() string { return r.name + "-role-labels" }

// user is the webhook's account.
func (r release) user() string { return contract.Account(r.home, r.name) }

// render runs helm, which lies beside the API server's binaries.
func (r release) render(t *testing.T) []unstructured.Unstructured {
	t.Helper()
	helm := filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "helm")
	chart := filepath.Join("..", "..", "charts", "redis-sentinel-webhook")
	text, err := rendering.Template(t.Context(), helm, "wh", chart, "-n", r.home,
		"--set", "fullnameOverride="+r.name, "--set", "webhook.excludedNamespaces={"+r.excluded+"}",
		"--set", "policy.sentinelSets[0].namespace="+listedNamespace+",policy.sentinelSets[0].name=watch")
	if err != nil {
		t.Fatalf("rendering the chart: %v", err)
	}
	objects, err := rendering.Objects(text)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// await waits until the API server knows every policy: it learns of them one after the other, in no order.
func (r release) await(t *testing.T, c client.Client) {
	t.Helper()
	webhook := as(t, r.user())
	everything(t, c, r.user())
	dry := func(o client.Object, of client.Client) func() error {
		return func() error { return of.Create(t.Context(), o.DeepCopyObject().(client.Object), client.DryRunAll) }
	}
	named := ours(r.tenant, "redis-sentinel-await", "await")
	nobodys := metav1.ObjectMeta{Namespace: r.tenant, Name: "await"}
	for what, request := range map[string]func() error{
		"records": dry(lease(r.tenant, "await", ""), c), "account-objects": dry(&corev1.ServiceAccount{ObjectMeta: nobodys}, webhook),
		"account-secrets":  dry(&corev1.Secret{ObjectMeta: named, Type: "other"}, webhook),
		"account-bindings": dry(&rbacv1.RoleBinding{ObjectMeta: named, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"}}, webhook),
		"account-roles":    dry(&rbacv1.Role{ObjectMeta: named, Rules: []rbacv1.PolicyRule{{APIGroups: []string{"apps"}, Resources: []string{"statefulsets"}, Verbs: []string{"patch"}}}}, webhook),
		"account-services": dry(&corev1.Service{ObjectMeta: named, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 1}}}}, webhook),
	} {
		eventually(t, 20*time.Second, "policy "+what+" is in force", func() error { return refusedBy(request(), r.name+"-"+what) })
	}
}

// refusedBy returns nil for the error of that policy.
func refusedBy(err error, policy string) error {
	if err != nil && strings.Contains(err.Error(), "ValidatingAdmissionPolicy '"+policy+"'") {
		return nil
	}
	return fmt.Errorf("the answer was %w", errors.Join(err, errors.New("not a refusal by "+policy)))
}

// as is the API server as another user sees it.
func as(t *testing.T, user string, groups ...string) client.Client {
	t.Helper()
	cfg := rest.CopyConfig(server)
	cfg.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: append(groups, "system:authenticated")}
	return clientFor(t, cfg)
}

// permit gives a user rights in one namespace.
func permit(t *testing.T, c client.Client, namespace, user string, rules ...rbacv1.PolicyRule) {
	t.Helper()
	meta := metav1.ObjectMeta{Namespace: namespace, Name: unique(t)}
	create(t, c, &rbacv1.Role{ObjectMeta: meta, Rules: rules})
	bind(t, c, namespace, user, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name})
}

func bind(t *testing.T, c client.Client, namespace, user string, ref rbacv1.RoleRef) {
	t.Helper()
	create(t, c, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: unique(t)}, RoleRef: ref,
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	})
}

// everything gives a user every right there is, so that what refuses him is a policy.
func everything(t *testing.T, c client.Client, user string) {
	t.Helper()
	create(t, c, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: unique(t)}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	})
	eventually(t, 5*time.Second, user+" has every right", func() error {
		return as(t, user).List(t.Context(), &rbacv1.ClusterRoleBindingList{}, client.Limit(1))
	})
}

// attempt is one request, with the word of the refusal that it has to get; empty where it has to succeed.
type attempt struct {
	name    string
	request func() error
	refusal string
}

func attempts(t *testing.T, all []attempt) {
	t.Helper()
	for _, a := range all {
		t.Run(a.name, func(t *testing.T) {
			switch err := a.request(); {
			case a.refusal == "" && err != nil:
				t.Errorf("it is refused: %v", err)
			case a.refusal != "" && err == nil:
				t.Error("it is let through")
			case a.refusal != "" && (!apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), a.refusal)):
				t.Errorf("the answer does not say %q: %v", a.refusal, err)
			case err != nil:
				t.Log(err)
			}
		})
	}
}

// merge is a merge patch of a live object; a dry-run, so that one request does not change what the next finds.
func merge(t *testing.T, c client.Client, o client.Object, patch string, subresource ...string) func() error {
	t.Helper()
	return func() error {
		live := o.DeepCopyObject().(client.Object)
		raw := client.RawPatch("application/merge-patch+json", []byte(patch))
		if len(subresource) > 0 {
			return c.SubResource(subresource[0]).Patch(t.Context(), live, raw, client.DryRunAll)
		}
		return c.Patch(t.Context(), live, raw, client.DryRunAll)
	}
}

// dryCreate creates, in a dry-run.
func dryCreate(t *testing.T, c client.Client, o client.Object) func() error {
	t.Helper()
	return func() error { return c.Create(t.Context(), o.DeepCopyObject().(client.Object), client.DryRunAll) }
}

func dryDelete(t *testing.T, c client.Client, o client.Object) func() error {
	t.Helper()
	return func() error { return c.Delete(t.Context(), o.DeepCopyObject().(client.Object), client.DryRunAll) }
}

// ours is the metadata of what the webhook makes for a group.
func ours(namespace, name, group string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{contract.LabelManaged: "true", contract.LabelGroup: group}}
}

// pod is a pod without a group.
func pod(namespace, name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "redis", Image: "redis:7.0"}}},
	}
}
