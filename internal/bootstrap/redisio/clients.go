// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Deadline bounds every question and every command.
const Deadline = model.AnswerWithin

// bufferBytes is the size of a connection's two buffers: the library's are 32 KiB each, and 128 KiB for pipelines, which adds
// up where an agent talks to the pods of many groups. The longest reply, INFO, is read in two pieces.
const bufferBytes = 4 << 10

// Clients keeps one connection per server, and closes those that are no longer used.
type Clients struct {
	mu    sync.Mutex
	byKey map[key]*entry
}

type key struct {
	address model.Address
	as      model.Credential
}

type entry struct {
	client *redis.Client
	used   time.Time
}

// NewClients returns an empty set.
func NewClients() *Clients { return &Clients{byKey: map[key]*entry{}} }

// To returns the client of a server. The credential is empty where none is needed.
func (c *Clients) To(address model.Address, as model.Credential) *redis.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := key{address, as}
	e, ok := c.byKey[k]
	if !ok {
		e = &entry{client: dial(k, mostForeignBytes)}
		c.byKey[k] = e
	}
	e.used = time.Now()
	return e.client
}

// Sweep closes the clients that have not been used for a while: pods come and go, and their addresses are reused.
func (c *Clients) Sweep(unused time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, e := range c.byKey {
		if time.Since(e.used) > unused {
			_ = e.client.Close() // nothing depends on an unused connection
			delete(c.byKey, k)
		}
	}
}

// Keep returns a client that no sweep closes: for the one server that the agent runs beside.
func Keep(address model.Address, as model.Credential) *redis.Client {
	return dial(key{address, as}, mostBytes)
}

// silence is the library's logger: a server that does not answer is a fact of the view, not a line in the log.
type silence struct{}

// Printf drops what the library logs.
func (silence) Printf(context.Context, string, ...any) {}

// Quiet keeps the library from logging on its own. It is called once, before the first client.
func Quiet() { redis.SetLogger(silence{}) }

// dial makes a client that tries once: the loop is the retry, and a silent server must be reported as silent soon.
func dial(k key, most int) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: k.address.String(), Username: k.as.User, Password: k.as.Password,
		Protocol: 2, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		MaxRetries:               -1, PoolSize: 2, MaxActiveConns: 4,
		ReadBufferSize: bufferBytes, WriteBufferSize: bufferBytes,
		PipelineReadBufferSize: bufferBytes, PipelineWriteBufferSize: bufferBytes,
		DialTimeout: Deadline, ReadTimeout: Deadline, WriteTimeout: Deadline, PoolTimeout: Deadline,
		ContextTimeoutEnabled: true, DialerRetries: 1,
		Dialer: dialer(most),
	})
}
