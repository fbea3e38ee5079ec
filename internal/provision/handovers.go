// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

const (
	// handoverPatience is how long a requested handover is waited for. One that came later would come when nobody expects it.
	handoverPatience = time.Minute
	// handoverLook is how often it is looked for, and handoverGlance how often once most handovers would be over: whoever may annotate
	// many StatefulSets makes many wait.
	handoverLook   = 500 * time.Millisecond
	handoverGlance = 2 * time.Second
	mostHandovers  = 5 * time.Second
	// handoverRefused is the reason of the Event about one that did not happen.
	handoverRefused = "HandoverRefused"
)

// Handovers keeps the books of handovers that people ask for by an annotation on a StatefulSet. The master's agent hands over; here is
// written down whom "any" is to follow, the annotation is taken off when another leads, and answered when none does in time.
type Handovers struct {
	live   client.Client
	events events.EventRecorder
	now    func() time.Time

	mu    sync.Mutex
	asked map[types.NamespacedName]request
}

// request is what was asked for, and since when it is known.
type request struct {
	to    string
	since time.Time
}

// NewHandovers returns a Handovers; live must not be cached.
func NewHandovers(live client.Client, recorder events.EventRecorder, now func() time.Time) *Handovers {
	return &Handovers{live: live, events: recorder, now: now, asked: map[types.NamespacedName]request{}}
}

// Register makes the manager's leader keep the books.
func (h *Handovers) Register(mgr ctrl.Manager) error {
	asks := func(o client.Object) bool { return o.GetAnnotations()[contract.AnnotationHandover] != "" }
	changed := predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return asks(e.Object) },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return e.ObjectNew.GetAnnotations()[contract.AnnotationHandover] != e.ObjectOld.GetAnnotations()[contract.AnnotationHandover]
		},
		DeleteFunc: func(e event.DeleteEvent) bool { return asks(e.Object) },
	}
	err := ctrl.NewControllerManagedBy(mgr).Named("handovers").
		WatchesMetadata(metadata(kindStatefulSet), &handler.EnqueueRequestForObject{}, builder.WithPredicates(changed)).
		Complete(h)
	if err != nil {
		return fmt.Errorf("registering the controller of handovers: %w", err)
	}
	return nil
}

// Reconcile takes one step with the request that a StatefulSet may have.
func (h *Handovers) Reconcile(ctx context.Context, name reconcile.Request) (reconcile.Result, error) {
	set := &appsv1.StatefulSet{}
	if err := h.live.Get(ctx, name.NamespacedName, set); apierrors.IsNotFound(err) {
		h.forget(name.NamespacedName)
		return reconcile.Result{}, nil
	} else if err != nil {
		return reconcile.Result{}, fmt.Errorf("reading StatefulSet %s: %w", name, err)
	}
	to := set.Annotations[contract.AnnotationHandover]
	to = to[:min(len(to), longestLive)] // no pod has a longer name, and the answer repeats it
	_, said := set.Annotations[contract.AnnotationHandoverFrom]
	switch {
	case to == "" && said: // a person took the request back; the next one is not about the same master
		h.forget(name.NamespacedName)
		return reconcile.Result{}, h.annotate(ctx, set, map[string]any{contract.AnnotationHandoverFrom: nil})
	case to == "" || set.DeletionTimestamp != nil:
		h.forget(name.NamespacedName)
		return reconcile.Result{}, nil
	}
	master, err := h.master(ctx, set)
	if err != nil {
		return reconcile.Result{}, err
	}
	waited := h.waits(name.NamespacedName, to)
	from := set.Annotations[contract.AnnotationHandoverFrom]
	switch {
	case to == contract.HandoverAny && !said && master != "":
		err = h.annotate(ctx, set, map[string]any{contract.AnnotationHandoverFrom: master, contract.AnnotationHandoverRefused: nil})
	case master != "" && (to == master || to == contract.HandoverAny && from != master):
		err = h.annotate(ctx, set, answered(nil))
	case to != contract.HandoverAny && !makes(set, to):
		err = h.refuse(ctx, set, fmt.Sprintf("%s: the StatefulSet has no such pod, but %s", to, podsOf(set)))
	case waited >= handoverPatience:
		err = h.refuse(ctx, set, tooLate(to, master))
	}
	if err != nil && !apierrors.IsConflict(err) { // after a conflict it is looked at again in a moment
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if waited > mostHandovers {
		return reconcile.Result{RequeueAfter: handoverGlance}, nil
	}
	return reconcile.Result{RequeueAfter: handoverLook}, nil
}

// master is the pod that the record of a group names; empty where it names none, or where there is no record.
func (h *Handovers) master(ctx context.Context, set *appsv1.StatefulSet) (string, error) {
	lease := &coordinationv1.Lease{}
	key := client.ObjectKey{Namespace: set.Namespace, Name: contract.ObjectName(set.Name)}
	if err := h.live.Get(ctx, key, lease); client.IgnoreNotFound(err) != nil {
		return "", fmt.Errorf("reading Lease %s: %w", key, err)
	}
	return ptr.Deref(lease.Spec.HolderIdentity, ""), nil
}

// waits is how long a request has been known.
func (h *Handovers) waits(set types.NamespacedName, to string) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.asked[set].to != to {
		h.asked[set] = request{to, h.now()}
	}
	return h.now().Sub(h.asked[set].since)
}

