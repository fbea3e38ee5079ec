// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"context"
	"fmt"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/host"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/node"
)

// Freeze makes a pod look as if its node had died: its processes stand still,
// and its network is silent, because a stopped process's kernel still accepts
// connections for it.
func Freeze(ctx context.Context, n *node.Node, namespace, name string) error {
	return change(ctx, n, func(all map[string]Pod, now cuts) (cuts, error) {
		pod, err := find(all, namespace, name)
		if err != nil {
			return nil, err
		}
		next, err := now.of(all, pod, []string{FromEveryone})
		if err != nil {
			return nil, err
		}
		// The network goes first: a dead node says nothing while it dies.
		if err := host.ApplyRules(ctx, next.ruleset()); err != nil {
			return nil, err
		}
		if err := host.FreezePod(pod.UID, true); err != nil {
			return nil, fmt.Errorf("freezing pod %s: %w", pod, err)
		}
		return next, nil
	})
}

// Thaw lets a frozen pod go on, as after a long pause of its machine.
func Thaw(ctx context.Context, n *node.Node, namespace, name string) error {
	return change(ctx, n, func(all map[string]Pod, now cuts) (cuts, error) {
		pod, err := find(all, namespace, name)
		if err != nil {
			return nil, err
		}
		if err := host.FreezePod(pod.UID, false); err != nil {
			return nil, fmt.Errorf("thawing pod %s: %w", pod, err)
		}
		return now.without(pod.String(), FromEveryone), nil
	})
}
