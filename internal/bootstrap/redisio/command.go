// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
)

// Follow makes a Redis a replica of an address. Naming the address that it follows already changes nothing.
func Follow(ctx context.Context, client *redis.Client, master decide.Address) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	if err := client.Do(ctx, "replicaof", master.Host, master.Port).Err(); err != nil {
		return fmt.Errorf("following %s: %w", master, err)
	}
	return nil
}

// Promote makes a Redis master. It first lifts min-replicas-to-write, which would refuse the first writes.
func Promote(ctx context.Context, client *redis.Client) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	_ = client.ConfigSet(ctx, "min-replicas-to-write", "0").Err() // tuning sets it again; the role matters more
	if err := client.Do(ctx, "replicaof", "no", "one").Err(); err != nil {
		return fmt.Errorf("promoting: %w", err)
	}
	return nil
}

// KillClients drops the connections of ordinary clients and subscribers, so that they ask Sentinel again.
func KillClients(ctx context.Context, client *redis.Client) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	for _, kind := range []string{"normal", "pubsub"} {
		if err := client.Do(ctx, "client", "kill", "type", kind).Err(); err != nil {
			return fmt.Errorf("closing %s connections: %w", kind, err)
		}
	}
	return nil
}

// Tune sets what differs from the wanted values and says how many settings it changed.
func Tune(ctx context.Context, client *redis.Client, want decide.Tuning) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	stale := "no"
	if want.ServeStale {
		stale = "yes"
	}
	changed := 0
	for _, option := range [][2]string{
		{"replica-priority", strconv.Itoa(want.Priority)},
		{"replica-serve-stale-data", stale},
		{"min-replicas-to-write", strconv.Itoa(want.MinReplicas)},
	} {
		now, err := client.ConfigGet(ctx, option[0]).Result()
		if err != nil {
			return changed, fmt.Errorf("reading %s: %w", option[0], err)
		}
		if now[option[0]] == option[1] {
			continue
		}
		if err := client.ConfigSet(ctx, option[0], option[1]).Err(); err != nil {
			return changed, fmt.Errorf("setting %s to %s: %w", option[0], option[1], err)
		}
		changed++
	}
	return changed, nil
}

// SetOnce sets options that only some versions know; an unknown one is left.
func SetOnce(ctx context.Context, client *redis.Client, name, value string) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	err := client.ConfigSet(ctx, name, value).Err()
	if err != nil && !strings.Contains(strings.ToLower(err.Error()), "unknown") {
		return fmt.Errorf("setting %s: %w", name, err)
	}
	return nil
}
