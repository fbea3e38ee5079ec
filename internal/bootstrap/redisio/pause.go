// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// PauseWrites holds back every write for a time, at most; reads and replication go on. A later, longer pause extends it.
func PauseWrites(ctx context.Context, client *redis.Client, most time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	if err := client.Do(ctx, "client", "pause", most.Milliseconds(), "write").Err(); err != nil {
		return fmt.Errorf("pausing writes: %w", err)
	}
	return nil
}

// Unpause lets the held writes go on.
func Unpause(ctx context.Context, client *redis.Client) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	if err := client.Do(ctx, "client", "unpause").Err(); err != nil {
		return fmt.Errorf("ending the pause of writes: %w", err)
	}
	return nil
}
