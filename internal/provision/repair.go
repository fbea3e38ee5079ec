// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// Repair brings every object of a group to its description, whatever the cache says. A name that is taken is reported by
// Event; every other failure is returned, after all parts were tried.
func (p *Provisioner) Repair(ctx context.Context, g mutate.Group) error {
	all, err := p.describe(ctx, g)
	if err != nil {
		return p.tellImmutable(g, err)
	}
	var failures []error
	for _, part := range all {
		err := p.repairPart(ctx, g, part)
		foreign := (*ForeignError)(nil)
		if err != nil && !terminating(err) && (part.optional || errors.As(err, &foreign)) {
			p.warnOf(g, err)
			continue
		}
		failures = append(failures, p.tellImmutable(g, err))
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	return p.removeFormer(ctx, g)
}

// removeFormer removes what the version before made, by the cache, where it still is there.
func (p *Provisioner) removeFormer(ctx context.Context, g mutate.Group) error {
	var failures []error
	for _, former := range formerParts(g) {
		if p.isCached(ctx, former, g.StatefulSet) {
			failures = append(failures, p.deleteOurs(ctx, former, g.StatefulSet))
		}
	}
	return errors.Join(failures...)
}

func (p *Provisioner) repairPart(ctx context.Context, g mutate.Group, part *part) error {
	live := part.object.DeepCopyObject().(client.Object)
	name := client.ObjectKeyFromObject(part.object)
	if part.unread {
		return p.createPart(ctx, g, part)
	}
	err := p.live.Get(ctx, name, live)
	switch {
	case apierrors.IsNotFound(err):
		return p.createPart(ctx, g, part)
	case err != nil:
		return fmt.Errorf("reading %s %s: %w", kindOf(live), name, err)
	case !Ours(live, g.StatefulSet):
		return part.foreign()
	case part.replace != nil && part.replace(live):
		if err := p.delete(ctx, live); err != nil {
			return err
		}
		return p.createPart(ctx, g, part)
	case !part.alignAll(live):
		return nil
	}
	if err := p.live.Update(ctx, live, client.FieldOwner(contract.FieldManager)); err != nil {
		return fmt.Errorf("repairing %s %s: %w", kindOf(live), name, err)
	}
	return nil
}

// delete removes exactly the object that was read: not one that took its name since, nor one that was changed since.
func (p *Provisioner) delete(ctx context.Context, live client.Object) error {
	uid, version := live.GetUID(), live.GetResourceVersion()
	err := p.live.Delete(ctx, live, client.Preconditions{UID: &uid, ResourceVersion: &version})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("deleting %s %s: %w", kindOf(live), client.ObjectKeyFromObject(live), err)
	}
	return nil
}

// Remove deletes everything that bears our labels for the group, each after a live look at it. The caller has made sure
// that nothing of the group is left.
func (p *Provisioner) Remove(ctx context.Context, group types.NamespacedName) error {
	p.forget(group)
	var failures []error
	for _, kind := range provisioned() {
		list := metadataList(kind)
		if err := p.cached.List(ctx, list, client.InNamespace(group.Namespace), client.MatchingLabels{contract.LabelGroup: group.Name}); err != nil {
			failures = append(failures, fmt.Errorf("listing %s: %w", kind.Kind, err))
			continue
		}
		for i := range list.Items {
			list.Items[i].SetGroupVersionKind(kind)
			failures = append(failures, p.deleteOurs(ctx, &list.Items[i], group.Name))
		}
	}
	return errors.Join(append(failures, p.removeSecrets(ctx, group))...)
}

// deleteOurs deletes an object after a live look at it, if it is there and ours.
func (p *Provisioner) deleteOurs(ctx context.Context, o client.Object, statefulSet string) error {
	live, err := p.metadataOf(ctx, o)
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return err
	case !Ours(live, statefulSet):
		return nil
	}
	return p.delete(ctx, live)
}
