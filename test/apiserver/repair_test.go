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
	if got := len(get(t, c, ns, "redis-sentinel-redis", &rbacv1.Role{}).Rules); got != len(provision.GroupRules("redis", "redis-master")) {
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
	binding.ResourceVersion, binding.UID, binding.RoleRef.Name = "", "", "redis-sentinel-redis:sentinels"
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

func TestSentinelSetGetsASecretOnce(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	r := newReplica(t, server)
	ensure := func() *corev1.Secret {
		t.Helper()
		if err := r.Ensure(t.Context(), sentinelGroup(ns)); err != nil {
			t.Fatal(err)
		}
		if err := r.Repair(t.Context(), sentinelGroup(ns)); err != nil {
			t.Fatal(err)
		}
		return get(t, c, ns, "redis-sentinel-sentinel-peer", &corev1.Secret{})
	}
	secret := ensure()
	password, identity := string(secret.Data[contract.PeerSecretPassword]), string(secret.Data[contract.PeerSecretIdentity])
	if len(password) < 20 || len(identity) < 20 || password == identity {
		t.Errorf("the peer Secret holds password %q and identity %q, want two random texts", password, identity)
	}
	if again := ensure(); again.ResourceVersion != secret.ResourceVersion {
		t.Error("the peer Secret was written again")
	}
	role := get(t, c, ns, "redis-sentinel-sentinel", &rbacv1.Role{})
	if fmt.Sprint(role.Rules) != fmt.Sprint(provision.SentinelSetRules()) {
		t.Errorf("the Role has rules %v", role.Rules)
	}
}

// TestForeignPeerSecretIsNeverTouched has a Secret of that name that is a user's, and one that is another group's.
func TestForeignPeerSecretIsNeverTouched(t *testing.T) {
	c := admin(t)
	for what, labels := range map[string]map[string]string{
		"a user's":        nil,
		"another group's": {contract.LabelManaged: "true", contract.LabelGroup: "sentinel-peer"},
	} {
		t.Run(what, func(t *testing.T) {
			ns := newNamespace(t, c, nil)
			foreign := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "redis-sentinel-sentinel-peer", Labels: labels}}
			create(t, c, foreign)
			r := newReplica(t, server)
			err := r.Ensure(t.Context(), sentinelGroup(ns))
			if taken := (*provision.ForeignError)(nil); !errors.As(err, &taken) || taken.Kind != "Secret" {
				t.Errorf("Ensure returned %v, want a ForeignError about the Secret", err)
			}
			if err := r.Remove(t.Context(), types.NamespacedName{Namespace: ns, Name: "sentinel"}); err != nil {
				t.Fatal(err)
			}
			if live := get(t, c, ns, foreign.Name, &corev1.Secret{}); live.ResourceVersion != foreign.ResourceVersion {
				t.Error("the foreign Secret was written")
			}
		})
	}
}

// TestGroupOfTheVersionBeforeIsMigrated has a group as that version left it: one Role for all, and rights on labels of its own,
// whose name collides with that of another group.
func TestGroupOfTheVersionBeforeIsMigrated(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	labels := map[string]string{contract.LabelManaged: "true", contract.LabelGroup: "redis"}
	all := []rbacv1.Subject{
		{Kind: "ServiceAccount", Namespace: ns, Name: "redis-sentinel-redis"}, {Kind: "ServiceAccount", Namespace: ns, Name: "redis-sentinel-sentinel"},
	}
	for _, name := range []string{"redis-sentinel-redis", "redis-sentinel-redis-labels"} {
		meta := metav1.ObjectMeta{Namespace: ns, Name: name, Labels: labels}
		create(t, c, &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods/status"}, Verbs: []string{"get", "patch"}}}})
		create(t, c, &rbacv1.RoleBinding{ObjectMeta: meta, Subjects: all, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name}})
	}
	settings := map[string]string{contract.RecordSettings: "{}", contract.RecordEpoch: "1024"}
	create(t, c, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "redis-sentinel-redis", Labels: labels, Annotations: settings}})

	r := newReplica(t, server)
	if err := r.Repair(t.Context(), redisGroup(ns)); err != nil {
		t.Fatal(err)
	}
	versions(t, c, ns)
	for _, o := range []client.Object{&rbacv1.Role{}, &rbacv1.RoleBinding{}} {
		if err := c.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "redis-sentinel-redis-labels"}, o); !apierrors.IsNotFound(err) {
			t.Errorf("%T of the version before is still there (%v)", o, err)
		}
	}
	if got := get(t, c, ns, "redis-sentinel-redis", &rbacv1.RoleBinding{}).Subjects; len(got) != 1 || got[0].Name != "redis-sentinel-redis" {
		t.Errorf("the group's own Role is bound to %v", got)
	}
	record := get(t, c, ns, "redis-sentinel-redis", &coordinationv1.Lease{})
	want := contract.Account(ns, "redis-sentinel-redis") + "," + contract.Account(ns, "redis-sentinel-sentinel")
	if got := record.Annotations[contract.RecordWriters]; got != want || record.Annotations[contract.RecordEpoch] != "1024" {
		t.Errorf("the record has writers %q, want %q, and epoch %s", got, want, record.Annotations[contract.RecordEpoch])
	}
	other := redisGroup(ns)
	other.StatefulSet, other.Account, other.MasterService, other.ReplicasService = "redis-labels", "redis-sentinel-redis-labels", "m", "r"
	if err := r.Ensure(t.Context(), other); err != nil {
		t.Errorf("a group called redis-labels: %v", err)
	}
	if err := r.Repair(t.Context(), redisGroup(ns)); err != nil {
		t.Fatal(err)
	}
	get(t, c, ns, "redis-sentinel-redis-labels", &rbacv1.Role{})
}
