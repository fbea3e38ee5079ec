// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/mutate"
)

// surroundingsWithin bounds what is asked of the API server about the surroundings of a new group: they are worth a warning, and no wait.
const surroundingsWithin = time.Second

// surroundings warns of what lies around a StatefulSet that becomes a group, and will keep it from what its user expects. What cannot be
// read is not warned of.
func (r Reviewer) surroundings(ctx context.Context, namespace string, n *mutate.Newcomer) []string {
	if n == nil || r.Live == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, surroundingsWithin)
	defer cancel()
	var out []string
	warn := func(format string, args ...any) { out = append(out, "redis-sentinel: "+fmt.Sprintf(format, args...)) }
	set := &appsv1.StatefulSet{}
	where := n.Sentinels.Namespace + "/" + n.Sentinels.Name
	switch err := r.Live.Get(ctx, client.ObjectKey{Namespace: n.Sentinels.Namespace, Name: n.Sentinels.Name}, set); {
	case apierrors.IsNotFound(err):
		warn("StatefulSet %s, the Sentinels of this group, does not exist yet: nobody fails over until it does; create it, or name another in annotation %s", where, contract.AnnotationSentinels)
	case err == nil && n.Quorum > mutate.Replicas(set):
		warn("annotation %s: a quorum of %d cannot be reached by the %d Sentinels of %s: lower it, or scale them", contract.AnnotationQuorum, n.Quorum, mutate.Replicas(set), where)
	}
	services := &corev1.ServiceList{}
	if r.Live.List(ctx, services, client.InNamespace(namespace)) == nil {
		out = append(out, AboutServices(namespace, n, services.Items)...)
	}
	limits, quotas := &corev1.LimitRangeList{}, &corev1.ResourceQuotaList{}
	if r.Live.List(ctx, limits, client.InNamespace(namespace)) == nil && r.Live.List(ctx, quotas, client.InNamespace(namespace)) == nil {
		for _, fault := range limitFaults(n.Agent, limits.Items, quotas.Items) {
			warn("%s, and the pods of this group would be refused for the injected container: set agent.resources in the policy, which may be a rule for this namespace alone", fault)
		}
	}
	return out
}

// AboutServices warns of Services of a namespace that lead clients to any pod of a new group, or have the name of one that it gets.
func AboutServices(namespace string, n *mutate.Newcomer, services []corev1.Service) []string {
	var out []string
	for i := range services {
		s := &services[i]
		if selectsReplicas(s, n) {
			out = append(out, fmt.Sprintf("redis-sentinel: Service %s/%s selects every pod of this group, replicas too, and who writes there meets READONLY: send writers to Service %s, and readers to %s", namespace, s.Name, n.MasterService, n.ReplicasService))
		}
		if s.Spec.Selector[appsv1.StatefulSetPodNameLabel] == n.StatefulSet+"-0" {
			out = append(out, fmt.Sprintf("redis-sentinel: Service %s/%s selects pod %s-0, which is not always the master: send writers to Service %s", namespace, s.Name, n.StatefulSet, n.MasterService))
		}
		for _, name := range []struct{ name, annotation string }{{n.MasterService, contract.AnnotationMasterService}, {n.ReplicasService, contract.AnnotationReplicasService}} {
			if s.Name == name.name && !contract.Provisioned(s.Labels, n.StatefulSet) {
				out = append(out, fmt.Sprintf("redis-sentinel: Service %s/%s exists, and is not this group's own: delete it, or name another in annotation %s", namespace, s.Name, name.annotation))
			}
		}
	}
	return out
}

// selectsReplicas reports whether clients of a Service may reach any pod of a group. The headless one gives pods their names, and is meant
// to.
func selectsReplicas(s *corev1.Service, n *mutate.Newcomer) bool {
	if len(s.Spec.Selector) == 0 || s.Spec.ClusterIP == corev1.ClusterIPNone || s.Spec.Type == corev1.ServiceTypeExternalName {
		return false
	}
	for _, ours := range []string{contract.LabelRole, contract.LabelPodUID, contract.LabelGroup} {
		if _, ok := s.Spec.Selector[ours]; ok {
			return false
		}
	}
	return labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(n.PodLabels))
}

// limitFaults are the limits of a namespace that a container does not keep.
func limitFaults(asks corev1.ResourceRequirements, limits []corev1.LimitRange, quotas []corev1.ResourceQuota) []string {
	var out []string
	defaulted := map[corev1.ResourceName]bool{}
	for i := range limits {
		for _, item := range limits[i].Spec.Limits {
			if item.Type != corev1.LimitTypeContainer {
				continue
			}
			for name := range item.Default {
				defaulted[name] = true
			}
			for name := range item.Max { // is the default, where there is none
				defaulted[name] = true
			}
			for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
				if fault := itemFault(asks, item, name); fault != "" {
					out = append(out, fmt.Sprintf("LimitRange %s: %s", limits[i].Name, fault))
				}
			}
		}
	}
	for i := range quotas {
		for name, want := range map[corev1.ResourceName]corev1.ResourceName{corev1.ResourceLimitsCPU: corev1.ResourceCPU, corev1.ResourceLimitsMemory: corev1.ResourceMemory} {
			_, limited := quotas[i].Spec.Hard[name]
			if _, has := asks.Limits[want]; limited && !has && !defaulted[want] {
				out = append(out, fmt.Sprintf("ResourceQuota %s counts %s, and the agent has no limit of %s", quotas[i].Name, name, want))
			}
		}
	}
	slices.Sort(out)
	return out
}

// itemFault says which limit of one resource a container does not keep; empty where it keeps all.
func itemFault(asks corev1.ResourceRequirements, item corev1.LimitRangeItem, name corev1.ResourceName) string {
	limit, limited := asks.Limits[name]
	request, requested := asks.Requests[name]
	if !requested && limited {
		request, requested = limit, true
	}
	most, least, ratio := item.Max[name], item.Min[name], item.MaxLimitRequestRatio[name]
	switch {
	case limited && !most.IsZero() && limit.Cmp(most) > 0:
		return fmt.Sprintf("at most %s of %s for a container, and the agent's limit is %s", most.String(), name, limit.String())
	case requested && !least.IsZero() && request.Cmp(least) < 0:
		return fmt.Sprintf("at least %s of %s for a container, and the agent asks for %s", least.String(), name, request.String())
	case limited && requested && !ratio.IsZero() && exceeds(limit, request, ratio):
		return fmt.Sprintf("a limit of %s may be %s times the request, and the agent's are %s and %s", name, ratio.String(), limit.String(), request.String())
	}
	return ""
}

// exceeds reports whether a limit is more than so many times a request.
func exceeds(limit, request, ratio resource.Quantity) bool {
	return limit.AsApproximateFloat64() > request.AsApproximateFloat64()*ratio.AsApproximateFloat64()
}
