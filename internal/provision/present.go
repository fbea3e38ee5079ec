// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// Present reports by the cache alone whether everything that a pod cannot do without exists, but for Secrets, which no cache has.
func (p *Provisioner) Present(ctx context.Context, g mutate.Group) bool {
	for _, part := range parts(g, surroundings{}) {
		if part.optional {
			continue
		}
		if !part.unread && !p.isCached(ctx, part.object, g.StatefulSet) {
			return false
		}
	}
	return true
}

// AccountPresent reports whether the account exists that pods of the StatefulSet get where the user chose none; by the
// cache, else by one live read.
func (p *Provisioner) AccountPresent(ctx context.Context, namespace, statefulSet string) bool {
	for _, part := range accountParts(mutate.Group{Namespace: namespace, StatefulSet: statefulSet}) {
		if p.isCached(ctx, part.object, statefulSet) {
			continue
		}
		found, err := p.metadataOf(ctx, part.object)
		if err != nil || !Ours(found, statefulSet) {
			return false
		}
	}
	return true
}

func (p *Provisioner) isCached(ctx context.Context, o client.Object, statefulSet string) bool {
	kind, err := apiutil.GVKForObject(o, p.live.Scheme())
	if err != nil {
		return false
	}
	found := metadata(kind)
	err = p.cached.Get(ctx, client.ObjectKeyFromObject(o), found)
	return err == nil && found.DeletionTimestamp.IsZero() && Ours(found, statefulSet)
}

func (p *Provisioner) metadataOf(ctx context.Context, o client.Object) (*metav1.PartialObjectMetadata, error) {
	kind, err := apiutil.GVKForObject(o, p.live.Scheme())
	if err != nil {
		return nil, fmt.Errorf("naming the kind of %T: %w", o, err)
	}
	found := metadata(kind)
	if err := p.live.Get(ctx, client.ObjectKeyFromObject(o), found); err != nil {
		return nil, fmt.Errorf("reading %s %s: %w", kind.Kind, client.ObjectKeyFromObject(o), err)
	}
	return found, nil
}
