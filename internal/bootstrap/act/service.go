// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// apiDeadline bounds a write of something else than the record: what keeps one group waiting for a slow API keeps all of a set waiting.
const apiDeadline = 2 * time.Second

// Lead makes the Service of a group's master lead to a pod since an epoch: its selector names the pod's uid. Two labels cannot be changed at
// once, and by role labels a Service would lead to nobody in between, which proxies pass on at once, and the second change only a second
// later. One selector is one change.
//
// The selector only moves to greater epochs, by compare-and-swap. A Service that is absent, not ours, or that we have no right to is left
// alone: the user took its name, or has renamed it. One that leads to a pod already must move on, and a refusal is an error. A pod that no
// Service could find yet is left out too; it reports whether it was not.
func (a *Sentinel) Lead(ctx context.Context, group, service string, to *corev1.Pod, epoch uint64) (bool, error) {
	if !findable(to) {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, apiDeadline)
	defer cancel()
	stays := false // at a pod that does not lead any more, where nobody moves it
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		live, err := a.api.Services(to.Namespace).Get(ctx, service, metav1.GetOptions{})
		if err != nil {
			return err
		}
		stays = ledSince(live) > 0
		if !leads(live, group, to, epoch) {
			return nil
		}
		_, err = a.api.Services(to.Namespace).Update(ctx, live, metav1.UpdateOptions{})
		return err
	})
	if err != nil && !apierrors.IsNotFound(err) && (stays || !apierrors.IsForbidden(err)) {
		return false, fmt.Errorf("leading Service %s/%s to pod %s: %w", to.Namespace, service, to.Name, err)
	}
	return true, nil
}

// leads makes the description of a Service lead to a pod, and reports whether it has to be written.
func leads(live *corev1.Service, group string, to *corev1.Pod, epoch uint64) bool {
	selector := contract.SelectorOf(group, string(to.UID))
	switch {
	case !contract.Provisioned(live.Labels, group),
		ledSince(live) > epoch, maps.Equal(live.Spec.Selector, selector):
		return false
	case live.Annotations == nil:
		live.Annotations = map[string]string{}
	}
	live.Spec.Selector, live.Annotations[contract.AnnotationRoleEpoch] = selector, strconv.FormatUint(epoch, 10)
	return true
}

// ledSince is the epoch since which a Service leads to one pod; 0 where it follows role labels.
func ledSince(s *corev1.Service) uint64 {
	epoch, err := strconv.ParseUint(s.Annotations[contract.AnnotationRoleEpoch], 10, 64)
	if err != nil || s.Spec.Selector[contract.LabelPodUID] == "" {
		return 0
	}
	return epoch
}
