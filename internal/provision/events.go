// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// warnOf writes an Event on the StatefulSet about a part that could not be created or repaired; the error names it.
func (p *Provisioner) warnOf(g mutate.Group, err error) {
	reason := "ProvisionFailed"
	if foreign := (*ForeignError)(nil); errors.As(err, &foreign) {
		reason = "ForeignObject"
	}
	p.warn(g, reason, "%v", err)
}

func (p *Provisioner) warn(g mutate.Group, reason, note string, args ...any) {
	p.events.Eventf(reference(g), nil, corev1.EventTypeWarning, reason, "Provision", note, args...)
}

// reference is the StatefulSet as Events name it.
func reference(g mutate.Group) *metav1.PartialObjectMetadata {
	o := metadata(kindStatefulSet)
	o.Namespace, o.Name, o.UID = g.Namespace, g.StatefulSet, types.UID(g.StatefulSetUID)
	return o
}
