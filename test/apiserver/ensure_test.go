// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"bytes"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
)

func TestEnsureMakesEverythingAndTwiceIsOnce(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	create(t, c, statefulSet(ns, "sentinel", "sentinel-governing", 5, nil))
	r := newReplica(t, server)
	if err := r.Ensure(t.Context(), redisGroup(ns)); err != nil {
		t.Fatal(err)
	}
	before := versions(t, c, ns)

	record := get(t, c, ns, "redis-sentinel-redis", &coordinationv1.Lease{})
	if record.Spec.HolderIdentity != nil {
		t.Errorf("the record has holder %q, want none", *record.Spec.HolderIdentity)
	}
	settings, err := contract.DecodeGroupSettings(record.Annotations[contract.RecordSettings])
	if err != nil {
		t.Fatal(err)
	}
	if got := settings.Sentinels; got.Replicas != 5 || got.Service != "sentinel-governing" {
		t.Errorf("settings have Sentinels %+v, want what the live StatefulSet says", got)
	}
	if account := get(t, c, ns, "redis-sentinel-redis", &corev1.ServiceAccount{}); account.AutomountServiceAccountToken == nil || *account.AutomountServiceAccountToken {
		t.Error("the account's token is mounted everywhere")
	}
	service := get(t, c, ns, "redis-master", &corev1.Service{})
	if service.Spec.Ports[0].Port != 6380 || service.Spec.Selector[contract.LabelRole] != contract.RoleMaster || service.Spec.PublishNotReadyAddresses {
		t.Errorf("Service redis-master is %+v", service.Spec)
	}

	eventually(t, 5*time.Second, "the cache has it all", func() error {
		if !r.Present(t.Context(), redisGroup(ns)) {
			return errors.New("not present")
		}
		return nil
	})
	sent := r.requests.Load()
	other := newReplica(t, server)
	for range 3 {
		if err := r.Ensure(t.Context(), redisGroup(ns)); err != nil {
			t.Fatal(err)
		}
		if err := other.Ensure(t.Context(), redisGroup(ns)); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.requests.Load() - sent; got != 0 {
		t.Errorf("three more calls sent %d requests, want none", got)
	}
	for what, version := range versions(t, c, ns) {
		if version != before[what] {
			t.Errorf("%s was written again", what)
		}
	}
}

func TestEnsureOfManyPodsAtOnce(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	replicas := []replica{newReplica(t, server), newReplica(t, server), newReplica(t, server)}
	var group sync.WaitGroup
	for i := range 15 {
		group.Go(func() {
			if err := replicas[i%len(replicas)].Ensure(t.Context(), redisGroup(ns)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	versions(t, c, ns)
	if told := replicas[0].told(); !strings.Contains(told, "NoSentinelSet") {
		t.Errorf("Events are %q, want one about the missing Sentinel set", told)
	}
}

// TestEmptiedSecretIsFilledAgain: somebody took every key out of a group's Secret, or all but one.
func TestEmptiedSecretIsFilledAgain(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	create(t, c, statefulSet(ns, "sentinel", "sentinel", 3, nil))
	ensure := func() map[string][]byte {
		if err := newReplica(t, server).Ensure(t.Context(), redisGroup(ns)); err != nil {
			t.Fatal(err)
		}
		return get(t, c, ns, "redis-sentinel-redis", &corev1.Secret{}).Data
	}
	first := ensure()
	if len(first) == 0 {
		t.Fatal("no keys at all")
	}
	for _, left := range []int{0, 1} {
		secret := get(t, c, ns, "redis-sentinel-redis", &corev1.Secret{})
		for name := range first {
			if len(secret.Data) > left {
				delete(secret.Data, name)
			}
		}
		if err := c.Update(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		if again := ensure(); !maps.EqualFunc(first, again, bytes.Equal) {
			t.Errorf("with %d keys left: %d keys, want the %d of before", left, len(again), len(first))
		}
	}
}

// TestImmutableSecretIsNamed: a Secret that has to get further keys, of a group or of its Sentinels, was made immutable. Whoever
// creates a pod is told, and an Event tells, and once the Secret is removed all is well.
func TestImmutableSecretIsNamed(t *testing.T) {
	c := admin(t)
	for _, name := range []string{"redis-sentinel-redis", "redis-sentinel-sentinel-peer"} {
		t.Run(name, func(t *testing.T) {
			ns := newNamespace(t, c, nil)
			create(t, c, statefulSet(ns, "sentinel", "sentinel", 3, nil))
			secret := &corev1.Secret{ObjectMeta: ours(ns, name, "redis"), Immutable: new(true), Data: map[string][]byte{"old": []byte("x")}}
			create(t, c, secret)
			r := newReplica(t, server)
			immutable := (*provision.ImmutableError)(nil)
			if err := r.Ensure(t.Context(), redisGroup(ns)); !errors.As(err, &immutable) || !strings.Contains(err.Error(), name) {
				t.Errorf("Ensure returned %v, want an ImmutableError", err)
			}
			r.told()
			if err := r.Repair(t.Context(), redisGroup(ns)); !errors.As(err, &immutable) {
				t.Errorf("Repair returned %v, want an ImmutableError, so that it is tried again", err)
			}
			if told := r.told(); !strings.Contains(told, "ProvisionFailed") || !strings.Contains(told, name) || !strings.Contains(told, "immutable") {
				t.Errorf("Events are %q, want one about the Secret", told)
			}
			if err := c.Delete(t.Context(), secret); err != nil {
				t.Fatal(err)
			}
			if err := r.Repair(t.Context(), redisGroup(ns)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEnsureBindsTheRightAccounts(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	sentinels := statefulSet(ns, "sentinel", "sentinel", 3, nil)
	sentinels.Spec.Template.Spec.ServiceAccountName = "their-own"
	create(t, c, sentinels)
	g := redisGroup(ns)
	g.Account, g.OwnAccount = "mine", true
	if err := newReplica(t, server).Ensure(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"redis-sentinel-redis": "mine", "redis-sentinel-redis:sentinels": "their-own", "redis-sentinel-redis:labels": "their-own"} {
		var got []string
		for _, subject := range get(t, c, ns, name, &rbacv1.RoleBinding{}).Subjects {
			got = append(got, subject.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("RoleBinding %s has %v, want %s", name, got, want)
		}
	}
	err := c.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "redis-sentinel-redis"}, &corev1.ServiceAccount{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("an account was made beside the user's own: %v", err)
	}
}

// subjects are who has the rights of a Sentinel set on the group.
func subjects(t *testing.T, c client.Client, ns string) string {
	t.Helper()
	var got []string
	for _, name := range []string{"redis-sentinel-redis:sentinels", "redis-sentinel-redis:labels"} {
		for _, subject := range get(t, c, ns, name, &rbacv1.RoleBinding{}).Subjects {
			got = append(got, subject.Name)
		}
	}
	return strings.Join(got, ", ")
}

// TestAnnotationAloneGivesNobodyRights names a StatefulSet by annotation. What it takes for its account to be bound comes one by
// one: the label, then the rights that the webhook gives to Sentinel sets, then the same account.
func TestAnnotationAloneGivesNobodyRights(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	fake := statefulSet(ns, "sentinel", "sentinel", 3, nil)
	fake.Spec.Template.Spec.ServiceAccountName = "bob"
	create(t, c, fake)
	r := newReplica(t, server)
	g := redisGroup(ns)
	g.SentinelsListed = false
	if err := r.Ensure(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	refused := func(why string) {
		t.Helper()
		if err := r.Repair(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		if got := subjects(t, c, ns); got != "" {
			t.Errorf("bound to %s, though it %s", got, why)
		}
		record := get(t, c, ns, "redis-sentinel-redis", &coordinationv1.Lease{})
		if strings.Contains(record.Annotations[contract.RecordWriters], "bob") {
			t.Errorf("the record may be written by %s, though it %s", record.Annotations[contract.RecordWriters], why)
		}
		for where, text := range map[string]string{"Event": r.told(), "condition": record.Annotations[contract.RecordCondition]} {
			if !strings.Contains(text, "UnknownSentinelSet") || !strings.Contains(text, why) || !strings.Contains(text, "sentinelSets") {
				t.Errorf("the %s is %q, want %q and a remedy", where, text, why)
			}
		}
	}
	refused("is not opted in")
	fake.Labels = map[string]string{contract.LabelOptIn: contract.OptInEnabled}
	if err := c.Update(t.Context(), fake); err != nil {
		t.Fatal(err)
	}
	refused("has no rights from the webhook")
	named := metav1.ObjectMeta{Namespace: ns, Name: "redis-sentinel-sentinel"}
	forged := &rbacv1.Role{ObjectMeta: named}
	forgedBinding := &rbacv1.RoleBinding{ObjectMeta: named, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: named.Name}}
	for _, o := range []client.Object{forged, forgedBinding} {
		if err := c.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	refused("rights that the webhook did not make")
	for _, o := range []client.Object{forged, forgedBinding} {
		if err := c.Delete(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	set := sentinelGroup(ns)
	if err := r.Ensure(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	refused("runs under service account bob")
	set.Account, set.OwnAccount = "bob", true
	for _, repair := range []mutate.Group{set, g} {
		if err := r.Repair(t.Context(), repair); err != nil {
			t.Fatal(err)
		}
	}
	if got := subjects(t, c, ns); got != "bob, bob" {
		t.Errorf("bound to %q, though the webhook itself has injected the set", got)
	}
	if record := get(t, c, ns, "redis-sentinel-redis", &coordinationv1.Lease{}); record.Annotations[contract.RecordCondition] != "" {
		t.Errorf("the condition is still %q", record.Annotations[contract.RecordCondition])
	}
}

// TestGroupIsNoSentinelSet names another group of Redis as the Sentinel set: its account gets nothing.
func TestGroupIsNoSentinelSet(t *testing.T) {
	c := admin(t)
	ns := newNamespace(t, c, nil)
	other := redisGroup(ns)
	other.StatefulSet, other.Account, other.MasterService, other.ReplicasService = "sentinel", "redis-sentinel-sentinel", "m", "r"
	create(t, c, statefulSet(ns, "sentinel", "sentinel", 3, map[string]string{contract.LabelOptIn: contract.OptInEnabled}))
	g := redisGroup(ns)
	g.SentinelsListed = false
	r := newReplica(t, server)
	for _, g := range []mutate.Group{other, g} {
		if err := r.Ensure(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
	if got := subjects(t, c, ns); got != "" {
		t.Errorf("bound to %s", got)
	}
	if told := r.told(); !strings.Contains(told, "is itself a group of Redis") {
		t.Errorf("Events are %q", told)
	}
}

func TestForeignObjectsAreNeverAdopted(t *testing.T) {
	c := admin(t)
	named := metav1.ObjectMeta{Name: "redis-sentinel-redis"}
	other := metav1.ObjectMeta{Name: "redis-sentinel-redis", Labels: map[string]string{contract.LabelManaged: "true", contract.LabelGroup: "other"}}
	for what, foreign := range map[string]client.Object{
		"account":                 &corev1.ServiceAccount{ObjectMeta: named},
		"record":                  &coordinationv1.Lease{ObjectMeta: named},
		"role":                    &rbacv1.Role{ObjectMeta: named},
		"record of another group": &coordinationv1.Lease{ObjectMeta: other},
	} {
		t.Run(what+" refuses", func(t *testing.T) {
			foreign.SetNamespace(newNamespace(t, c, nil))
			create(t, c, foreign)
			r := newReplica(t, server)
			err := r.Ensure(t.Context(), redisGroup(foreign.GetNamespace()))
			if taken := (*provision.ForeignError)(nil); !errors.As(err, &taken) || taken.Name != foreign.GetName() {
				t.Fatalf("Ensure returned %v, want a ForeignError about %s", err, foreign.GetName())
			}
			if err := r.Repair(t.Context(), redisGroup(foreign.GetNamespace())); err != nil {
				t.Fatal(err)
			}
			if told := r.told(); !strings.Contains(told, "ForeignObject") {
				t.Errorf("Events are %q, want one about the foreign object", told)
			}
			version := foreign.GetResourceVersion()
			if get(t, c, foreign.GetNamespace(), foreign.GetName(), foreign); foreign.GetResourceVersion() != version {
				t.Error("the foreign object was written")
			}
		})
	}
	t.Run("Service only tells", func(t *testing.T) {
		ns := newNamespace(t, c, nil)
		foreign := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "redis-master"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 1}}}}
		create(t, c, foreign)
		r := newReplica(t, server)
		if err := r.Ensure(t.Context(), redisGroup(ns)); err != nil {
			t.Fatal(err)
		}
		if told := r.told(); !strings.Contains(told, contract.AnnotationMasterService) {
			t.Errorf("Events are %q, want the annotation that renames the Service", told)
		}
		if live := get(t, c, ns, "redis-master", &corev1.Service{}); live.Spec.Ports[0].Port != 1 {
			t.Error("the foreign Service was changed")
		}
	})
}
