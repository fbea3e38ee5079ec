// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/host"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/node"
)

// CutOff breaks the connections of a pod from each of these: FromAPI, FromDNS,
// or pods. Without any it is cut from the whole cluster.
func CutOff(ctx context.Context, n *node.Node, namespace, name string, from []string) error {
	return change(ctx, n, func(all map[string]Pod, now cuts) (cuts, error) {
		pod, err := find(all, namespace, name)
		if err != nil {
			return nil, err
		}
		return now.of(all, pod, from)
	})
}

// Heal mends the connections of a pod from these, or all of them.
func Heal(ctx context.Context, n *node.Node, namespace, name string, from []string) error {
	return change(ctx, n, func(all map[string]Pod, now cuts) (cuts, error) {
		pod, err := find(all, namespace, name)
		if err != nil {
			return nil, err
		}
		for i, word := range from {
			if peer, err := find(all, pod.Namespace, word); err == nil {
				from[i] = peer.String()
			}
		}
		return now.without(pod.String(), from...), nil
	})
}

// of adds the cuts of one pod.
func (c cuts) of(all map[string]Pod, pod Pod, from []string) (cuts, error) {
	if pod.IP == "" {
		return nil, fmt.Errorf("pod %s has no address of its own to cut off", pod)
	}
	if len(from) == 0 {
		from = []string{FromCluster}
	}
	for _, word := range from {
		cut := Cut{Pod: pod.String(), UID: pod.UID, IP: pod.IP, From: word}
		if !slices.Contains([]string{FromAPI, FromDNS, FromCluster, FromEveryone}, word) {
			peer, err := find(all, pod.Namespace, word)
			if err != nil {
				return nil, fmt.Errorf("cutting off pod %s: %w; or use the words %s and %s", pod, err, FromAPI, FromDNS)
			}
			if peer.IP == "" {
				return nil, fmt.Errorf("cutting off pod %s: pod %s has no address of its own", pod, peer)
			}
			cut.From, cut.FromIP = peer.String(), peer.IP
		}
		c = c.with(cut)
	}
	return c, nil
}

// change applies a change to the cuts that are still true.
func change(ctx context.Context, n *node.Node, to func(map[string]Pod, cuts) (cuts, error)) error {
	all, err := pods(ctx, n)
	if err != nil {
		return err
	}
	now, err := loadCuts(n.Layout.Cuts())
	if err != nil {
		return err
	}
	next, err := to(all, now.alive(all))
	if err != nil {
		return err
	}
	if err := host.ApplyRules(ctx, next.ruleset()); err != nil {
		return err
	}
	return next.save(n.Layout.Cuts())
}
