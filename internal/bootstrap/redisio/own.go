// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"context"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// Own is the server that an agent runs beside. One that does not know its agent is asked as anybody, if it lets anybody in: one that
// started from another file has to be fenced all the more, and one that lost its users is given them back.
type Own struct {
	as, plain *redis.Client
	current   atomic.Pointer[redis.Client]
	// user are the arguments that make the agent's user again, and file what the server starts from.
	user []any
	file string
}

// KeepOwn returns the server at an address, for as long as the process lives, which starts from a file.
func KeepOwn(address model.Address, as model.Credential, file string) *Own {
	o := &Own{as: Keep(address, as), plain: Keep(address, model.Credential{}), file: file}
	o.user = []any{"acl", "setuser"}
	for _, word := range redisconf.SetUserOf(redisconf.User{Name: as.User, Hashes: []string{keys.Hash(as.Password)}, Rules: redisconf.AgentRules}.Line()) {
		o.user = append(o.user, word)
	}
	o.current.Store(o.as)
	return o
}

// Client is the server as its agent's user.
func (o *Own) Client() *redis.Client { return o.as }

// Server commands it as whoever was let in last.
func (o *Own) Server() Server { return Server{client: o.current.Load} }

// Ask is AskOwn, and reports whether the server started from another file than it should. Where the agent's user is denied, it asks as
// nobody: then the server knows the agent again, or is one to be fenced.
func (o *Own) Ask(ctx context.Context) model.Redis {
	r := AskOwn(ctx, o.as)
	if r.Denied != "" {
		if anybody := Ask(ctx, o.plain); o.startedElsewhere(&anybody) {
			o.current.Store(o.plain)
			anybody.OtherFile = true
			return anybody
		} else if anybody.Answer != model.Silent && o.plain.Do(ctx, o.user...).Err() == nil {
			r = AskOwn(ctx, o.as)
		}
	}
	o.current.Store(o.as)
	r.OtherFile = o.startedElsewhere(&r)
	return r
}

func (o *Own) startedElsewhere(r *model.Redis) bool {
	return r.ConfigFile != "" && r.ConfigFile != o.file
}
