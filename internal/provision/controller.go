// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// Everything is an event for the controller that asks it to look at every group again, after a change of policy.
type Everything = event.TypedGenericEvent[*metav1.PartialObjectMetadata]

// Register makes the manager's leader run the reconciler. Groups are looked at again when one of their objects, their
// StatefulSet, their Sentinel set or their Namespace changes, and all of them for each event from everything.
func Register(mgr ctrl.Manager, r *Reconciler, everything <-chan Everything) error {
	m := mapper{cached: mgr.GetCache()}
	build := ctrl.NewControllerManagedBy(mgr).Named("groups").
		WithOptions(controller.Options{MaxConcurrentReconciles: 2}).
		WatchesMetadata(metadata(kindStatefulSet), handler.EnqueueRequestsFromMapFunc(m.ofStatefulSet), builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.LabelChangedPredicate{}, settingsChanged()))).
		WatchesMetadata(metadata(kindNamespace), handler.EnqueueRequestsFromMapFunc(m.ofNamespace), builder.WithPredicates(predicate.LabelChangedPredicate{})).
		WatchesRawSource(source.Channel(everything, handler.TypedEnqueueRequestsFromMapFunc(m.all)))
	for _, kind := range provisioned() {
		of := ofObject
		if kind == kindRoleBinding {
			of = m.ofBinding
		}
		events := handler.EnqueueRequestsFromMapFunc(of)
		if kind == kindService {
			events = afterSwitch(events)
		}
		build = build.WatchesMetadata(metadata(kind), events, builder.WithPredicates(meaningful()))
	}
	if err := build.Complete(r); err != nil {
		return fmt.Errorf("registering the controller of groups: %w", err)
	}
	return nil
}

// switchTime outlasts a change of master.
const switchTime = 3 * time.Second

// afterSwitch looks at the group of a Service that was changed a moment later: in a change of master Sentinels' agents point it at the
// successor, the metadata does not tell that from anything else, and clients wait while the API server would be asked about the whole group.
func afterSwitch(events handler.EventHandler) handler.EventHandler {
	return handler.Funcs{
		CreateFunc: events.Create, DeleteFunc: events.Delete, GenericFunc: events.Generic,
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			for _, o := range []client.Object{e.ObjectOld, e.ObjectNew} {
				for _, request := range ofObject(ctx, o) {
					queue.AddAfter(request, switchTime)
				}
			}
		},
	}
}

// mapper finds the groups that an object has a say in.
type mapper struct {
	cached client.Reader
}

// ofObject is the group of one of our own objects. The label can be there and empty, which is the name of no StatefulSet.
func ofObject(_ context.Context, o client.Object) []reconcile.Request {
	name := o.GetLabels()[contract.LabelGroup]
	if name == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}}}
}

// ofStatefulSet is the group that the StatefulSet is, and the groups that it watches as a Sentinel set. A StatefulSet that
// neither is labelled nor has a record is not looked at: its first pod brings it here.
func (m mapper) ofStatefulSet(ctx context.Context, o client.Object) []reconcile.Request {
	own := types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}
	requests := m.records(ctx, func(record *metav1.PartialObjectMetadata) bool {
		return record.Namespace == own.Namespace && record.Labels[contract.LabelGroup] == own.Name || watchedBy(record, own)
	})
	if _, labelled := o.GetLabels()[contract.LabelOptIn]; labelled || m.hasAccount(ctx, own) {
		requests = append(requests, reconcile.Request{NamespacedName: own})
	}
	return requests
}

// watchedBy reports whether a record names the set.
func watchedBy(record *metav1.PartialObjectMetadata, set types.NamespacedName) bool {
	settings, err := contract.DecodeGroupSettings(record.Annotations[contract.RecordSettings])
	return err == nil && settings.Sentinels.Namespace == set.Namespace && settings.Sentinels.Name == set.Name
}

// ofBinding is the group of a binding, and the groups that the StatefulSet of that name watches: with the binding of a
// user's own Sentinel set comes the proof that it is one.
func (m mapper) ofBinding(ctx context.Context, o client.Object) []reconcile.Request {
	set := types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetLabels()[contract.LabelGroup]}
	watched := m.records(ctx, func(record *metav1.PartialObjectMetadata) bool { return watchedBy(record, set) })
	return append(ofObject(ctx, o), watched...)
}

// hasAccount finds users' own Sentinel sets, which have no record.
func (m mapper) hasAccount(ctx context.Context, own types.NamespacedName) bool {
	role := metadata(kindRole)
	err := m.cached.Get(ctx, types.NamespacedName{Namespace: own.Namespace, Name: contract.ObjectName(own.Name)}, role)
	return err == nil && Ours(role, own.Name)
}

// ofNamespace is every group in the Namespace: its labels choose rules of the policy.
func (m mapper) ofNamespace(ctx context.Context, o client.Object) []reconcile.Request {
	return m.records(ctx, func(record *metav1.PartialObjectMetadata) bool { return record.Namespace == o.GetName() })
}

func (m mapper) all(ctx context.Context, _ *metav1.PartialObjectMetadata) []reconcile.Request {
	return m.records(ctx, func(*metav1.PartialObjectMetadata) bool { return true })
}

// records are the groups whose record is one that is wanted.
func (m mapper) records(ctx context.Context, wanted func(record *metav1.PartialObjectMetadata) bool) []reconcile.Request {
	list := metadataList(coordinationv1.SchemeGroupVersion.WithKind("Lease"))
	if err := m.cached.List(ctx, list); err != nil {
		return nil // The cache is not there yet; every record is reconciled when it comes.
	}
	var requests []reconcile.Request
	for i := range list.Items {
		if wanted(&list.Items[i]) {
			requests = append(requests, ofObject(ctx, &list.Items[i])...)
		}
	}
	return requests
}

// settingsChanged lets a change of annotations through that the record and the Services follow. It raises no generation.
func settingsChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.GetAnnotations(), e.ObjectNew.GetAnnotations()
		return slices.ContainsFunc(mutate.LiveAnnotations(), func(name string) bool {
			was, there := before[name]
			is, still := after[name]
			return was != is || there != still
		})
	}}
}

// meaningful drops what agents write into records all the time: only what strip leaves can need a repair. Kinds whose
// content is not in their metadata are looked at whenever they change at all.
func meaningful() predicate.Predicate {
	lease := coordinationv1.SchemeGroupVersion.WithKind("Lease")
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		if e.ObjectNew.GetObjectKind().GroupVersionKind() != lease {
			return e.ObjectOld.GetResourceVersion() != e.ObjectNew.GetResourceVersion()
		}
		return !Ours(e.ObjectNew, e.ObjectOld.GetLabels()[contract.LabelGroup]) || !maps.Equal(e.ObjectOld.GetAnnotations(), e.ObjectNew.GetAnnotations())
	}}
}
