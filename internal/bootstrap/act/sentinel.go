// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/sentinel"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// SentinelServer is the Sentinel that an agent runs beside.
type SentinelServer interface {
	// Inject tells it, as a peer would, which address is master of a group since which epoch.
	Inject(ctx context.Context, from model.Peer, master model.Announcement) error
	// Recreate makes it forget a group and monitor it again with this master, these settings and these peers.
	Recreate(ctx context.Context, master model.Announcement, watching model.Watching, peers []model.Peer) error
	// Configure sets a group's settings.
	Configure(ctx context.Context, group string, watching model.Watching) error
	// Remove makes it forget a group.
	Remove(ctx context.Context, group string) error
}

// Sentinel acts for the agent beside a Sentinel: on its own Sentinel, on a group's record, on role labels and on the Service of the master.
type Sentinel struct {
	own SentinelServer
	api corev1client.CoreV1Interface
}

// NewSentinel makes an actor that labels pods and leads Services through the API.
func NewSentinel(own SentinelServer, api corev1client.CoreV1Interface) *Sentinel {
	return &Sentinel{own: own, api: api}
}

// Do carries out the decision for one group. Record is the one that the view was made from.
func (a *Sentinel) Do(ctx context.Context, group string, record Record, d sentinel.Decision) error {
	if d.Live {
		if err := record.Still(ctx, d.Epoch); err != nil {
			return err
		}
	}
	if c := d.Command; c != nil {
		if err := a.send(ctx, group, *c); err != nil {
			return err
		}
	}
	if d.Record != nil {
		return record.Swap(ctx, *d.Record, d.Reason)
	}
	return nil
}

// Forget makes my Sentinel forget a name that no group has any more.
func (a *Sentinel) Forget(ctx context.Context, group string) error { return a.own.Remove(ctx, group) }

func (a *Sentinel) send(ctx context.Context, group string, c sentinel.Command) error {
	master := model.Announcement{Group: group, Master: c.Master, Epoch: c.Epoch}
	switch c.Do {
	case sentinel.Inject:
		return a.own.Inject(ctx, c.From, master)
	case sentinel.Recreate:
		return a.own.Recreate(ctx, master, c.Watching, c.Peers)
	case sentinel.Configure:
		return a.own.Configure(ctx, group, c.Watching)
	case sentinel.Remove:
		return a.own.Remove(ctx, group)
	case sentinel.Wait, sentinel.Adopt, sentinel.Reissue: // these are no commands
	}
	return nil
}

// Labelled reports whether a pod has a role label, and with it what Services find this very pod by.
func Labelled(pod *corev1.Pod, role string) bool {
	return pod.Labels[contract.LabelRole] == role && (role == "" || findable(pod))
}

// findable reports whether a pod has the label by which the Service of the master can select it.
func findable(pod *corev1.Pod) bool { return pod.Labels[contract.LabelPodUID] == string(pod.UID) }

// Label gives one pod its role label. Labels only move to greater epochs, are guarded by the pod's resourceVersion, and are
// written after a live read of the record, because a late watch would undo what another agent did right.
func (a *Sentinel) Label(ctx context.Context, pod *corev1.Pod, role string, epoch uint64) error {
	if before, err := strconv.ParseUint(pod.Annotations[contract.AnnotationRoleEpoch], 10, 64); err == nil && before > epoch {
		return nil
	}
	if Labelled(pod, role) {
		return nil
	}
	labels := map[string]any{contract.LabelRole: role, contract.LabelPodUID: string(pod.UID)}
	if role == "" {
		labels = map[string]any{contract.LabelRole: nil}
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"resourceVersion": pod.ResourceVersion,
		"labels":          labels,
		"annotations":     map[string]any{contract.AnnotationRoleEpoch: strconv.FormatUint(epoch, 10)},
	}})
	if err != nil {
		return fmt.Errorf("encoding a label: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, apiDeadline)
	defer cancel()
	_, err = a.api.Pods(pod.Namespace).Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
		return fmt.Errorf("labelling pod %s/%s as %q: %w", pod.Namespace, pod.Name, role, err)
	}
	return nil
}
