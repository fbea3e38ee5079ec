// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// dialer connects, or returns a connection on which everything fails with the reason why it could not. A dialer that fails
// trips go-redis' circuit breaker: after as many failures as the pool has places it answers every command with the old error
// and tries the server only once a second. A server that has just come up would go unseen for that second, and waiting for
// servers that come up is what an agent does.
//
// What comes back over the connection is bounded.
func dialer(mostBytes int) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{Timeout: Deadline, KeepAlive: 15 * time.Second}
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return unreached{err}, nil //nolint:nilerr // the connection carries the error to its user
		}
		return guard(conn, mostBytes), nil
	}
}

// unreached is a connection that was never made.
type unreached struct{ why error }

func (u unreached) Read([]byte) (int, error)         { return 0, u.why }
func (u unreached) Write([]byte) (int, error)        { return 0, u.why }
func (u unreached) Close() error                     { return nil }
func (u unreached) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (u unreached) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (u unreached) SetDeadline(time.Time) error      { return nil }
func (u unreached) SetReadDeadline(time.Time) error  { return nil }
func (u unreached) SetWriteDeadline(time.Time) error { return nil }

// Refuses reports whether nothing listens at a server's address: a connection that is made for this is refused.
func Refuses(ctx context.Context, client *redis.Client) bool {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", client.Options().Addr)
	if err != nil {
		return errors.Is(err, syscall.ECONNREFUSED)
	}
	_ = conn.Close()
	return false
}
