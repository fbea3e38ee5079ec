// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"context"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
	// HookKey authenticates preStop hooks.
	HookKey []byte
	// Version of the webhook.
	Version string
}

// Subject is the object of a review.
type Subject struct {
	Namespace string
	// Name is the name, or the generateName of an object that has none yet.
	Name string
	// Raw is the object as it was sent, Old as it was before (StatefulSets only; nil at creation).
	Raw, Old []byte
	DryRun   bool
}

// Pod reviews a pod. accountReady says whether the account that it would get exists; it matters on dry-run only.
func (r Reviewer) Pod(ctx context.Context, s Subject, accountReady bool) (mutate.Result, error) {
	labels, annotations, err := mutate.PodLooksAt(s.Raw)
	if err != nil {
		return malformed(err), nil
	}
	resolved, resolveErr, optIn, err := r.resolve(ctx, s.Namespace, labels, annotations)
	if err != nil {
		return mutate.Result{}, err
	}
	if _, own := labels[contract.LabelOptIn]; optIn && !own {
		if optIn, err = r.setAgrees(ctx, s); err != nil {
			return mutate.Result{}, err
		}
	}
	return mutate.Pod(s.Raw, mutate.Input{
		Namespace: s.Namespace, Name: s.Name, DryRun: s.DryRun, AccountReady: accountReady, NamespaceOptIn: optIn,
		Resolved: resolved, ResolveErr: resolveErr, HookKey: r.HookKey, Version: r.Version,
	}), nil
}

// setAgrees says whether the StatefulSet of a pod leaves the opt-in of its Namespace standing: "disabled" on the
// StatefulSet itself wins, and the pod does not show it.
func (r Reviewer) setAgrees(ctx context.Context, s Subject) (bool, error) {
	var pod struct {
		Metadata struct {
			OwnerReferences []metav1.OwnerReference `json:"ownerReferences"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(s.Raw, &pod); err != nil || r.SetLabels == nil {
		return true, nil //nolint:nilerr // what cannot be read is refused with its own message later
	}
	for _, owner := range pod.Metadata.OwnerReferences {
		if owner.Kind != "StatefulSet" {
			continue
		}
		labels, err := r.SetLabels(ctx, s.Namespace, owner.Name)
		if err != nil {
			return false, fmt.Errorf("looking up StatefulSet %s/%s: %w", s.Namespace, owner.Name, err)
		}
		return labels[contract.LabelOptIn] != contract.OptInDisabled, nil
	}
	return true, nil
}

// StatefulSet reviews a StatefulSet.
func (r Reviewer) StatefulSet(ctx context.Context, s Subject) (mutate.Result, error) {
	labels, annotations, err := mutate.TemplateLooksAt(s.Raw)
	if err != nil {
		return malformed(err), nil
	}
	resolved, resolveErr, optIn, err := r.resolve(ctx, s.Namespace, labels, annotations)
	if err != nil {
		return mutate.Result{}, err
	}
	return mutate.StatefulSet(s.Raw, s.Old, mutate.SetInput{
		Namespace: s.Namespace, NamespaceOptIn: optIn, Resolved: resolved, ResolveErr: resolveErr,
	}), nil
}

// GroupOf is provision.GroupOf: it reviews the first pod that the StatefulSet makes.
func (r Reviewer) GroupOf(ctx context.Context, statefulSet []byte) (group *mutate.Group, refused string, err error) {
	pod, err := PodOf(statefulSet, 0)
	if err != nil {
		return nil, "", err
	}
	result, err := r.Pod(ctx, Subject{Namespace: pod.Namespace, Name: pod.Name, Raw: pod.Raw}, true)
	if err != nil {
		return nil, "", err
	}
	return result.Group, result.Denied, nil
}

// resolve returns an error of its own only where the Namespace cannot be read, which is nobody's fault and may be tried
// again.
func (r Reviewer) resolve(ctx context.Context, namespace string, labels, annotations map[string]string) (policy.Resolved, error, bool, error) {
	of, err := r.NamespaceLabels(ctx, namespace)
	if err != nil {
		return policy.Resolved{}, nil, false, fmt.Errorf("looking up Namespace %s: %w", namespace, err)
	}
	resolved, resolveErr := r.Policy().Resolve(policy.Object{
		Namespace: namespace, NamespaceLabels: of, PodLabels: labels, PodAnnotations: annotations,
	})
	return resolved, resolveErr, of[contract.LabelOptIn] == contract.OptInEnabled, nil
}

// malformed does not repeat the object: only the decoder's own words.
func malformed(err error) mutate.Result {
	return mutate.Result{Reason: mutate.DeniedMalformed, Denied: fmt.Sprintf("the object cannot be read: %v", err)}
}
