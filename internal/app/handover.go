// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// handoverWithin is longer than the webhook waits for a handover before it answers that none came.
const handoverWithin = 90 * time.Second

// handover asks a group for another master, as the annotation does, and waits for what becomes of it.
func handover(ctx context.Context, p Process) error {
	ask := handoverRequest{out: p.Stdout, now: p.Now}
	flags := flag.NewFlagSet("handover", flag.ContinueOnError)
	flags.StringVar(&ask.set.Namespace, "namespace", "default", "namespace of the group")
	flags.StringVar(&ask.set.Name, "statefulset", "", "name of the group's StatefulSet")
	flags.StringVar(&ask.to, "to", contract.HandoverAny, "the pod that is to lead, or any")
	if err := parse(flags, p); err != nil {
		return err
	}
	if ask.set.Name == "" {
		return usageError{errors.New("handover: the group is unknown: give --statefulset")}
	}
	c, err := connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, handoverWithin)
	defer cancel()
	return ask.make(ctx, c)
}

// handoverRequest is one request for a handover.
type handoverRequest struct {
	set client.ObjectKey
	to  string
	out io.Writer
	now func() time.Time
}

func (r handoverRequest) make(ctx context.Context, c client.WithWatch) error {
	from, err := r.master(ctx, c)
	switch {
	case err != nil:
		return err
	case from == r.to:
		_, err = fmt.Fprintf(r.out, "%s leads already.\n", from)
		return err
	}
	began := r.now()
	set, err := r.annotate(ctx, c)
	if err != nil {
		return err
	}
	if err = r.await(ctx, c, set); err != nil {
		return err
	}
	to, err := r.master(ctx, c)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(r.out, "%s leads; %s did before. Asked and done in %s. How long writes waited is in the Events of the StatefulSet.\n", to, from, r.now().Sub(began).Round(time.Millisecond))
	return err
}

// master is the pod that the group's record names.
func (r handoverRequest) master(ctx context.Context, c client.Reader) (string, error) {
	lease := &coordinationv1.Lease{}
	key := client.ObjectKey{Namespace: r.set.Namespace, Name: contract.ObjectName(r.set.Name)}
	switch err := c.Get(ctx, key, lease); {
	case apierrors.IsNotFound(err):
		return "", fmt.Errorf("StatefulSet %s is no group: there is no Lease %s; label it %s=%s first", r.set, key.Name, contract.LabelOptIn, contract.OptInEnabled)
	case err != nil:
		return "", fmt.Errorf("reading Lease %s: %w", key, err)
	}
	name := ptr.Deref(lease.Spec.HolderIdentity, "")
	if name == "" {
		return "", fmt.Errorf("group %s has no master yet", r.set)
	}
	return name, nil
}

func (r handoverRequest) annotate(ctx context.Context, c client.Client) (*appsv1.StatefulSet, error) {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]any{
		contract.AnnotationHandover: r.to, contract.AnnotationHandoverFrom: nil, contract.AnnotationHandoverRefused: nil,
	}}})
	if err != nil {
		return nil, fmt.Errorf("encoding the request: %w", err)
	}
	set := &appsv1.StatefulSet{}
	set.Namespace, set.Name = r.set.Namespace, r.set.Name
	if err := c.Patch(ctx, set, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return nil, fmt.Errorf("annotating StatefulSet %s: %w", r.set, err)
	}
	return set, nil
}

// await waits until the request is taken off.
func (r handoverRequest) await(ctx context.Context, c client.WithWatch, set *appsv1.StatefulSet) error {
	for ctx.Err() == nil {
		watcher, err := c.Watch(ctx, &appsv1.StatefulSetList{}, client.InNamespace(r.set.Namespace), client.MatchingFields{"metadata.name": r.set.Name})
		if err != nil {
			return fmt.Errorf("watching StatefulSet %s: %w", r.set, err)
		}
		for event := range watcher.ResultChan() { // the first one is as it is now
			now, ok := event.Object.(*appsv1.StatefulSet)
			if !ok || now.UID != set.UID || now.Annotations[contract.AnnotationHandover] == r.to {
				continue
			}
			watcher.Stop()
			if why := now.Annotations[contract.AnnotationHandoverRefused]; why != "" {
				return fmt.Errorf("no handover: %s", why)
			}
			return nil
		}
	}
	return fmt.Errorf("nobody answered within %s: is the webhook running, and does the group's master have an agent? Annotation %s is still on StatefulSet %s: remove it, or it is done later", handoverWithin, contract.AnnotationHandover, r.set)
}
