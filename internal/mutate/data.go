// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"cmp"
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// imageDir is the working directory of the official images, and so Redis' directory where nobody says otherwise.
const imageDir = "/data"

// dataVolume is the volume claim that holds Redis' data.
type dataVolume struct {
	// name of the pod's volume; empty where data dies with the pod.
	name string
	// perPod is set where all pods share the claim, and each gets a directory of its own.
	perPod bool
}

// findData finds the claim that Redis writes to, and refuses one that all pods would write to.
func (s *subject) findData(pod *corev1.Pod) (dataVolume, error) {
	c := pod.Spec.Containers[s.index]
	mount := coveringMount(c.VolumeMounts, cmp.Or(s.line.Dir, cmp.Or(c.WorkingDir, imageDir)))
	if mount == nil {
		mount = onlyClaim(pod, c.VolumeMounts)
	}
	if mount == nil {
		return dataVolume{}, nil
	}
	claim := claimOf(pod, mount.Name)
	switch {
	case claim == "":
		return dataVolume{}, nil
	case strings.Contains(mount.SubPathExpr, "$("+contract.EnvPerPodDirectory+")"):
		return dataVolume{name: mount.Name, perPod: true}, nil
	case claim == mount.Name+"-"+s.podName, strings.Contains(mount.SubPathExpr, "$("):
		return dataVolume{name: mount.Name}, nil
	case pod.Annotations[contract.AnnotationPerPodDirectory] == "true":
		return dataVolume{name: mount.Name, perPod: true}, nil
	}
	return dataVolume{}, refuse(DeniedSharedClaim, "volume %s: all pods share the claim %s, and each Redis would overwrite the data of the others: use volumeClaimTemplates, or set the annotation %s: \"true\" to give each pod a directory of its own (which starts empty)", mount.Name, claim, contract.AnnotationPerPodDirectory)
}

// coveringMount is the mount that a path of the container lies in.
func coveringMount(mounts []corev1.VolumeMount, file string) *corev1.VolumeMount {
	var found *corev1.VolumeMount
	longest := -1
	for i, m := range mounts {
		dir := path.Clean(m.MountPath)
		if isBelow(dir, file) && len(dir) > longest {
			found, longest = &mounts[i], len(dir)
		}
	}
	return found
}

// onlyClaim is the mount of a claim where there is exactly one: a configuration file, which admission cannot see, may
// name its path.
func onlyClaim(pod *corev1.Pod, mounts []corev1.VolumeMount) *corev1.VolumeMount {
	var found *corev1.VolumeMount
	for i, m := range mounts {
		if m.ReadOnly || claimOf(pod, m.Name) == "" {
			continue
		}
		if found != nil && found.Name != m.Name {
			return nil
		}
		found = &mounts[i]
	}
	return found
}

// claimOf is the name of the claim behind a volume of the pod; empty where it is not a claim.
func claimOf(pod *corev1.Pod, volume string) string {
	for _, v := range pod.Spec.Volumes {
		if v.Name == volume && v.PersistentVolumeClaim != nil {
			return v.PersistentVolumeClaim.ClaimName
		}
	}
	return ""
}
