// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/node"
)

// Kill sends SIGKILL to the main process of a container, as the kernel does
// when it runs out of memory. From inside, the first process of a container
// cannot be killed.
func Kill(ctx context.Context, n *node.Node, namespace, name, container string) error {
	all, err := pods(ctx, n)
	if err != nil {
		return err
	}
	pod, err := find(all, namespace, name)
	if err != nil {
		return err
	}
	id, known := pod.Containers[container]
	if !known {
		return fmt.Errorf("pod %s has no container %s, it has %s", pod, container, strings.Join(slices.Sorted(maps.Keys(pod.Containers)), ", "))
	}
	if id == "" {
		return fmt.Errorf("container %s of pod %s has not been started yet", container, pod)
	}
	if _, err := n.Ctr(ctx, "task", "kill", "--signal", "SIGKILL", id); err != nil {
		return fmt.Errorf("killing container %s of pod %s: %w", container, pod, err)
	}
	return nil
}
