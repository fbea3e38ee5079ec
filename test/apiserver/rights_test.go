// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"testing"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/serving"
)

// limited is an API server seen through an account that has exactly the rights of the chart's.
func limited(t *testing.T, c client.Client, namespace string, configurations ...string) *rest.Config {
	t.Helper()
	grant(t, c, namespace, "", provision.WebhookRules(labelsRole, configurations...))
	grant(t, c, namespace, namespace, provision.WebhookOwnRules("webhook-ca", "webhook-hook"))
	out := rest.CopyConfig(server)
	out.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + namespace + ":webhook",
		Groups:   []string{"system:serviceaccounts", "system:authenticated"},
	}
	return out
}

// grant binds rules to the webhook's account in one namespace, or in all for an empty one.
func grant(t *testing.T, c client.Client, home, in string, rules []rbacv1.PolicyRule) {
	t.Helper()
	meta := metav1.ObjectMeta{Namespace: in, Name: unique(t)}
	subjects := []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: home, Name: "webhook"}}
	if in == "" {
		create(t, c, &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules})
		create(t, c, &rbacv1.ClusterRoleBinding{ObjectMeta: meta, Subjects: subjects, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: meta.Name}})
		return
	}
	create(t, c, &rbacv1.Role{ObjectMeta: meta, Rules: rules})
	create(t, c, &rbacv1.RoleBinding{ObjectMeta: meta, Subjects: subjects, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name}})
}

func TestRightsOfTheWebhookAreEnough(t *testing.T) {
	c := admin(t)
	home, tenant := newNamespace(t, c, nil), newNamespace(t, c, nil)
	name := newConfiguration(t, c, contract.WebhookPods)
	cfg := limited(t, c, home, name)
	own := clientFor(t, cfg)
	eventually(t, 5*time.Second, "the rights hold", func() error {
		return own.List(t.Context(), &rbacv1.RoleList{}, client.InNamespace(tenant))
	})

	k := newRotator(own, home, serving.Options{Configurations: []string{name}, Interval: time.Hour})
	start(t, k)
	eventually(t, 5*time.Second, "ready", func() error { return k.Ready(nil) })
	t.Run("the watch works too", func(t *testing.T) {
		eventually(t, 5*time.Second, "an emptied caBundle is repaired", func() error { return emptyAndLook(t.Context(), c, name) })
	})
	if _, err := serving.EnsureKey(t.Context(), own, client.ObjectKey{Namespace: home, Name: "webhook-hook"}); err != nil {
		t.Fatal(err)
	}

	r := newReplica(t, cfg)
	g := redisGroup(tenant)
	if err := r.Ensure(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	damage(t, c, tenant)
	if err := r.Repair(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "everything is removed", func() error {
		if err := r.Remove(t.Context(), types.NamespacedName{Namespace: tenant, Name: g.StatefulSet}); err != nil {
			return err
		}
		return nil
	})

	set := statefulSet(tenant, "redis", "redis", 3, map[string]string{contract.LabelOptIn: contract.OptInEnabled})
	create(t, c, set)
	recovery := provision.NewRecovery(own, provision.RecoveryOptions{
		Ready: func() error { return nil }, OptedIn: func(context.Context, string) bool { return false },
		Now: func() time.Time { return time.Now().Add(time.Hour) },
	}, logr.Discard())
	if err := recovery.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	touched := get(t, c, tenant, "redis", &appsv1.StatefulSet{})
	if touched.Status.Replicas < 3 && touched.Annotations[contract.AnnotationTouched] == "" {
		t.Error("the StatefulSet was not touched")
	}
}

// emptyAndLook empties caBundle, and returns nil if it is back a moment later.
func emptyAndLook(ctx context.Context, c client.Client, name string) error {
	live := configuration(name)
	if err := c.Get(ctx, client.ObjectKey{Name: name}, live); err != nil {
		return err
	}
	live.Webhooks[0].ClientConfig.CABundle = nil
	if err := c.Update(ctx, live); err != nil {
		return err
	}
	version := live.ResourceVersion
	time.Sleep(300 * time.Millisecond)
	if err := c.Get(ctx, client.ObjectKey{Name: name}, live); err != nil {
		return err
	}
	if len(live.Webhooks[0].ClientConfig.CABundle) == 0 || live.ResourceVersion == version {
		return apierrors.NewConflict(rbacv1.Resource("caBundle"), name, nil)
	}
	return nil
}
