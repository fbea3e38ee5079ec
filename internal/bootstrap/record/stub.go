// SPDX-License-Identifier: Apache-2.0

package record

import (
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// MostBytes is how many bytes of names and values a Lease may have that an agent keeps. A record of a group of a hundred pods has
// 12,000; a tenant may write a quarter of a million, into as many Leases as he likes, and every Sentinel's agent has them all.
const MostBytes = 16 << 10

// tooLarge marks a stub. Whoever writes it himself only keeps his own record from being read.
const tooLarge = contract.Prefix + "too-large"

// Stub is what is kept of a Lease that is too large to be kept: that it exists, whose it is, and that it was not read. It returns
// the Lease itself where that is not too large.
func Stub(lease *coordinationv1.Lease) *coordinationv1.Lease {
	if size(lease) <= MostBytes {
		return lease
	}
	stub := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
		Namespace: lease.Namespace, Name: lease.Name, UID: lease.UID, ResourceVersion: lease.ResourceVersion,
		CreationTimestamp: lease.CreationTimestamp, Annotations: map[string]string{tooLarge: "true"},
	}}
	if group, ok := lease.Labels[contract.LabelGroup]; ok {
		stub.Labels = map[string]string{contract.LabelGroup: group}
	}
	return stub
}

// TooLarge reports whether this is a stub.
func TooLarge(lease *coordinationv1.Lease) bool {
	_, yes := lease.Annotations[tooLarge]
	return yes
}

// size is about how much memory a Lease takes.
func size(lease *coordinationv1.Lease) int {
	const word = 32 // of a map's entry or a slice's element, roughly
	n := 0
	for _, texts := range []map[string]string{lease.Annotations, lease.Labels} {
		for name, value := range texts {
			n += word + len(name) + len(value)
		}
	}
	for _, f := range lease.Finalizers {
		n += word + len(f)
	}
	for _, o := range lease.OwnerReferences {
		n += word + len(o.Name) + len(o.APIVersion) + len(o.Kind) + len(o.UID)
	}
	for _, text := range []*string{lease.Spec.HolderIdentity, lease.Spec.PreferredHolder} {
		if text != nil {
			n += len(*text)
		}
	}
	return n + len(lease.GenerateName)
}
