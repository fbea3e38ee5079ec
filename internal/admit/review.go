// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"cmp"
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// Labels returns the labels of a Namespace.
type Labels func(ctx context.Context, namespace string) (map[string]string, error)

// Reviewer answers what has to change in an object. It writes nothing.
type Reviewer struct {
	// Policy returns the policy that holds now.
	Policy func() *policy.Policy
	// NamespaceLabels looks a Namespace up.
	NamespaceLabels Labels
	// Live reads StatefulSets from the API server, to prove what a review says of them. Nil: there is nobody to ask, and the
	// caller vouches for the objects.
	Live client.Reader
	// Excluded are the namespaces where everything is left as it is, whoever asks.
	Excluded map[string]bool
	// AccountPresent reports whether the account exists that the pods of a StatefulSet get; it is asked on dry-run only,
	// because otherwise the account is made before the answer is given. Nil: it exists.
	AccountPresent func(ctx context.Context, namespace, statefulSet string) bool
	// Offline is set where there is no server whose pods these are: what it would add is not missed.
	Offline bool
	// HookKey authenticates preStop hooks.
	HookKey []byte
	// Version of the webhook.
	Version string
}

// PodRequest is a pod that is being created. Its review changes Pod.
type PodRequest struct {
	// Namespace and Name are those of the request: the pod itself may carry neither.
	Namespace, Name string
	Pod             *corev1.Pod
	DryRun          bool
	// SetAnnotations are those of the pod's StatefulSet, where the caller knows it and there is no API server to ask.
	SetAnnotations map[string]string
	// Replicas is how many pods that StatefulSet asks for; 0 where nobody knows.
	Replicas int
}

// object is what policy looks at.
func (r PodRequest) object() policy.Object {
	return policy.Object{
		Namespace: r.Namespace, PodLabels: r.Pod.Labels, PodAnnotations: mutate.Effective(r.Pod.Annotations, r.SetAnnotations),
	}
}

// SetRequest is a StatefulSet that is being created or changed. Its review changes Set.
type SetRequest struct {
	// Namespace is that of the request.
	Namespace string
	// Set is the StatefulSet as it was sent, Old as it was before; nil at creation.
	Set, Old *appsv1.StatefulSet
}

// Pod reviews a pod. Where there is an API server to ask, the group of the result is that of the StatefulSet as it lives
// there, and a pod that differs from it is refused: the pod alone proves nothing.
func (r Reviewer) Pod(ctx context.Context, req PodRequest) (mutate.Result, error) {
	if r.Excluded[req.Namespace] {
		return mutate.Result{Reason: ExcludedNamespace}, nil
	}
	known, err := r.lookUp(ctx, req.object())
	if err != nil {
		return mutate.Result{}, err
	}
	c := claim{PodRequest: req, owner: mutate.OwningStatefulSet(req.Pod), namespaceOptIn: known.optIn}
	if r.Live == nil || c.owner == nil || !mutate.Wants(req.Pod, known.optIn, known.resolved.Images) {
		return r.inject(ctx, c, known), nil
	}
	if c.set, err = r.readOwner(ctx, req.Namespace, c.owner.Name); err != nil {
		return mutate.Result{}, err
	}
	if c.set != nil && !c.namespaceHolds(c.set) {
		known.optIn = false
		return r.inject(ctx, c, known), nil
	}
	if c.set == nil && req.DryRun {
		result := r.inject(ctx, c, known)
		result.Group = nil
		result.Warnings = append(result.Warnings, fmt.Sprintf("redis-sentinel: dry-run: StatefulSet %s/%s does not exist, and without it the pod would be refused", req.Namespace, c.owner.Name))
		return result, nil
	}
	proven, doubt, err := r.prove(ctx, c)
	if err != nil {
		return mutate.Result{}, err
	}
	if doubt != "" {
		return c.unproven(doubt), nil
	}
	return r.injectProven(ctx, c, proven)
}

// injectProven takes from the pod what changes in the pod, and from the StatefulSet what is made around it.
func (r Reviewer) injectProven(ctx context.Context, c claim, proven *appsv1.StatefulSet) (mutate.Result, error) {
	group, refused, err := r.GroupOf(ctx, proven)
	if err != nil {
		return mutate.Result{}, err
	}
	c.SetAnnotations, c.Replicas = proven.Annotations, mutate.Replicas(proven)
	known, err := r.lookUp(ctx, c.object())
	if err != nil {
		return mutate.Result{}, err
	}
	result := r.inject(ctx, c, known)
	switch {
	case result.Group == nil:
		return result, nil
	case group == nil:
		return c.unproven("does not make such a pod: " + cmp.Or(refused, "its template is left as it is")), nil
	}
	result.Group = group
	return result, nil
}

