// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"context"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Own is the server that an agent runs beside. A server that does not know its agent, because it started from another file or lost its
// users, is reached as anybody, if it lets anybody in: it has to be fenced all the more.
type Own struct {
	as, plain *redis.Client
	current   atomic.Pointer[redis.Client]
}

// KeepOwn returns the server at an address, for as long as the process lives.
func KeepOwn(address model.Address, as model.Credential) *Own {
	o := &Own{as: Keep(address, as), plain: Keep(address, model.Credential{})}
	o.current.Store(o.as)
	return o
}

// Client is the server as its agent's user.
func (o *Own) Client() *redis.Client { return o.as }

// Server commands it as whoever was let in last.
func (o *Own) Server() Server { return Server{client: o.current.Load} }

// Ask is AskOwn, and where the agent's user is denied, asks as nobody.
func (o *Own) Ask(ctx context.Context) model.Redis {
	r := AskOwn(ctx, o.as)
	if r.Denied == "" {
		o.current.Store(o.as)
		return r
	}
	if anybody := Ask(ctx, o.plain); anybody.Answer != model.Silent {
		o.current.Store(o.plain)
		return anybody
	}
	return r
}
