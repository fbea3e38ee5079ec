// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

const (
	// budget of Ensure: an admission request waits for it.
	budget = 2 * time.Second
	// fresh is how long a group that was made here is taken for present, while the cache learns of it.
	fresh = 5 * time.Second
	// parallel requests of one Ensure.
	parallel = 6
)

// Provisioner makes and repairs the objects of groups.
type Provisioner struct {
	// live reads and writes without a cache.
	live client.Client
	// cached reads the metadata that CacheOptions hold.
	cached client.Reader
	events events.EventRecorder
	now    func() time.Time
	random func() string
	// labelsRole is the ClusterRole with LabelsRules.
	labelsRole string
	release    keys.Release

	flights singleflight.Group
	mu      sync.Mutex
	made    map[types.NamespacedName]time.Time
}

// Options are what a Provisioner needs beside the API.
type Options struct {
	// Now is the clock.
	Now func() time.Time
	// Random returns a text that nobody can guess.
	Random func() string
	// LabelsRole names the ClusterRole with LabelsRules.
	LabelsRole string
	// Release is the key from which the passwords of groups are derived.
	Release keys.Release
}

// New returns a Provisioner. live must not be cached, cached is the cache of CacheOptions.
func New(live client.Client, cached client.Reader, recorder events.EventRecorder, o Options) *Provisioner {
	return &Provisioner{
		live: live, cached: cached, events: recorder, now: o.Now, random: o.Random, labelsRole: o.LabelsRole,
		release: o.Release, made: map[types.NamespacedName]time.Time{},
	}
}

// Ensure returns when everything that a pod of the group needs exists, or with an error after two seconds. Of the API server
// nothing is asked while the cache has it all, but for Secrets, which are in no cache and told again what they shall hold.
// Requests for one group at the same time share one attempt.
//
// The error is a *ForeignError where a name is taken; a taken name of a Service is only reported by an Event.
func (p *Provisioner) Ensure(ctx context.Context, g mutate.Group) error {
	if p.wasMade(g) {
		return nil
	}
	missing := everyPart
	if p.Present(ctx, g) {
		missing = func(part *part) bool { return part.unread }
	}
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	flight := p.flights.DoChan(key(g).String()+" "+accountOf(g), func() (any, error) {
		// The first request may be cancelled while others wait for the same objects.
		shared, done := context.WithTimeout(context.WithoutCancel(ctx), budget)
		defer done()
		return nil, p.create(shared, g, missing)
	})
	select {
	case result := <-flight:
		return result.Err
	case <-ctx.Done():
		return fmt.Errorf("creating what group %s needs took longer than %s: %w", key(g), budget, ctx.Err())
	}
}

// create makes what is missing and absent, all parts at once but for those that wait for another.
func (p *Provisioner) create(ctx context.Context, g mutate.Group, missing func(*part) bool) error {
	all, err := p.describe(ctx, g)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(part *part) bool { return !missing(part) })
	var first, second errgroup.Group
	first.SetLimit(parallel)
	second.SetLimit(parallel)
	for _, part := range all {
		if part.after == nil {
			first.Go(func() error { return p.createOrWarn(ctx, g, part) })
		}
	}
	if err := first.Wait(); err != nil {
		return err
	}
	for _, part := range all {
		if part.after != nil {
			second.Go(func() error { return p.createOrWarn(ctx, g, part) })
		}
	}
	if err := second.Wait(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.made, func(_ types.NamespacedName, at time.Time) bool { return p.now().Sub(at) > fresh })
	p.made[key(g)] = p.now()
	return nil
}

// createOrWarn warns of an optional part by Event instead of failing.
func (p *Provisioner) createOrWarn(ctx context.Context, g mutate.Group, part *part) error {
	err := p.createPart(ctx, g, part)
	if err == nil || !part.optional || terminating(err) {
		return err
	}
	p.warnOf(g, err)
	return nil
}

// terminating reports whether the Namespace is on its way out: nothing can be created in it, not even an Event.
func terminating(err error) bool {
	return apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}

func (p *Provisioner) createPart(ctx context.Context, g mutate.Group, part *part) error {
	object := part.object.DeepCopyObject().(client.Object)
	if part.fill != nil {
		part.fill(object, p.random)
	}
	err := p.live.Create(ctx, object, client.FieldOwner(contract.FieldManager))
	switch {
	case err == nil:
		if account, ok := object.(*corev1.ServiceAccount); ok {
			p.tellRenewed(ctx, g, account)
		}
		return nil
	case !apierrors.IsAlreadyExists(err):
		return fmt.Errorf("creating %s %s: %w", kindOf(object), client.ObjectKeyFromObject(object), err)
	}
	look := p.metadataOf
	if part.unread {
		look = func(ctx context.Context, o client.Object) (*metav1.PartialObjectMetadata, error) {
			return p.secretOf(ctx, client.ObjectKeyFromObject(o), g.StatefulSet)
		}
	}
	found, err := look(ctx, part.object)
	switch {
	case err != nil:
		return err
	case found == nil || !Ours(found, g.StatefulSet):
		return part.foreign()
	case part.refresh:
		return p.refreshSecret(ctx, part.object.(*corev1.Secret), g.StatefulSet)
	}
	return nil
}

func everyPart(*part) bool { return true }

func (p *part) foreign() *ForeignError {
	return &ForeignError{Kind: kindOf(p.object), Namespace: p.object.GetNamespace(), Name: p.object.GetName(), Rename: p.rename}
}

func (p *Provisioner) wasMade(g mutate.Group) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.made[key(g)]
	return ok && p.now().Sub(at) <= fresh
}

func (p *Provisioner) forget(name types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.made, name)
}

func key(g mutate.Group) types.NamespacedName {
	return types.NamespacedName{Namespace: g.Namespace, Name: g.StatefulSet}
}