// inject answers by what is written in the pod.
func (r Reviewer) inject(ctx context.Context, c claim, known lookup) mutate.Result {
	// On dry-run nothing is made, and the API server refuses pods of accounts that do not exist.
	missing := c.DryRun && c.owner != nil && r.AccountPresent != nil && !r.AccountPresent(ctx, c.Namespace, c.owner.Name)
	return mutate.ReviewPod(c.Pod, mutate.Input{
		Namespace: c.Namespace, Name: c.Name, DryRun: c.DryRun, AccountReady: !missing, NamespaceOptIn: known.optIn,
		SetAnnotations: c.SetAnnotations, Replicas: c.Replicas, Resolved: known.resolved, ResolveErr: known.refusal, HookKey: r.HookKey, Offline: r.Offline, Version: r.Version,
	})
}

// namespaceHolds reports whether a StatefulSet leaves the opt-in of its Namespace standing: "disabled" on the StatefulSet
// itself wins, and its pods do not show it.
func (c claim) namespaceHolds(set *appsv1.StatefulSet) bool {
	_, own := c.Pod.Labels[contract.LabelOptIn]
	return own || set.Labels[contract.LabelOptIn] != contract.OptInDisabled
}

// StatefulSet reviews a StatefulSet.
func (r Reviewer) StatefulSet(ctx context.Context, req SetRequest) (mutate.Result, error) {
	if r.Excluded[req.Namespace] {
		return mutate.Result{Reason: ExcludedNamespace}, nil
	}
	known, err := r.lookUp(ctx, policy.Object{
		Namespace: req.Namespace, PodLabels: req.Set.Spec.Template.Labels, PodAnnotations: mutate.PodAnnotations(req.Set),
	})
	if err != nil {
		return mutate.Result{}, err
	}
	result := mutate.ReviewStatefulSet(req.Set, req.Old, mutate.SetInput{
		Namespace: req.Namespace, NamespaceOptIn: known.optIn, Resolved: known.resolved, ResolveErr: known.refusal,
	})
	result.Warnings = append(result.Warnings, r.surroundings(ctx, req.Namespace, result.Newcomer)...)
	return result, nil
}

// Scale reviews the wish for so many pods of a StatefulSet, which is looked up: the wish has nothing else of it.
func (r Reviewer) Scale(ctx context.Context, namespace, name string, replicas int32) (mutate.Result, error) {
	if r.Excluded[namespace] {
		return mutate.Result{Reason: ExcludedNamespace}, nil
	}
	set, err := r.readOwner(ctx, namespace, name)
	if err != nil || set == nil {
		return mutate.Result{Reason: mutate.Unchanged}, err
	}
	scaled := set.DeepCopy()
	scaled.Spec.Replicas = &replicas
	result, err := r.StatefulSet(ctx, SetRequest{Namespace: namespace, Set: scaled, Old: set})
	if err != nil || result.Denied != "" {
		return result, err
	}
	return mutate.Result{Reason: mutate.Unchanged}, nil // what else is to be said of the StatefulSet, its own review says
}

// GroupOf is provision.GroupOf: it reviews the first pod that the StatefulSet makes. The caller has read the StatefulSet
// from the API server, so nothing is left to prove.
func (r Reviewer) GroupOf(ctx context.Context, set *appsv1.StatefulSet) (group *mutate.Group, refused string, err error) {
	if r.Excluded[set.Namespace] {
		return nil, "", nil
	}
	pod := mutate.FirstPod(set)
	req := PodRequest{Namespace: set.Namespace, Name: pod.Name, Pod: pod, SetAnnotations: set.Annotations, Replicas: mutate.Replicas(set)}
	known, err := r.lookUp(ctx, req.object())
	if err != nil {
		return nil, "", err
	}
	c := claim{PodRequest: req, owner: mutate.OwningStatefulSet(pod)}
	known.optIn = known.optIn && c.namespaceHolds(set)
	result := r.inject(ctx, c, known)
	return result.Group, result.Denied, nil
}

// lookup is what is known of an object beside the object itself.
type lookup struct {
	// optIn reports whether the Namespace asks for injection.
	optIn    bool
	resolved policy.Resolved
	// refusal is why policy has no answer; nil where it has one.
	refusal error
}

// lookUp completes what policy looks at, and asks policy. It fails only where the Namespace cannot be read, which is
// nobody's fault and may be tried again.
func (r Reviewer) lookUp(ctx context.Context, o policy.Object) (lookup, error) {
	var err error
	if o.NamespaceLabels, err = r.NamespaceLabels(ctx, o.Namespace); err != nil {
		return lookup{}, fmt.Errorf("looking up Namespace %s: %w", o.Namespace, err)
	}
	found := lookup{optIn: o.NamespaceLabels[contract.LabelOptIn] == contract.OptInEnabled}
	found.resolved, found.refusal = r.Policy().Resolve(o)
	return found, nil
}

// malformed does not repeat the object: only the decoder's own words.
func malformed(err error) mutate.Result {
	return mutate.Result{Reason: mutate.DeniedMalformed, Denied: err.Error()}
}
