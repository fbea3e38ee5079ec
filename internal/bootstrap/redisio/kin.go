// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// A replica connects to an address, and whoever has got that address answers like a master. The only thing that a replica
// says of itself before it takes data is its user: a server that does not know him sends it away. So each server of a group
// has a user of the group's name, who may replicate and nothing else, and every replica presents itself as him. He has no
// password: he tells groups apart, he does not keep anybody out.

// EnsureReplicationUser gives a server the user of its group. Some servers ask for a part of the data by SYNC, on a connection of its own.
func EnsureReplicationUser(ctx context.Context, client *redis.Client, group string) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	if err := client.Do(ctx, "acl", "setuser", group, "on", "nopass", "-@all", "+ping", "+replconf", "+psync", "+sync").Err(); err != nil {
		return fmt.Errorf("making the user %s: %w", group, err)
	}
	return nil
}

// AuthenticateAs sets as whom a replica presents itself to its master; empty: as nobody, to a master that has no agent. It holds
// from the next connection on.
func AuthenticateAs(ctx context.Context, client *redis.Client, group string) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	// Without a password no user is presented; it comes last and goes first, or one of the two would be sent alone.
	options := []string{"masteruser", "masterauth"}
	if group == "" {
		options = []string{"masterauth", "masteruser"}
	}
	for _, option := range options {
		if err := client.ConfigSet(ctx, option, group).Err(); err != nil {
			return fmt.Errorf("setting %s: %w", option, err)
		}
	}
	return nil
}
