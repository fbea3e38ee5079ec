// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// applicationClient is a client as an application has it, with its library's defaults but for the timeouts of one second.
func (w *World) applicationClient(ctx context.Context, group Group, writes Writes, dial dialer) (*redis.Client, error) {
	if !writes.Service {
		return w.failoverClient(ctx, group, writes.ByPods, dial)
	}
	service, err := w.Client.CoreV1().Services(group.Namespace).Get(ctx, group.StatefulSet+contract.MasterServiceSuffix, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("finding the master's Service: %w", err)
	}
	return redis.NewClient(&redis.Options{
		Addr:        net.JoinHostPort(service.Spec.ClusterIP, strconv.Itoa(contract.RedisPort)),
		Username:    userFor(group.Password),
		Password:    group.Password,
		Dialer:      dial,
		DialTimeout: time.Second,
		ReadTimeout: time.Second,
	}), nil
}

// failoverClient is a client of the group's master, found through the Sentinels as applications find it. It connects with dial,
// so that the caller can see where to.
func (w *World) failoverClient(ctx context.Context, group Group, byPods bool, dial dialer) (*redis.Client, error) {
	hosts, err := w.sentinelHosts(ctx, group.Sentinels, byPods)
	if err != nil {
		return nil, err
	}
	addresses := make([]string, len(hosts))
	for i, host := range hosts {
		addresses[i] = net.JoinHostPort(host, strconv.Itoa(contract.SentinelPort))
	}
	return redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName:    group.MasterName(),
		SentinelAddrs: addresses,
		Username:      userFor(group.Password),
		Password:      group.Password,
		Dialer:        dial,
		DialTimeout:   time.Second,
		ReadTimeout:   time.Second,
	}), nil
}

// sentinelHosts is the address of the Sentinels' Service, or those of their pods.
func (w *World) sentinelHosts(ctx context.Context, set SentinelSet, byPods bool) ([]string, error) {
	if !byPods {
		service, err := w.Client.CoreV1().Services(set.Namespace).Get(ctx, set.Name, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("finding the Sentinels' Service: %w", err)
		}
		return []string{service.Spec.ClusterIP}, nil
	}
	pods, err := w.sentinelPods(ctx, set)
	if err != nil {
		return nil, err
	}
	hosts := make([]string, len(pods))
	for i, pod := range pods {
		hosts[i] = pod.Status.PodIP
	}
	return hosts, nil
}
