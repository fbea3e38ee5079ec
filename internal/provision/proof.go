// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// doubt says why a StatefulSet that policy does not list is not known to be a Sentinel set of the account; empty where
// live objects prove it: it is opted in, and the webhook has given this account the rights of a Sentinel set of that name.
//
// Without it any tenant could have any account of his namespace bound, by naming a StatefulSet that runs under it.
func (p *Provisioner) doubt(ctx context.Context, g mutate.Group, set *appsv1.StatefulSet, account string) (string, error) {
	if set.Namespace != g.Namespace {
		return "lies in another namespace, and the policy does not list it", nil
	}
	if !wants(set, func() bool { return p.namespaceOptedIn(ctx, set.Namespace) }) {
		return "is not opted in", nil
	}
	binding, role := &rbacv1.RoleBinding{}, &rbacv1.Role{}
	for _, o := range []client.Object{binding, role} {
		err := p.live.Get(ctx, client.ObjectKey{Namespace: set.Namespace, Name: contract.ObjectName(set.Name)}, o)
		if apierrors.IsNotFound(err) {
			return "has no rights from the webhook (yet; they come with its first pod)", nil
		}
		if err != nil {
			return "", fmt.Errorf("reading the rights of Sentinel set %s/%s: %w", set.Namespace, set.Name, err)
		}
		if !Ours(o, set.Name) {
			return "has rights that the webhook did not make", nil
		}
	}
	ref := rbacv1.RoleRef{APIGroup: rbac, Kind: "Role", Name: role.Name}
	subject := rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: set.Namespace, Name: account}
	switch {
	case !seesRecords(role):
		return "is itself a group of Redis", nil
	case binding.RoleRef != ref || !slices.Equal(binding.Subjects, []rbacv1.Subject{subject}):
		return fmt.Sprintf("runs under service account %s, to which the webhook has given no rights of a Sentinel set (yet)", account), nil
	}
	return "", nil
}

// seesRecords tells the Role of a Sentinel set, of any version, from that of a group: it is not limited to one record.
func seesRecords(role *rbacv1.Role) bool {
	return slices.ContainsFunc(role.Rules, func(r rbacv1.PolicyRule) bool {
		return slices.Contains(r.APIGroups, coordination) && slices.Contains(r.Resources, "leases") && len(r.ResourceNames) == 0
	})
}

// namespaceOptedIn reads the label of a Namespace from the cache; one that is not there has asked for nothing.
func (p *Provisioner) namespaceOptedIn(ctx context.Context, name string) bool {
	namespace := metadata(kindNamespace)
	err := p.cached.Get(ctx, client.ObjectKey{Name: name}, namespace)
	return err == nil && namespace.Labels[contract.LabelOptIn] == contract.OptInEnabled
}
