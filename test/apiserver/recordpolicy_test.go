// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// lease is a record; without writers it is one of the version before.
func lease(namespace, group, writers string) *coordinationv1.Lease {
	out := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
		Namespace: namespace, Name: contract.ObjectName(group), Labels: map[string]string{contract.LabelManaged: "true", contract.LabelGroup: group},
		Annotations: map[string]string{contract.RecordSettings: "{}", contract.RecordEpoch: "1024"},
	}}
	if writers != "" {
		out.Annotations[contract.RecordWriters] = writers
	}
	return out
}

// TestRecordPolicy lets everybody write Leases, and asks who may write records.
func TestRecordPolicy(t *testing.T) {
	c := admin(t)
	r := withPolicies(t, c)
	webhook := as(t, r.user())
	group, set := contract.Account(r.tenant, "redis-sentinel-redis"), contract.Account(r.home, "their-own")
	former, elsewhere, tenant := contract.Account("elsewhere", "redis-sentinel-x"), contract.Account("elsewhere", "default"), "tenant"
	leases := rbacv1.PolicyRule{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"*"}}
	of := map[string]client.Client{}
	for _, user := range []string{group, set, former, elsewhere, tenant} {
		permit(t, c, r.tenant, user, leases)
		of[user] = as(t, user)
		eventually(t, 5*time.Second, user+" may write Leases", func() error {
			return of[user].List(t.Context(), &coordinationv1.LeaseList{}, client.InNamespace(r.tenant))
		})
	}
	record, old := lease(r.tenant, "redis", group+","+set), lease(r.tenant, "old", "")
	heartbeat := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: r.tenant, Name: "heartbeat"}}
	for _, o := range []client.Object{record, old} {
		create(t, webhook, o)
	}
	create(t, of[tenant], heartbeat)

	const (
		epoch     = `{"metadata":{"annotations":{"redis-sentinel.dev/epoch":"2048"}}}`
		holder    = `{"spec":{"holderIdentity":"redis-1"}}`
		settings  = `{"metadata":{"annotations":{"redis-sentinel.dev/settings":"x"}}}`
		condition = `{"metadata":{"annotations":{"redis-sentinel.dev/condition":"x"}}}`
		writers   = `{"metadata":{"annotations":{"redis-sentinel.dev/writers":"tenant"}}}`
		noWriters = `{"metadata":{"annotations":{"redis-sentinel.dev/writers":null}}}`
		forgotten = `{"metadata":{"annotations":{"redis-sentinel.dev/epoch":null}}}`
		label     = `{"metadata":{"labels":{"redis-sentinel.dev/group":"other"}}}`
		unlabel   = `{"metadata":{"labels":{"redis-sentinel.dev/managed":null}}}`
		note      = `{"metadata":{"labels":{"team":"a"},"annotations":{"note":"b"}}}`
	)
	bare := lease(r.tenant, "bare", "")
	bare.Labels, bare.Annotations = nil, map[string]string{contract.RecordEpoch: "1024"}
	all := []attempt{
		{"tenant makes a record", dryCreate(t, of[tenant], lease(r.tenant, "new", "")), "only the webhook writes them"},
		{"tenant makes one without labels", dryCreate(t, of[tenant], bare), "who is master of a group"},
		{"tenant makes a Lease into a record", merge(t, of[tenant], heartbeat, label), "only the webhook writes them"},
		{"tenant writes an epoch into a Lease", merge(t, of[tenant], heartbeat, epoch), "who is master of a group"},
		{"tenant uses a Lease", merge(t, of[tenant], heartbeat, holder), ""},
		{"tenant writes an epoch", merge(t, of[tenant], record, epoch), "who is master of a group"},
		{"tenant removes an epoch", merge(t, of[tenant], record, forgotten), "who is master of a group"},
		{"tenant writes the holder", merge(t, of[tenant], record, holder), "is its master"},
		{"tenant relabels", merge(t, of[tenant], record, label), "only the webhook writes them"},
		{"tenant unlabels", merge(t, of[tenant], record, unlabel), "only the webhook writes them"},
		{"tenant becomes a writer", merge(t, of[tenant], record, writers), "written by the webhook only"},
		{"tenant writes a note", merge(t, of[tenant], record, note), ""},
		{"tenant deletes", dryDelete(t, of[tenant], record), ""},
		{"an account of elsewhere writes an epoch", merge(t, of[elsewhere], record, epoch), "who is master of a group"},
		{"an account of such a name writes an epoch", merge(t, of[former], record, epoch), "who is master of a group"},
		{"the webhook makes a record", dryCreate(t, webhook, lease(r.tenant, "new", "x")), ""},
		{"the webhook writes settings", merge(t, webhook, record, settings), ""},
		{"the administrator writes an epoch", merge(t, c, record, epoch), "who is master of a group"},

		{"tenant writes an old record", merge(t, of[tenant], old, epoch), "who is master of a group"},
		{"an account of elsewhere writes an old record", merge(t, of[elsewhere], old, epoch), "who is master of a group"},
		{"an account of such a name writes an old record", merge(t, of[former], old, epoch), ""},
		{"the group writes an old record", merge(t, of[group], old, epoch), ""},
		{"the group becomes the writer of an old record", merge(t, of[group], old, writers), "written by the webhook only"},
	}
	for who, user := range map[string]client.Client{"the group": of[group], "its set": of[set]} {
		all = append(all, []attempt{
			{who + " writes an epoch", merge(t, user, record, epoch), ""},
			{who + " writes the holder", merge(t, user, record, holder), ""},
			{who + " writes settings", merge(t, user, record, settings), "written by the webhook only"},
			{who + " writes the condition", merge(t, user, record, condition), "written by the webhook only"},
			{who + " names writers", merge(t, user, record, writers), "written by the webhook only"},
			{who + " removes writers", merge(t, user, record, noWriters), "written by the webhook only"},
			{who + " relabels", merge(t, user, record, label), "only the webhook writes them"},
			{who + " makes a record", dryCreate(t, user, lease(r.tenant, "new", group)), "only the webhook writes them"},
		}...)
	}
	attempts(t, all)
	t.Run("a record that is gone", func(t *testing.T) {
		if err := merge(t, of[group], lease(r.tenant, "gone", ""), epoch)(); !apierrors.IsNotFound(err) {
			t.Errorf("the answer is %v", err)
		}
	})
}
