// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

const (
	// podsPause and claimsPause are how long a group waits for its last pods and claims to go. Claims are usually kept.
	podsPause   = 15 * time.Second
	claimsPause = 10 * time.Minute
	// refusedPause is how long a StatefulSet is left alone whose pods would be refused: only a person can change that,
	// and a change of StatefulSet, Namespace or policy wakes us anyway.
	refusedPause = 10 * time.Minute
)

// GroupOf returns the group that the pods of a StatefulSet form, by what their admission would answer: nil, if they are left
// alone; refused is the message where they would be refused. An error says that nobody could tell.
type GroupOf func(ctx context.Context, set *appsv1.StatefulSet) (group *mutate.Group, refused string, err error)

// Reconciler brings the objects of one group into order: it repairs them while there is a StatefulSet, and removes them
// when nothing is left.
type Reconciler struct {
	provisioner *Provisioner
	groupOf     GroupOf
}

// NewReconciler returns a Reconciler.
func NewReconciler(p *Provisioner, groupOf GroupOf) *Reconciler {
	return &Reconciler{provisioner: p, groupOf: groupOf}
}

// Reconcile takes the name of the StatefulSet, whether or not there is one.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	live := &appsv1.StatefulSet{}
	err := r.provisioner.live.Get(ctx, request.NamespacedName, live)
	if apierrors.IsNotFound(err) {
		return r.removeIfGone(ctx, request)
	}
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("reading StatefulSet %s: %w", request, err)
	}
	if live.GetDeletionTimestamp() != nil {
		return reconcile.Result{RequeueAfter: podsPause}, nil
	}
	group, refused, err := r.groupOf(ctx, live)
	switch {
	case err != nil:
		return reconcile.Result{}, err
	case refused != "":
		log.FromContext(ctx).V(1).Info("Pods of the StatefulSet would be refused", "message", refused)
		return reconcile.Result{RequeueAfter: refusedPause}, nil
	case group == nil:
		return r.removeIfReleased(ctx, request)
	}
	group.StatefulSetUID = string(live.GetUID())
	err = r.provisioner.Repair(ctx, *group)
	switch {
	case terminating(err):
		return reconcile.Result{RequeueAfter: podsPause}, nil
	case apierrors.IsConflict(err): // somebody wrote in between: look again
		return reconcile.Result{RequeueAfter: time.Second}, nil
	}
	return reconcile.Result{}, err
}

// removeIfGone removes the objects once neither pod nor claim is left: the record says whose data leads, so it lives as
// long as there may be data.
func (r *Reconciler) removeIfGone(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	left, err := r.provisioner.leftoversOf(ctx, request.NamespacedName)
	switch {
	case err != nil:
		return reconcile.Result{}, err
	case left.pods:
		return reconcile.Result{RequeueAfter: podsPause}, nil
	case left.claims:
		return reconcile.Result{RequeueAfter: claimsPause}, nil
	}
	return reconcile.Result{}, r.provisioner.Remove(ctx, request.NamespacedName)
}

// removeIfReleased removes the objects of a StatefulSet that is not a group any more, once its last injected pod is gone. A
// record kept beyond that would name a master of the past when the StatefulSet is opted in again.
func (r *Reconciler) removeIfReleased(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	left, err := r.provisioner.leftoversOf(ctx, request.NamespacedName)
	switch {
	case err != nil:
		return reconcile.Result{}, err
	case left.pods:
		return reconcile.Result{RequeueAfter: podsPause}, nil
	}
	return reconcile.Result{}, r.provisioner.Remove(ctx, request.NamespacedName)
}