func (h *Handovers) forget(set types.NamespacedName) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.asked, set)
}

// refuse answers a request that was not served.
func (h *Handovers) refuse(ctx context.Context, set *appsv1.StatefulSet, why string) error {
	if err := h.annotate(ctx, set, answered(why)); err != nil {
		return err
	}
	h.events.Eventf(set, nil, corev1.EventTypeWarning, handoverRefused, "Handover", "%s", why)
	return nil
}

// tooLate says why a request was not served in its time.
func tooLate(to, master string) string {
	if master == "" {
		return fmt.Sprintf("%s: there is no master: the group has not formed, or the pods of the StatefulSet are not opted in by %s=%s", to, contract.LabelOptIn, contract.OptInEnabled)
	}
	return fmt.Sprintf("%s: within %s no such pod took over from %s: it has to be Ready and in sync with the master; the master's Events and log say more", to, handoverPatience, master)
}

// ordinals are the first ordinal of a StatefulSet and the one after the last.
func ordinals(set *appsv1.StatefulSet) (first, end int) {
	if set.Spec.Ordinals != nil {
		first = int(set.Spec.Ordinals.Start)
	}
	return first, first + int(ptr.Deref(set.Spec.Replicas, 1))
}

// makes reports whether a StatefulSet makes a pod of a name.
func makes(set *appsv1.StatefulSet, pod string) bool {
	first, end := ordinals(set)
	ordinal, err := strconv.Atoi(strings.TrimPrefix(pod, set.Name+"-"))
	return err == nil && pod == fmt.Sprintf("%s-%d", set.Name, ordinal) && first <= ordinal && ordinal < end
}

// podsOf names the pods that a StatefulSet makes.
func podsOf(set *appsv1.StatefulSet) string {
	first, end := ordinals(set)
	if first == end {
		return "none at all"
	}
	return fmt.Sprintf("%s-%d to %s-%d", set.Name, first, set.Name, end-1)
}

// answered takes the request off; why is text, or nil where it was served.
func answered(why any) map[string]any {
	return map[string]any{contract.AnnotationHandover: nil, contract.AnnotationHandoverFrom: nil, contract.AnnotationHandoverRefused: why}
}

// annotate changes annotations of the StatefulSet that was read, and of no later one: somebody may have asked for something else.
func (h *Handovers) annotate(ctx context.Context, set *appsv1.StatefulSet, annotations map[string]any) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": set.UID, "resourceVersion": set.ResourceVersion, "annotations": annotations}})
	if err != nil {
		return fmt.Errorf("encoding an answer: %w", err)
	}
	err = h.live.Patch(ctx, set.DeepCopy(), client.RawPatch(types.MergePatchType, patch), client.FieldOwner(contract.FieldManager))
	if err != nil {
		return fmt.Errorf("annotating StatefulSet %s/%s: %w", set.Namespace, set.Name, err)
	}
	return nil
}
