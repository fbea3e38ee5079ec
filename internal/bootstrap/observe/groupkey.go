// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"cmp"
	"slices"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// KeyOf is the group that a Lease is the record of; false where it is none: the name of a record and its label give the same
// StatefulSet, or a second Lease could speak for the group.
func (w *SentinelSet) KeyOf(lease *coordinationv1.Lease) (GroupKey, bool) {
	set := lease.Labels[contract.LabelGroup]
	if set == "" || lease.Name != contract.ObjectName(set) {
		return GroupKey{}, false
	}
	asked, _ := record.Settings(lease) // what cannot be read asks for nothing
	alone := slices.Equal(Namespaces(w.set.Namespace, w.set.Settings.Sentinel), []string{lease.Namespace})
	return GroupKey{
		Namespace: lease.Namespace, StatefulSet: set,
		MasterName: contract.GroupName(lease.Namespace, set, asked.MasterName, alone),
	}, true
}

// NameTaken reports whether another record of the set has the name of a group with more right. It happens only where records may
// ask for names.
func (w *SentinelSet) NameTaken(key GroupKey, lease *coordinationv1.Lease, serves func(*coordinationv1.Lease) bool) bool {
	return w.isNamed(key, func(k GroupKey, other *coordinationv1.Lease) bool {
		return serves(other) && outranks(k, other, key, lease)
	})
}

// NameUsed reports whether the record of another group has the name of this one.
func (w *SentinelSet) NameUsed(key GroupKey) bool {
	return w.isNamed(key, func(GroupKey, *coordinationv1.Lease) bool { return true })
}

// isNamed reports whether the record of another group gives the name of this one, and is one that is wanted.
func (w *SentinelSet) isNamed(key GroupKey, wanted func(GroupKey, *coordinationv1.Lease) bool) bool {
	return slices.ContainsFunc(w.Leases(), func(other *coordinationv1.Lease) bool {
		k, ok := w.KeyOf(other)
		another := k.Namespace != key.Namespace || k.StatefulSet != key.StatefulSet
		return ok && another && k.MasterName == key.MasterName && wanted(k, other)
	})
}

// outranks orders two records that claim one name. A group that is called so by its own name comes first, then the older record.
func outranks(a GroupKey, aLease *coordinationv1.Lease, b GroupKey, bLease *coordinationv1.Lease) bool {
	computed := func(k GroupKey) bool { return k.MasterName == contract.MasterName(k.Namespace, k.StatefulSet) }
	if computed(a) != computed(b) {
		return computed(a)
	}
	if !aLease.CreationTimestamp.Equal(&bLease.CreationTimestamp) {
		return aLease.CreationTimestamp.Before(&bLease.CreationTimestamp)
	}
	return cmp.Less(aLease.UID, bLease.UID)
}
