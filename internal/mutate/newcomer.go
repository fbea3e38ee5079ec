// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"maps"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/policy"
)

// Newcomer is a StatefulSet that becomes a group, as far as its surroundings matter.
type Newcomer struct {
	// StatefulSet is its name.
	StatefulSet string
	// Sentinels is the set that will watch it, and Listed whether the policy names it; Quorum is 0 where a majority is meant.
	Sentinels contract.SentinelSet
	Listed    bool
	Quorum    int
	// PodLabels are those of its pods.
	PodLabels map[string]string
	// MasterService and ReplicasService are the names of the two Services that it gets.
	MasterService, ReplicasService string
	// Agent is what the injected container asks for.
	Agent corev1.ResourceRequirements
}

func newcomerOf(set *appsv1.StatefulSet, s subject, r policy.Resolved) *Newcomer {
	return &Newcomer{
		StatefulSet: s.statefulSet,
		Sentinels:   r.Sentinels, Listed: r.SentinelsListed, Quorum: r.Quorum, PodLabels: maps.Clone(set.Spec.Template.Labels),
		MasterService: masterService(s.effective, s.statefulSet), ReplicasService: replicasService(s.effective, s.statefulSet),
		Agent: agentResources(AgentSpec{Agent: r.Agent, Guaranteed: guaranteed(&set.Spec.Template.Spec)}),
	}
}

// strays are annotations that look like ours and are not: nobody reads them.
func (s *stamping) strays() []string {
	var out []string
	seen := map[string]bool{}
	for _, annotations := range []map[string]string{s.set.Annotations, s.set.Spec.Template.Annotations} {
		for _, key := range keysOf(annotations) {
			if meant := meantBy(key); meant != "" && !seen[key] {
				seen[key] = true
				out = append(out, "redis-sentinel: annotation "+key+": does nothing here: did you mean "+meant+"?")
			}
		}
	}
	return out
}

// meantBy is what somebody meant by an annotation that is not ours; empty where it has nothing to do with us.
func meantBy(key string) string {
	if key == contract.LabelOptIn {
		return "the label " + key
	}
	prefix, name, ok := strings.Cut(key, "/")
	if strings.HasPrefix(key, contract.Prefix) || !ok || !strings.Contains(strings.ReplaceAll(prefix, "-", ""), "redissentinel") {
		return ""
	}
	if isUserAnnotation(contract.Prefix+name) || name == strings.TrimPrefix(contract.AnnotationHandover, contract.Prefix) || name == strings.TrimPrefix(contract.AnnotationRelease, contract.Prefix) {
		return contract.Prefix + name
	}
	return "one below " + contract.Prefix
}
