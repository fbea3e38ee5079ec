// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"cmp"
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// part is one object of a group.
type part struct {
	// object is the description: what Create sends.
	object client.Object
	// align changes a live object where it differs from the description, and reports whether it did. What others added
	// stays. Nil: nothing but labels is held.
	align func(live client.Object) bool
	// replace reports whether the live object can only be deleted and recreated. May be nil.
	replace func(live client.Object) bool
	// optional parts never refuse a pod: where the name is taken, an Event says so.
	optional bool
	// rename is the annotation that gives the object another name; empty where there is none.
	rename string
	// fill adds to what Create sends what is drawn once and never read again. May be nil.
	fill func(object client.Object, random func() string)
	// unread parts are of a kind that the webhook may not read: they are made where they are absent, and else left alone, or told
	// again what they shall hold where refresh is set.
	unread, refresh bool
	// after must exist before this part is created. May be nil.
	after *part
}

// ownLabels mark an object as ours, and as one of this group.
func ownLabels(statefulSet string) map[string]string {
	return map[string]string{
		contract.LabelManaged:          contract.Managed,
		contract.LabelGroup:            statefulSet,
		"app.kubernetes.io/managed-by": contract.FieldManager,
	}
}

// Ours reports whether an object is provisioned by us for this StatefulSet.
func Ours(o metav1.Object, statefulSet string) bool {
	return contract.Provisioned(o.GetLabels(), statefulSet)
}

func meta(namespace, name, statefulSet string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: ownLabels(statefulSet)}
}

// alignAll brings a live object to its description, labels included, and reports whether anything was different.
func (p part) alignAll(live client.Object) bool {
	changed := false
	labels := maps.Clone(live.GetLabels())
	if labels == nil {
		labels = map[string]string{}
	}
	for key, value := range p.object.GetLabels() {
		if labels[key] != value {
			labels[key] = value
			changed = true
		}
	}
	if changed {
		live.SetLabels(labels)
	}
	if p.align != nil && p.align(live) {
		changed = true
	}
	return changed
}

// set assigns a value that differs, and reports whether it did.
func set[T any](field *T, value T, equal func(a, b T) bool) bool {
	if equal(*field, value) {
		return false
	}
	*field = value
	return true
}

func samePort(a, b corev1.ServicePort) bool {
	return a.Name == b.Name && a.Port == b.Port && a.TargetPort == b.TargetPort &&
		cmp.Or(a.Protocol, corev1.ProtocolTCP) == cmp.Or(b.Protocol, corev1.ProtocolTCP)
}
