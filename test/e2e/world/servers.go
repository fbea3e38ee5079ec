// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// answerWithin bounds one question to one server; a server that has not answered by then is silent.
const answerWithin = 500 * time.Millisecond

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// servers keeps one client for each Redis or Sentinel address that was ever asked, and each password.
type servers struct {
	dial    dialer
	mu      sync.Mutex
	clients map[server]*redis.Client
}

type server struct{ address, password string }

// clientUser is whom clients present themselves as. It is named, because a server without a password refuses one that comes
// without a user, and lets in whoever names this one.
const clientUser = "default"

// userFor is the user of a client with that password.
func userFor(password string) string {
	if password == "" {
		return ""
	}
	return clientUser
}

func newServers(dial dialer) *servers {
	return &servers{dial: dial, clients: map[server]*redis.Client{}}
}

// at returns a client that asks once and never repeats a question.
func (s *servers) at(address, password string) *redis.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	client, known := s.clients[server{address, password}]
	if !known {
		client = redis.NewClient(&redis.Options{
			Addr: address, Username: userFor(password), Password: password, Dialer: s.dial, MaxRetries: -1, PoolSize: 4, Protocol: 2, DisableIdentity: true,
			DialTimeout: answerWithin, ReadTimeout: answerWithin, WriteTimeout: answerWithin,
		})
		s.clients[server{address, password}] = client
	}
	return client
}

func (s *servers) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, client := range s.clients {
		_ = client.Close()
		delete(s.clients, key)
	}
}

// dial reaches a pod's or a Service's address. This machine is the node where the cluster's own tool is given; from anywhere
// else the path leads through the API server.
func (w *World) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if !w.tool.configured() {
		return w.tunnel(ctx, network, address)
	}
	return (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, network, address)
}

// At is a client of the Redis or Sentinel server at the address, for questions that this package does not ask itself.
func (w *World) At(address string) *redis.Client { return w.servers.at(address, "") }

// In is the same for a server of a group whose clients have a password.
func (w *World) In(group Group, address string) *redis.Client {
	return w.servers.at(address, group.Password)
}
