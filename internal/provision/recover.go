// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Recovery ends the back-off of StatefulSets whose pods were refused while the webhook was away, which grows to many
// minutes: the leader writes an annotation on each opted-in StatefulSet that has fewer pods than it wants, and its
// controller tries again at once.
type Recovery struct {
	live    client.Client
	options RecoveryOptions
	log     logr.Logger
	// passes are the pauses before each look. Several, because the API server may need seconds to find the webhook's
	// endpoints, and because a StatefulSet is not written to again while it has what it wants.
	passes []time.Duration
}

// RecoveryOptions are what a Recovery asks.
type RecoveryOptions struct {
	// Ready reports whether this replica would answer now; a nudge before would only lengthen the back-off.
	Ready func() error
	// OptedIn reports whether a Namespace asks for injection.
	OptedIn func(ctx context.Context, namespace string) bool
	// Excluded are the namespaces where nothing is written.
	Excluded map[string]bool
	// Wake makes the leader look soon. What is sent on other replicas waits until they lead, when they look anyway.
	Wake <-chan struct{}
	// Now is the clock.
	Now func() time.Time
}

// NewRecovery returns a Recovery; live must not be cached.
func NewRecovery(live client.Client, o RecoveryOptions, log logr.Logger) *Recovery {
	return &Recovery{
		live: live, options: o, log: log,
		passes: []time.Duration{500 * time.Millisecond, 3 * time.Second, 10 * time.Second, 30 * time.Second},
	}
}

// NeedLeaderElection is true: one replica nudges.
func (r *Recovery) NeedLeaderElection() bool { return true }

// Start looks when the leader starts and each time it is woken.
func (r *Recovery) Start(ctx context.Context) error {
	for ctx.Err() == nil {
		for _, pause := range r.passes {
			if !sleep(ctx, pause) || !r.waitReady(ctx) {
				return nil
			}
			if err := r.Pass(ctx); err != nil {
				r.log.Error(err, "Cannot look for StatefulSets with missing pods")
			}
		}
		select {
		case <-ctx.Done():
		case <-r.options.Wake:
		}
	}
	return nil
}

// Pass nudges once every opted-in StatefulSet that has fewer pods than it wants. All namespaces are read live, page by
// page, because a template that opts in is not in any cache.
func (r *Recovery) Pass(ctx context.Context) error {
	var failures []error
	list := &appsv1.StatefulSetList{}
	for {
		if err := r.live.List(ctx, list, client.Limit(page), client.Continue(list.Continue)); err != nil {
			return fmt.Errorf("listing StatefulSets: %w", err)
		}
		for i := range list.Items {
			set := &list.Items[i]
			if !r.options.Excluded[set.Namespace] && r.missesPods(set) && wants(set, func() bool { return r.options.OptedIn(ctx, set.Namespace) }) {
				failures = append(failures, r.nudge(ctx, set))
			}
		}
		if list.Continue == "" {
			return errors.Join(failures...)
		}
	}
}

// page is how many StatefulSets are in memory at a time: each may be as large as anybody made it.
const page = 10

// young is the age below which a StatefulSet has no back-off worth ending.
const young = 10 * time.Second

func (r *Recovery) missesPods(set *appsv1.StatefulSet) bool {
	if r.options.Now().Sub(set.CreationTimestamp.Time) < young {
		return false
	}
	return set.DeletionTimestamp.IsZero() && set.Status.Replicas < ptr.Deref(set.Spec.Replicas, 1)
}

// wants asks the three places that opt in; the nearest one that says anything decides.
func wants(set *appsv1.StatefulSet, namespaceOptedIn func() bool) bool {
	for _, labels := range []map[string]string{set.Spec.Template.Labels, set.Labels} {
		if value, ok := labels[contract.LabelOptIn]; ok {
			return value == contract.OptInEnabled
		}
	}
	return namespaceOptedIn()
}

func (r *Recovery) nudge(ctx context.Context, set *appsv1.StatefulSet) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid":         set.UID,
		"annotations": map[string]string{contract.AnnotationTouched: r.options.Now().UTC().Format(time.RFC3339Nano)},
	}})
	if err != nil {
		return fmt.Errorf("encoding a nudge: %w", err)
	}
	r.log.Info("Nudging a StatefulSet with missing pods", "namespace", set.Namespace, "statefulSet", set.Name)
	err = r.live.Patch(ctx, set, client.RawPatch(types.MergePatchType, patch), client.FieldOwner(contract.FieldManager))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("nudging StatefulSet %s/%s: %w", set.Namespace, set.Name, err)
	}
	return nil
}

// waitReady reports whether this replica became ready before the context ended.
func (r *Recovery) waitReady(ctx context.Context) bool {
	return wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(context.Context) (bool, error) {
		return r.options.Ready() == nil, nil
	}) == nil
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
