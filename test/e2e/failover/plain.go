// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/load"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// plainMaster is the name under which Sentinels of a plain set know it.
const plainMaster = "mymaster"

// plain is Sentinel as it is usually deployed, without us; coordinated, it gives the mastership away before a pod ends, as Valkey 9 can.
type plain struct {
	world *world.World
	with  setting
}

func (p *plain) name() string {
	if p.with.Coordinated {
		return measure.Coordinated
	}
	return measure.Plain
}

func (p *plain) manifest() (string, error) { return render("plain.yaml", p.with) }

func (p *plain) group() world.Group {
	group := world.NewGroup(p.with.Namespace, redisSet)
	group.Sentinels = world.SentinelSet{Namespace: p.with.Namespace, Name: sentinelSet, Size: 3}
	return group
}

// specs are writers by Sentinel alone: a plain set has no Service that follows the master.
func (p *plain) specs() []load.Spec {
	var sentinels []string
	for ordinal := range 3 {
		sentinels = append(sentinels, fmt.Sprintf("%s-%d.%s.%s.svc.cluster.local:%d", sentinelSet, ordinal, sentinelSet, p.with.Namespace, contract.SentinelPort))
	}
	return pathed(load.Spec{Path: measure.BySentinel, Sentinels: sentinels, Master: plainMaster})
}

func (p *plain) request(ctx context.Context) error {
	pods, err := p.sentinels(ctx)
	if err != nil {
		return err
	}
	command := []any{"SENTINEL", "FAILOVER", plainMaster}
	if p.with.Coordinated {
		command = append(command, "COORDINATED")
	}
	failed := errors.New("no Sentinel is there")
	for _, pod := range pods {
		if failed = p.world.At(sentinelAddress(pod)).Do(ctx, command...).Err(); failed == nil {
			return nil
		}
	}
	return fmt.Errorf("asking Sentinel for a failover: %w", failed)
}

func (p *plain) sentinels(ctx context.Context) ([]corev1.Pod, error) {
	return podsOf(ctx, p.world, p.with.Namespace, sentinelSet)
}

func sentinelAddress(pod corev1.Pod) string {
	return net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(contract.SentinelPort))
}
