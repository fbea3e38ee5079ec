// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"context"
	"fmt"
	"regexp"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// leftovers are what is left of a group whose StatefulSet is gone.
type leftovers struct {
	pods, claims bool
}

// leftoversOf asks the API server itself: an informer that is late must not cost a group its record.
func (p *Provisioner) leftoversOf(ctx context.Context, group types.NamespacedName) (leftovers, error) {
	pods := metadataList(corev1.SchemeGroupVersion.WithKind("Pod"))
	if err := p.live.List(ctx, pods, client.InNamespace(group.Namespace), client.MatchingLabels{contract.LabelGroup: group.Name}, client.Limit(1)); err != nil {
		return leftovers{}, fmt.Errorf("listing pods of group %s: %w", group, err)
	}
	claims, err := p.hasClaim(ctx, group)
	return leftovers{pods: len(pods.Items) > 0, claims: claims}, err
}

// hasClaim reports whether a claim is named like those of the StatefulSet: <template>-<set>-<ordinal>. A claim of a set
// whose name ends in ours is taken for ours, which only keeps the record longer.
func (p *Provisioner) hasClaim(ctx context.Context, group types.NamespacedName) (bool, error) {
	name := regexp.MustCompile(`-` + regexp.QuoteMeta(group.Name) + `-[0-9]+$`)
	claims := metadataList(corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim"))
	for {
		if err := p.live.List(ctx, claims, client.InNamespace(group.Namespace), client.Limit(500), client.Continue(claims.Continue)); err != nil {
			return false, fmt.Errorf("listing claims of group %s: %w", group, err)
		}
		for i := range claims.Items {
			if name.MatchString(claims.Items[i].Name) {
				return true, nil
			}
		}
		if claims.Continue == "" {
			return false, nil
		}
	}
}

func metadataList(kind schema.GroupVersionKind) *metav1.PartialObjectMetadataList {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	return list
}
