// SPDX-License-Identifier: Apache-2.0

package redisio

import "context"

// A replica connects to an address, and any server that has got that address answers like a master. The only thing that a
// replica says of itself before it takes data is its user: a server that does not know the user rejects it. So each server of a
// group has a user of the group's name, which may replicate and nothing else, and every replica authenticates as that user. It
// has no password: it tells groups apart, it does not keep anyone out.

// EnsureReplicationUser gives the server the user of its group. Some servers fetch a part of the data by SYNC, on a connection
// of its own.
func (s Server) EnsureReplicationUser(ctx context.Context, user string) error {
	return s.run(ctx, "creating the user "+user, func(ctx context.Context) error {
		return s.client.ACLSetUser(ctx, user, "on", "nopass", "-@all", "+ping", "+replconf", "+psync", "+sync").Err()
	})
}

// AuthenticateAs sets the user that the server presents to its master; an empty one means none, for a master that has no agent.
// It takes effect with the next connection.
func (s Server) AuthenticateAs(ctx context.Context, user string) error {
	// Without a password no user is presented. The password is set last and removed first, or one of the two would be sent
	// alone.
	options := []string{"masteruser", "masterauth"}
	if user == "" {
		options = []string{"masterauth", "masteruser"}
	}
	return s.run(ctx, "setting masteruser and masterauth", func(ctx context.Context) error {
		for _, option := range options {
			if err := s.client.ConfigSet(ctx, option, user).Err(); err != nil {
				return err
			}
		}
		return nil
	})
}
