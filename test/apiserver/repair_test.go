// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
)

func TestRepairBringsEverythingBack(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	r := newReplica(t, server)
	g := redisGroup(ns)
	if err := r.Ensure(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	damage(t, c, ns)
	g.Settings.DownAfterMs = 9000
	if err := r.Repair(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	before := versions(t, c, ns)
	record := get(t, c, ns, "redis-sentinel-redis", &coordinationv1.Lease{})
	if settings, _ := contract.DecodeGroupSettings(record.Annotations[contract.RecordSettings]); settings.DownAfterMs != 9000 {
		t.Errorf("the record has down-after %d, want the changed 9000", settings.DownAfterMs)
	}
	if record.Annotations[contract.RecordEpoch] != "1024" || *record.Spec.HolderIdentity != "redis-1" {
		t.Error("what agents wrote into the record is lost")
	}
	service := get(t, c, ns, "redis-master", &corev1.Service{})
	if service.Spec.Selector[contract.LabelRole] != contract.RoleMaster || service.Spec.Type != corev1.ServiceTypeNodePort {
		t.Errorf("Service is %+v, want our selector and the user's type", service.Spec)
	}
	if got := len(get(t, c, ns, "redis-sentinel-redis", &rbacv1.Role{}).Rules); got != len(provision.GroupRules("redis")) {
		t.Errorf("the Role has %d rules", got)
	}
	if got := get(t, c, ns, "redis-sentinel-redis", &rbacv1.RoleBinding{}).RoleRef.Name; got != "redis-sentinel-redis" {
		t.Errorf("the RoleBinding is of Role %s", got)
	}
	if err := r.Repair(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	for what, version := range versions(t, c, ns) {
		if version != before[what] {
			t.Errorf("a second repair wrote %s", what)
		}
	}
}

// damage does to a group's objects what people and tools do.
func damage(t *testing.T, c client.Client, ns string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	holder := "redis-1"
	record := get(t, c, ns, "redis-sentinel-redis", &coordinationv1.Lease{})
	record.Spec.HolderIdentity = &holder
	record.Annotations[contract.RecordEpoch] = "1024"
	must(c.Update(t.Context(), record))
	service := get(t, c, ns, "redis-master", &corev1.Service{})
	service.Spec.Selector, service.Spec.Type = map[string]string{"app": "wrong"}, corev1.ServiceTypeNodePort
	must(c.Update(t.Context(), service))
	must(c.Delete(t.Context(), get(t, c, ns, "redis-replicas", &corev1.Service{})))
	role := get(t, c, ns, "redis-sentinel-redis", &rbacv1.Role{})
	role.Rules = role.Rules[:1]
	must(c.Update(t.Context(), role))
	binding := get(t, c, ns, "redis-sentinel-redis", &rbacv1.RoleBinding{})
	must(c.Delete(t.Context(), binding))
	binding.ResourceVersion, binding.UID, binding.RoleRef.Name = "", "", "redis-sentinel-redis-labels"
	must(c.Create(t.Context(), binding))
	must(c.Delete(t.Context(), get(t, c, ns, "redis-sentinel-redis", &corev1.ServiceAccount{})))
}

func TestRemoveTakesOnlyWhatIsOurs(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	r := newReplica(t, server)
	bystander := redisGroup(ns)
	bystander.StatefulSet, bystander.Account, bystander.MasterService, bystander.ReplicasService = "other", "redis-sentinel-other", "other-master", "other-replicas"
	for _, g := range []mutate.Group{redisGroup(ns), bystander, sentinelGroup(ns)} {
		if err := r.Ensure(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
	create(t, c, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "redis", Labels: map[string]string{contract.LabelGroup: "redis"}}})
	for _, g := range []mutate.Group{redisGroup(ns), sentinelGroup(ns)} {
		eventually(t, 5*time.Second, "the cache has seen it all", func() error {
			if !r.AccountPresent(t.Context(), g.Namespace, g.StatefulSet) {
				return errors.New("account not present")
			}
			return nil
		})
		time.Sleep(200 * time.Millisecond)
		if err := r.Remove(t.Context(), types.NamespacedName{Namespace: ns, Name: g.StatefulSet}); err != nil {
			t.Fatal(err)
		}
	}
	for what, o := range objectsOf() {
		_, name, _ := strings.Cut(what, " ")
		if err := c.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: name}, o); !apierrors.IsNotFound(err) {
			t.Errorf("%s is still there (%v)", what, err)
		}
	}
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "redis-sentinel-sentinel-peer"}, &corev1.Secret{}); !apierrors.IsNotFound(err) {
		t.Errorf("the peer Secret is still there (%v)", err)
	}
	get(t, c, ns, "redis-sentinel-other", &coordinationv1.Lease{})
	get(t, c, ns, "redis", &corev1.ConfigMap{})
}

func TestSentinelSetGetsAnEmptySecret(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	r := newReplica(t, server)
	for range 2 {
		if err := r.Ensure(t.Context(), sentinelGroup(ns)); err != nil {
			t.Fatal(err)
		}
	}
	secret := get(t, c, ns, "redis-sentinel-sentinel-peer", &corev1.Secret{})
	if len(secret.Data) != 0 {
		t.Errorf("the peer Secret has %d keys, want none", len(secret.Data))
	}
	secret.Data = map[string][]byte{contract.PeerSecretPassword: []byte("x")}
	if err := c.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	if err := r.Repair(t.Context(), sentinelGroup(ns)); err != nil {
		t.Fatal(err)
	}
	if after := get(t, c, ns, secret.Name, &corev1.Secret{}); string(after.Data[contract.PeerSecretPassword]) != "x" {
		t.Error("a repair emptied the peer Secret")
	}
	role := get(t, c, ns, "redis-sentinel-sentinel", &rbacv1.Role{})
	if fmt.Sprint(role.Rules) != fmt.Sprint(provision.SentinelSetRules("sentinel")) {
		t.Errorf("the Role has rules %v", role.Rules)
	}
}
