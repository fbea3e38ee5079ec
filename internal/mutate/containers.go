// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"iter"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// containersOf are all containers of a pod, in the order in which they start.
func containersOf(spec *corev1.PodSpec) iter.Seq[*corev1.Container] {
	return func(yield func(*corev1.Container) bool) {
		for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
			for i := range list {
				if !yield(&list[i]) {
					return
				}
			}
		}
	}
}

// native are the init containers that stay beside the server, without our own.
func native(containers []corev1.Container) []corev1.Container {
	var all []corev1.Container
	for i := range containers {
		if isNative(&containers[i]) && containers[i].Name != contract.AgentContainer {
			all = append(all, containers[i])
		}
	}
	return all
}

// isNative reports whether an init container is a native sidecar.
func isNative(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// lineOf is the command line of a container, one word in a line: what is in one word is together.
func lineOf(c *corev1.Container) string {
	return strings.Join(slices.Concat(c.Command, c.Args), "\n")
}
