// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// labels say which group the pod belongs to, for Services, Sentinels and people.
func (j *injection) labels() {
	j.added = append(j.added, "labels/"+contract.LabelGroup)
	j.patch.entry("/metadata/labels", &j.pod.Labels, contract.LabelGroup, j.statefulSet)
	if j.role == contract.PodRoleSentinel {
		j.added = append(j.added, "labels/"+contract.LabelSentinelSet)
		j.patch.entry("/metadata/labels", &j.pod.Labels, contract.LabelSentinelSet, j.statefulSet)
	} else if old, ok := j.pod.Labels[contract.LabelSentinelSet]; ok {
		j.warn("label %s: %s is removed: the pod does not run a Sentinel", contract.LabelSentinelSet, old)
		j.patch.drop("/metadata/labels", j.pod.Labels, contract.LabelSentinelSet)
	}
}

// annotations records what was done, and lets the cluster autoscaler move the pod in spite of our emptyDir volumes.
func (j *injection) annotations() {
	safe := j.pod.Annotations[annotationSafeVolume]
	for _, name := range []string{contract.ConfigVolume, contract.PrivateVolume} {
		if slices.Contains(strings.Split(safe, ","), name) {
			continue
		}
		safe = strings.TrimPrefix(safe+","+name, ",")
	}
	j.patch.entry("/metadata/annotations", &j.pod.Annotations, annotationSafeVolume, safe)
	s := status{Version: j.in.Version, Settings: hashOf(j.text), Added: j.added, Original: j.original}
	j.patch.entry("/metadata/annotations", &j.pod.Annotations, contract.AnnotationStatus, s.encode())
}

// pullSecrets adds what our image may need. Those of the account `default` were copied into the pod before and stay.
func (j *injection) pullSecrets() {
	spec := &j.pod.Spec
	for _, name := range j.in.Resolved.Agent.ImagePullSecrets {
		want := corev1.LocalObjectReference{Name: name}
		if slices.Contains(spec.ImagePullSecrets, want) {
			continue
		}
		j.patch.array("/spec/imagePullSecrets", len(spec.ImagePullSecrets))
		j.patch.add("/spec/imagePullSecrets/-", want)
		spec.ImagePullSecrets = append(spec.ImagePullSecrets, want)
	}
}
