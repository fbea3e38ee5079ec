// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"errors"
	"net"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
)

// Spec says what a Writer writes where, and by which settings.
type Spec struct {
	// Path and Client are names of package measure.
	Path, Client string
	// Sentinels are addresses of Sentinels and Master the name to ask them for, for a path by Sentinel; Address is host and port
	// of a server or a Service for any other.
	Sentinels []string
	Master    string
	Address   string
	// Key is what is written to.
	Key string
	// Rate is writes per second.
	Rate int
}

const (
	// wireTimeout bounds a write, a read and a connection on the wire: long enough for every pause of a planned change, and short
	// enough that few wait in vain.
	wireTimeout = 500 * time.Millisecond
	// noLimit on connections: the library stops to connect for a second when as many as that failed in a row, which would show as
	// a gap of the servers.
	noLimit = 100_000
)

// client makes the client library's client, with its defaults or without what hides the servers' doing.
func (s Spec) client() *redis.Client {
	wire := s.Client == measure.OnTheWire
	if s.Path == measure.BySentinel {
		options := &redis.FailoverOptions{MasterName: s.Master, SentinelAddrs: s.Sentinels}
		if wire {
			options.MaxRetries, options.DialerRetries, options.PoolSize = -1, 1, noLimit
			options.DialTimeout, options.ReadTimeout, options.WriteTimeout = wireTimeout, wireTimeout, wireTimeout
		}
		return redis.NewFailoverClient(options)
	}
	options := &redis.Options{Addr: s.Address}
	if wire {
		options.MaxRetries, options.DialerRetries, options.PoolSize = -1, 1, noLimit
		options.DialTimeout, options.ReadTimeout, options.WriteTimeout = wireTimeout, wireTimeout, wireTimeout
	}
	return redis.NewClient(options)
}

var addresses = regexp.MustCompile(`(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\])(:\d+)?`)

// kind is what an error says, in the few words in which errors of a kind are the same.
func kind(err error) string {
	var answered redis.Error
	var network *net.OpError
	var name *net.DNSError
	switch {
	case errors.As(err, &answered):
		word, _, _ := strings.Cut(answered.Error(), " ")
		return word
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.As(err, &name):
		return "name not found"
	case errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.As(err, &network) && network.Err != nil:
		text := network.Err.Error()
		return network.Op + ": " + strings.TrimSpace(text[strings.LastIndex(text, ":")+1:])
	}
	return strings.TrimPrefix(addresses.ReplaceAllString(err.Error(), "ADDRESS"), "redis: ")
}
