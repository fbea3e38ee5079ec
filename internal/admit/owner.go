// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// defaultAccount is what the API server calls the account of pods that name none.
const defaultAccount = "default"

// claim is a pod of a review, which anybody who reaches the port may have written, beside what the API server itself says
// of the StatefulSet that the pod names as its controller.
type claim struct {
	PodRequest
	owner *metav1.OwnerReference
	// namespaceOptIn reports whether the Namespace asks for injection.
	namespaceOptIn bool
	// set is the StatefulSet; nil where it does not exist.
	set *appsv1.StatefulSet
}

// readOwner asks the API server, not a cache: a StatefulSet is often younger than what a cache knows.
func (r Reviewer) readOwner(ctx context.Context, namespace, name string) (*appsv1.StatefulSet, error) {
	set := &appsv1.StatefulSet{}
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, set)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("looking up StatefulSet %s/%s: %w", namespace, name, err)
	}
	return set, nil
}

// prove compares the pod with the API server's word. It returns the StatefulSet with the template that the pod was made
// from, or why the pod is not believed. Nothing of the StatefulSet is told to somebody who does not know its UID.
func (r Reviewer) prove(ctx context.Context, c claim) (proven *appsv1.StatefulSet, doubt string, err error) {
	switch {
	case c.set == nil:
		return nil, "does not exist: create the StatefulSet, which makes its pods itself", nil
	case c.set.UID != c.owner.UID:
		return nil, fmt.Sprintf("is not the one that the pod names, whose uid is %q: delete the pod, and let the StatefulSet make it", c.owner.UID), nil
	case c.set.DeletionTimestamp != nil:
		return nil, "is being deleted, and makes no pods any more: create it again once it is gone", nil
	case !c.isNamed() || !isPodOf(c.Name, c.set.Name):
		return nil, fmt.Sprintf("makes no pod of this name, but %s-0, %s-1 and so on: let the StatefulSet make it", c.set.Name, c.set.Name), nil
	}
	doubt = c.differs(c.set.Spec.Template)
	if doubt == "" {
		return c.set, "", nil
	}
	template, err := r.revision(ctx, c)
	if err != nil || template == nil {
		return nil, doubt, err
	}
	if doubt = c.differs(*template); doubt != "" {
		return nil, doubt, nil
	}
	proven = c.set.DeepCopy()
	proven.Spec.Template = *template
	return proven, "", nil
}

// isNamed reports whether request and pod have one name, and not only the beginning of one.
func (c claim) isNamed() bool {
	return c.Pod.Name == c.Name || c.Pod.Name == "" && c.Pod.GenerateName == ""
}

// isPodOf reports whether a StatefulSet makes pods of this name.
func isPodOf(pod, set string) bool {
	ordinal, ok := strings.CutPrefix(pod, set+"-")
	n, err := strconv.Atoi(ordinal)
	return ok && err == nil && n >= 0 && strconv.Itoa(n) == ordinal
}

// differs says in what the pod is not one of this template; empty if it may be one. Only what is granted for the pod is
// compared: other webhooks may have changed the rest.
func (c claim) differs(template corev1.PodTemplateSpec) string {
	if !c.optedIn(template) {
		return fmt.Sprintf("is not opted in, neither by its own label nor by its template or its namespace: set the label %s: %s on the StatefulSet", contract.LabelOptIn, contract.OptInEnabled)
	}
	pod, want := accountOf(c.Pod.Spec), accountOf(template.Spec)
	if pod == want || want == defaultAccount && pod == contract.ObjectName(c.set.Name) {
		return ""
	}
	return fmt.Sprintf("runs its pods under service account %s, and this one names %s: name %s in spec.template.spec.serviceAccountName, or let the StatefulSet make the pod", want, pod, pod)
}

// optedIn asks the three places that opt in; the nearest one that says anything decides.
func (c claim) optedIn(template corev1.PodTemplateSpec) bool {
	for _, labels := range []map[string]string{template.Labels, c.set.Labels} {
		if value, ok := labels[contract.LabelOptIn]; ok {
			return value == contract.OptInEnabled
		}
	}
	return c.namespaceOptIn
}

func accountOf(spec corev1.PodSpec) string {
	return cmp.Or(spec.ServiceAccountName, spec.DeprecatedServiceAccount, defaultAccount)
}

// revision is the template of the revision that the pod names, while a rollout is under way: a pod that dies before its
// turn comes is made again from the template of before. Nil where it is not one that the controller makes pods from now.
func (r Reviewer) revision(ctx context.Context, c claim) (*corev1.PodTemplateSpec, error) {
	name := c.Pod.Labels[appsv1.ControllerRevisionHashLabelKey]
	if name == "" || name != c.set.Status.CurrentRevision && name != c.set.Status.UpdateRevision {
		return nil, nil
	}
	found := &appsv1.ControllerRevision{}
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: c.set.Namespace, Name: name}, found)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("looking up ControllerRevision %s/%s: %w", c.set.Namespace, name, err)
	case !metav1.IsControlledBy(found, c.set):
		return nil, nil
	}
	var data struct {
		Spec struct {
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(found.Data.Raw, &data); err != nil {
		return nil, fmt.Errorf("reading ControllerRevision %s/%s: %w", c.set.Namespace, name, err)
	}
	return &data.Spec.Template, nil
}

// unproven refuses the pod.
func (c claim) unproven(doubt string) mutate.Result {
	return mutate.Result{
		Reason: DeniedOwner,
		Denied: fmt.Sprintf("pod %s/%s: StatefulSet %s/%s, its controller by metadata.ownerReferences, %s", c.Namespace, c.Name, c.Namespace, c.owner.Name, doubt),
	}
}
