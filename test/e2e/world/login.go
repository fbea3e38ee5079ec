// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Login is whom a client presents itself as. Both empty: it presents nothing.
type Login struct{ User, Password string }

// Connection is a client of one server by one connection, which it never makes again by itself after an answer.
func (w *World) Connection(address string, login Login) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: address, Username: login.User, Password: login.Password, Dialer: w.dial, MaxRetries: -1, PoolSize: 1, Protocol: 2, DisableIdentity: true,
		DialTimeout: 2 * time.Second, ReadTimeout: 2 * time.Second, WriteTimeout: 2 * time.Second,
	})
}

// Enters reports whether a server lets a client in by a new connection. A server that does not answer is an error.
func (w *World) Enters(ctx context.Context, address string, login Login) (bool, error) {
	client := w.Connection(address, login)
	defer client.Close() //nolint:errcheck // it was for one command
	err := client.Ping(ctx).Err()
	var refused redis.Error
	if err == nil || !errors.As(err, &refused) {
		return err == nil, err
	}
	if text := refused.Error(); strings.HasPrefix(text, "NOAUTH") || strings.HasPrefix(text, "WRONGPASS") {
		return false, nil
	}
	return true, nil // it knows the client, and refuses the command
}
