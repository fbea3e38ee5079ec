// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// volumes adds what the agent needs.
func (j *injection) volumes() {
	spec, ours := &j.pod.Spec, AgentVolumes(j.volumeNames())
	spec.Volumes = slices.Grow(spec.Volumes, len(ours))
	for _, want := range ours {
		j.added = append(j.added, "volumes/"+want.Name)
		at := slices.IndexFunc(spec.Volumes, func(v corev1.Volume) bool { return v.Name == want.Name })
		switch {
		case at < 0:
			j.patch.array("/spec/volumes", len(spec.Volumes))
			j.patch.add("/spec/volumes/-", volumeText(j.role, want))
			spec.Volumes = append(spec.Volumes, want)
		case !covers(spec.Volumes[at], want):
			j.patch.replaceNamed(fmt.Sprintf("/spec/volumes/%d", at), want.Name, want)
			spec.Volumes[at] = want
		}
	}
}

func (j *injection) volumeNames() VolumeNames {
	return VolumeNames{
		Role: j.role, StatefulSet: j.statefulSet,
		UserConfig: j.pod.Annotations[contract.AnnotationConfig], AuthSecret: j.pod.Annotations[contract.AnnotationAuthSecret],
	}
}

// initContainers puts the agent first, or right after a mesh's native sidecar, without which it would have no network;
// and after it whatever makes the pod's directories.
func (j *injection) initContainers() {
	j.added = append(j.added, "initContainers/"+contract.AgentContainer)
	at := j.placeInit(AgentContainer(j.agentSpec()), j.afterMesh())
	if !j.data.perPod && j.data.below == "" {
		return
	}
	for _, c := range j.directoryContainers() {
		j.added = append(j.added, "initContainers/"+c.Name)
		at = j.placeInit(c, at+1)
	}
}

// placeInit makes an init container of ours stand at or behind an index, and returns where it stands.
func (j *injection) placeInit(want corev1.Container, least int) int {
	spec := &j.pod.Spec
	at := slices.IndexFunc(spec.InitContainers, func(c corev1.Container) bool { return c.Name == want.Name })
	path := func(i int) string { return fmt.Sprintf("/spec/initContainers/%d", i) }
	switch {
	case at >= 0 && at < least-1:
		// Another webhook put what must come first behind us.
		j.patch.remove(path(at), "/name", want.Name)
		spec.InitContainers = slices.Delete(spec.InitContainers, at, at+1)
		least--
	case at >= 0:
		if !covers(spec.InitContainers[at], want) {
			j.patch.replaceNamed(path(at), want.Name, want)
			spec.InitContainers[at] = want
		}
		return at
	}
	j.patch.array("/spec/initContainers", len(spec.InitContainers))
	j.patch.add(path(least), want)
	spec.InitContainers = slices.Insert(spec.InitContainers, least, want)
	return least
}

// afterMesh is the index behind the last native sidecar of a mesh.
func (j *injection) afterMesh() int {
	last := -1
	for i := range j.pod.Spec.InitContainers {
		if c := &j.pod.Spec.InitContainers[i]; slices.Contains(meshSidecars, c.Name) && isNative(c) {
			last = i
		}
	}
	return last + 1
}

func (j *injection) agentSpec() AgentSpec {
	pod := j.pod.Spec.SecurityContext
	user, group := j.sentinelUser()
	return AgentSpec{
		Agent:      j.in.Resolved.Agent,
		Role:       j.role,
		Settings:   j.text,
		HookToken:  j.hookToken(),
		Root:       pod != nil && pod.RunAsUser != nil && *pod.RunAsUser == 0,
		User:       user,
		Group:      group,
		Guaranteed: guaranteed(&j.pod.Spec),
		UserConfig: j.pod.Annotations[contract.AnnotationConfig] != "",
		AuthSecret: j.pod.Annotations[contract.AnnotationAuthSecret] != "",
		UserMounts: j.userMounts(),
	}
}

// sentinelUser is the user that a Sentinel's container says it runs as; nil where it leaves that to the pod, which says it for the agent
// too, or to the image, or says root, whom its image leaves.
func (j *injection) sentinelUser() (user, group *int64) {
	c := j.container().SecurityContext
	if j.role != contract.PodRoleSentinel || c == nil || c.RunAsUser == nil || *c.RunAsUser == 0 {
		return nil, nil
	}
	return c.RunAsUser, c.RunAsGroup
}

// dryRunMark makes of a pod's name one that no pod has: a dry-run answers somebody who gets no pod, so its token opens none.
const dryRunMark = " dry-run"

func (j *injection) hookToken() string {
	if j.role != contract.PodRoleRedis {
		return ""
	}
	if j.in.DryRun {
		return HookToken(j.in.HookKey, j.namespace, j.podName+dryRunMark)
	}
	return HookToken(j.in.HookKey, j.namespace, j.podName)
}

// guaranteed reports whether all containers but ours have limits equal to requests, so that ours must too.
func guaranteed(spec *corev1.PodSpec) bool {
	for c := range containersOf(spec) {
		if c.Name == contract.AgentContainer || isDirectoryContainer(c.Name) {
			continue
		}
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			limit, ok := c.Resources.Limits[name]
			request, asked := c.Resources.Requests[name]
			if !ok || limit.IsZero() || asked && request.Cmp(limit) != 0 {
				return false
			}
		}
	}
	return true
}
