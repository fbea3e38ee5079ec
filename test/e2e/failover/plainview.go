// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// server is what a Redis of a plain set says of itself; role is empty when it is silent.
type server struct{ role, follows, link string }

// sentinel is what one Sentinel of a plain set says; the master's name is empty when it is silent.
type sentinel struct {
	master   string // name of its pod
	flags    string
	replicas []string // flags of each
	others   string   // how many other Sentinels it knows
}

// look asks the API server, every Redis and every Sentinel, all at once.
func (p *plain) look(ctx context.Context) (state, error) {
	pods, err := podsOf(ctx, p.world, p.with.Namespace, redisSet)
	if err != nil {
		return state{}, err
	}
	watchers, err := p.sentinels(ctx)
	if err != nil {
		return state{}, err
	}
	servers, sentinels := make([]server, len(pods)), make([]sentinel, len(watchers))
	var asking sync.WaitGroup
	for i, pod := range pods {
		asking.Go(func() { servers[i] = p.askRedis(ctx, pod) })
	}
	for i, pod := range watchers {
		asking.Go(func() { sentinels[i] = p.askSentinel(ctx, pod) })
	}
	asking.Wait()
	var now state
	var masters []node
	for i, pod := range pods {
		n := node{pod: pod.Name, uid: pod.UID, address: redisAddress(pod)}
		now.nodes = append(now.nodes, n)
		if servers[i].role == contract.RoleMaster {
			masters = append(masters, n)
		}
	}
	if len(masters) != 1 {
		now.missing = fmt.Sprintf("%d masters: %v; Sentinels say %v", len(masters), servers, sentinels)
		return now, nil
	}
	if agree := slices.DeleteFunc(slices.Clone(sentinels), func(s sentinel) bool { return s.master != masters[0].pod }); len(agree) >= 2 {
		now.master = masters[0]
	}
	now.missing = plainMissing(masters[0].pod, pods, watchers, servers, sentinels)
	return now, nil
}

func plainMissing(master string, pods, watchers []corev1.Pod, servers []server, sentinels []sentinel) string {
	if len(pods) != 3 || len(watchers) != 3 {
		return fmt.Sprintf("%d pods of Redis and %d of Sentinel, of 3 each", len(pods), len(watchers))
	}
	for _, pod := range slices.Concat(pods, watchers) {
		if pod.DeletionTimestamp != nil || !podReady(pod) {
			return pod.Name + " is not Ready, or ends"
		}
	}
	for i, pod := range pods {
		if s := servers[i]; pod.Name != master && (s.role != contract.RoleReplica || s.follows != master || s.link != "up") {
			return fmt.Sprintf("%s is %q, follows %q, link %q; the master is %s", pod.Name, s.role, s.follows, s.link, master)
		}
	}
	for i, pod := range watchers {
		s := sentinels[i]
		well := s.master == master && s.flags == "master" && s.others == "2" && len(s.replicas) == 2
		if !well || slices.ContainsFunc(s.replicas, func(flags string) bool { return flags != "slave" }) {
			return fmt.Sprintf("%s says %+v; the master is %s", pod.Name, s, master)
		}
	}
	return ""
}

func (p *plain) askRedis(ctx context.Context, pod corev1.Pod) server {
	if pod.Status.PodIP == "" {
		return server{}
	}
	text, err := p.world.At(redisAddress(pod)).Info(ctx, "replication").Result()
	if err != nil {
		return server{}
	}
	var found server
	for line := range strings.Lines(text) {
		switch key, value, _ := strings.Cut(strings.TrimSpace(line), ":"); key {
		case "role":
			found.role = map[string]string{"master": contract.RoleMaster, "slave": contract.RoleReplica}[value]
		case "master_host":
			found.follows, _, _ = strings.Cut(value, ".")
		case "master_link_status":
			found.link = value
		}
	}
	return found
}

func (p *plain) askSentinel(ctx context.Context, pod corev1.Pod) sentinel {
	if pod.Status.PodIP == "" {
		return sentinel{}
	}
	client := p.world.At(sentinelAddress(pod))
	master, err := client.Do(ctx, "SENTINEL", "MASTER", plainMaster).Result()
	if err != nil {
		return sentinel{}
	}
	fields := pairs(master)
	found := sentinel{flags: fields["flags"], others: fields["num-other-sentinels"]}
	found.master, _, _ = strings.Cut(fields["ip"], ".")
	replicas, err := client.Do(ctx, "SENTINEL", "REPLICAS", plainMaster).Slice()
	if err != nil {
		return sentinel{}
	}
	for _, replica := range replicas {
		found.replicas = append(found.replicas, pairs(replica)["flags"])
	}
	return found
}

// pairs reads the fields of an answer of Sentinel.
func pairs(answer any) map[string]string {
	list, _ := answer.([]any)
	fields := map[string]string{}
	for i := 0; i+1 < len(list); i += 2 {
		key, _ := list[i].(string)
		value, _ := list[i+1].(string)
		fields[key] = value
	}
	return fields
}

func redisAddress(pod corev1.Pod) string {
	if pod.Status.PodIP == "" {
		return ""
	}
	return net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(contract.RedisPort))
}

func podReady(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}
