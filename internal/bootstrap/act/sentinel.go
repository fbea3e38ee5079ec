// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"

	"github.com/redis/go-redis/v9"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Sentinel acts for the agent beside a Sentinel: on its own Sentinel, on a group's record, and on role labels.
type Sentinel struct {
	Own    *redis.Client
	Client kubernetes.Interface
}

// Do carries the decision for one group out. Lease is the one that the view was made from; a written one is returned.
func (a *Sentinel) Do(ctx context.Context, group string, lease *coordinationv1.Lease, v decide.SentinelView, d decide.SentinelDecision) (*coordinationv1.Lease, error) {
	switch d.Action {
	case decide.Inject:
		return nil, a.inject(ctx, group, v, d)
	case decide.Recreate:
		return nil, redisio.Recreate(ctx, a.Own, group, v.Want, d.Target, d.Epoch, v.Peers)
	case decide.Configure:
		return nil, redisio.Configure(ctx, a.Own, group, v.Want)
	case decide.Remove:
		return nil, redisio.Remove(ctx, a.Own, group)
	case decide.Adopt, decide.Reissue:
		return a.name(ctx, lease, v, d)
	case decide.SentinelWait:
	}
	return nil, nil //nolint:nilnil // nothing was written and nothing failed
}

// inject speaks in the name of a peer that my Sentinel lists, or of a true one that it will meet.
func (a *Sentinel) inject(ctx context.Context, group string, v decide.SentinelView, d decide.SentinelDecision) error {
	switch {
	case len(v.Own.Peers) > 0:
		return redisio.Inject(ctx, a.Own, group, v.Own.Peers[0], d.Target, d.Epoch)
	case len(v.Peers) > 0:
		return redisio.Inject(ctx, a.Own, group, v.Peers[0], d.Target, d.Epoch)
	}
	return redisio.Recreate(ctx, a.Own, group, v.Want, d.Target, d.Epoch, nil)
}

// name writes a holder that lives and answers as master into the record: the one that Sentinel elected, or the recorded
// one at a greater epoch.
func (a *Sentinel) name(ctx context.Context, lease *coordinationv1.Lease, v decide.SentinelView, d decide.SentinelDecision) (*coordinationv1.Lease, error) {
	next := v.Record
	next.Holder, next.PodUID, next.Address = d.Holder.Name, d.Holder.UID, d.Holder.Address
	next.Epoch, next.Offer = d.Epoch, nil
	next.Members = maps.Clone(next.Members)
	written, err := record.Swap(ctx, a.Client.CoordinationV1().Leases(lease.Namespace), lease, next, string(d.Reason))
	if err != nil {
		return nil, err
	}
	return written, nil
}

// Label gives one pod its role label. Labels go only upward in epochs, are guarded by the pod's resourceVersion, and are
// written after a live read of the record, because a late watch would undo what another agent did right.
func (a *Sentinel) Label(ctx context.Context, pod *corev1.Pod, role string, epoch uint64) error {
	if before, err := strconv.ParseUint(pod.Annotations[contract.AnnotationRoleEpoch], 10, 64); err == nil && before > epoch {
		return nil
	}
	if pod.Labels[contract.LabelRole] == role {
		return nil
	}
	var value any = role
	if role == "" {
		value = nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"resourceVersion": pod.ResourceVersion,
		"labels":          map[string]any{contract.LabelRole: value},
		"annotations":     map[string]any{contract.AnnotationRoleEpoch: epochText(epoch)},
	}})
	if err != nil {
		return fmt.Errorf("encoding a label: %w", err)
	}
	_, err = a.Client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
		return fmt.Errorf("labelling pod %s/%s as %q: %w", pod.Namespace, pod.Name, role, err)
	}
	return nil
}
