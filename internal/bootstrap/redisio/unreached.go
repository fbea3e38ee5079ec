// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"context"
	"net"
	"time"
)

// dialer connects, or returns a connection on which everything fails with the reason why it could not. A dialer that fails
// trips go-redis' circuit breaker: after as many failures as the pool has places it answers every command with the old error
// and tries the server only once a second. A server that has just come up would go unseen for that second, and waiting for
// servers that come up is what an agent does.
func dialer(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: Deadline, KeepAlive: 15 * time.Second}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return unreached{err}, nil //nolint:nilerr // the connection carries the error to its user
	}
	return conn, nil
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
