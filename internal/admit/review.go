// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

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
	// SetLabels looks a StatefulSet up; it is asked only for pods that their Namespace opts in. Nil: nobody can be asked.
	SetLabels func(ctx context.Context, namespace, name string) (map[string]string, error)
	// AccountPresent reports whether the account exists that the pods of a StatefulSet get; it is asked on dry-run only,
	// because otherwise the account is made before the answer is given. Nil: it exists.
	AccountPresent func(ctx context.Context, namespace, statefulSet string) bool
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
}

// SetRequest is a StatefulSet that is being created or changed. Its review changes Set.
type SetRequest struct {
	// Namespace is that of the request.
	Namespace string
	// Set is the StatefulSet as it was sent, Old as it was before; nil at creation.
	Set, Old *appsv1.StatefulSet
}

// Pod reviews a pod.
func (r Reviewer) Pod(ctx context.Context, req PodRequest) (mutate.Result, error) {
	known, err := r.lookUp(ctx, policy.Object{Namespace: req.Namespace, PodLabels: req.Pod.Labels, PodAnnotations: req.Pod.Annotations})
	if err != nil {
		return mutate.Result{}, err
	}
	owner := mutate.OwningStatefulSet(req.Pod)
	if _, own := req.Pod.Labels[contract.LabelOptIn]; known.optIn && !own && owner != nil {
		if known.optIn, err = r.setAgrees(ctx, req.Namespace, owner.Name); err != nil {
			return mutate.Result{}, err
		}
	}
	// On dry-run nothing is made, and the API server refuses pods of accounts that do not exist.
	missing := req.DryRun && owner != nil && r.AccountPresent != nil && !r.AccountPresent(ctx, req.Namespace, owner.Name)
	return mutate.ReviewPod(req.Pod, mutate.Input{
		Namespace: req.Namespace, Name: req.Name, DryRun: req.DryRun, AccountReady: !missing, NamespaceOptIn: known.optIn,
		Resolved: known.resolved, ResolveErr: known.refusal, HookKey: r.HookKey, Version: r.Version,
	}), nil
}

// setAgrees reports whether a StatefulSet leaves the opt-in of its Namespace standing: "disabled" on the StatefulSet
// itself wins, and its pods do not show it.
func (r Reviewer) setAgrees(ctx context.Context, namespace, name string) (bool, error) {
	if r.SetLabels == nil {
		return true, nil
	}
	labels, err := r.SetLabels(ctx, namespace, name)
	if err != nil {
		return false, fmt.Errorf("looking up StatefulSet %s/%s: %w", namespace, name, err)
	}
	return labels[contract.LabelOptIn] != contract.OptInDisabled, nil
}

// StatefulSet reviews a StatefulSet.
func (r Reviewer) StatefulSet(ctx context.Context, req SetRequest) (mutate.Result, error) {
	known, err := r.lookUp(ctx, policy.Object{
		Namespace: req.Namespace, PodLabels: req.Set.Spec.Template.Labels, PodAnnotations: mutate.PodAnnotations(req.Set),
	})
	if err != nil {
		return mutate.Result{}, err
	}
	return mutate.ReviewStatefulSet(req.Set, req.Old, mutate.SetInput{
		Namespace: req.Namespace, NamespaceOptIn: known.optIn, Resolved: known.resolved, ResolveErr: known.refusal,
	}), nil
}

// GroupOf is provision.GroupOf: it reviews the first pod that the StatefulSet makes.
func (r Reviewer) GroupOf(ctx context.Context, statefulSet []byte) (group *mutate.Group, refused string, err error) {
	first, err := PodOf(statefulSet, 0)
	if err != nil {
		return nil, "", err
	}
	pod, err := mutate.DecodePod(first.Raw)
	if err != nil {
		return nil, malformed(err).Denied, nil
	}
	result, err := r.Pod(ctx, PodRequest{Namespace: first.Namespace, Name: first.Name, Pod: pod})
	return result.Group, result.Denied, err
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
