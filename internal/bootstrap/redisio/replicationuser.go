// SPDX-License-Identifier: Apache-2.0

package redisio

import "context"

// A replica connects to an address, and whoever has got that address answers like a master. The only thing that a replica
// says of itself before it takes data is its user: a server that does not know it sends it away. So each server of a group
// has a user of the group's name, which may replicate and nothing else, and every replica presents itself as that user. It has no
// password: it tells groups apart, it does not keep anybody out.

// EnsureReplicationUser gives the server the user of its group. Some servers ask for a part of the data by SYNC, on a connection of
// its own.
func (s Server) EnsureReplicationUser(ctx context.Context, user string) error {
	return s.run(ctx, "making the user "+user, func(ctx context.Context) error {
		return s.client.ACLSetUser(ctx, user, "on", "nopass", "-@all", "+ping", "+replconf", "+psync", "+sync").Err()
	})
}

// AuthenticateAs sets as whom the server presents itself to its master; empty: as nobody, to a master that has no agent. It holds
// from the next connection on.
func (s Server) AuthenticateAs(ctx context.Context, user string) error {
	// Without a password no user is presented; it comes last and goes first, or one of the two would be sent alone.
	options := []string{"masteruser", "masterauth"}
	if user == "" {
		options = []string{"masterauth", "masteruser"}
	}
	return s.run(ctx, "setting whom it presents itself as", func(ctx context.Context) error {
		for _, option := range options {
			if err := s.client.ConfigSet(ctx, option, user).Err(); err != nil {
				return err
			}
		}
		return nil
	})
}
