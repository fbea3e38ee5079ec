// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// liveAnnotations are about a group and not about what a pod is made of: they reach it by its record and its Services, and the agents
// read them there or on the StatefulSet. A change of them replaces no pod, because they are not copied into the template.
var liveAnnotations = []string{
	contract.AnnotationSentinels, contract.AnnotationMasterName, contract.AnnotationQuorum, contract.AnnotationDownAfter,
	contract.AnnotationFailoverTimeout, contract.AnnotationParallelSyncs, contract.AnnotationInitialMaster, contract.AnnotationReplaceData,
	contract.AnnotationMasterService, contract.AnnotationReplicasService,
}

// LiveAnnotations are the annotations of a StatefulSet that take effect without a new pod.
func LiveAnnotations() []string { return slices.Clone(liveAnnotations) }

func isLive(key string) bool { return slices.Contains(liveAnnotations, key) }

// Effective are the annotations that hold for a pod or template of a StatefulSet: its own, and the StatefulSet's live ones, which win,
// because pods of one group may be of different ages. A live one that the version before copied counts for nothing.
func Effective(own, statefulSet map[string]string) map[string]string {
	out := maps.Clone(own)
	if out == nil {
		out = map[string]string{}
	}
	copied, _ := readStamp(own)
	for _, key := range liveAnnotations {
		if copied[key] {
			delete(out, key)
		}
		if value, ok := statefulSet[key]; ok {
			out[key] = value
		}
	}
	return out
}

// PodAnnotations are the annotations that will hold for the pods of a StatefulSet, which policy.Resolve looks at.
func PodAnnotations(set *appsv1.StatefulSet) map[string]string {
	out := withoutStamp(set.Spec.Template.Annotations)
	for key, value := range set.Annotations {
		if _, own := out[key]; !own && isUserAnnotation(key) {
			out[key] = value
		}
	}
	return Effective(out, set.Annotations)
}

// withoutStamp leaves what the user wrote in a template.
func withoutStamp(annotations map[string]string) map[string]string {
	out := maps.Clone(annotations)
	if out == nil {
		out = map[string]string{}
	}
	copied, _ := readStamp(annotations)
	for key := range copied {
		delete(out, key)
	}
	return out
}
