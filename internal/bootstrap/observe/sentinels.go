// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

const (
	// nameDeadline bounds a DNS look-up; it runs beside the loop, never in it.
	nameDeadline = time.Second
	// nameLife is how long the address of a Sentinel that answers is trusted without asking again.
	nameLife = 30 * time.Second
)

// Names finds the addresses of the Sentinels of a set by the names that its headless Service gives them. A name that
// cannot be resolved is a silent Sentinel, never fewer Sentinels: majorities are counted against the whole set.
type Names struct {
	family netip.Addr
	spawn  Spawn
	mu     sync.Mutex
	known  map[string]located
	asking map[string]bool
}

type located struct {
	host string
	at   time.Time
}

// NewNames resolves to addresses of the same family as mine.
func NewNames(family netip.Addr, spawn Spawn) *Names {
	return &Names{family: family, spawn: spawn, known: map[string]located{}, asking: map[string]bool{}}
}

// name is the stable DNS name of one Sentinel.
func name(set contract.SentinelSet, ordinal int) string {
	return fmt.Sprintf("%s-%d.%s.%s.svc", set.Name, ordinal, set.Service, set.Namespace)
}

// Address returns what is known of a name now, and asks again in the background when it is old or did not answer.
func (n *Names) Address(host string, port int, silent bool) (model.Address, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l, ok := n.known[host]
	age := time.Since(l.at)
	if (!ok || age > nameLife || silent && age > time.Second) && !n.asking[host] {
		n.asking[host] = true
		n.spawn(func(ctx context.Context) { n.resolve(ctx, host) })
	}
	return model.Address{Host: l.host, Port: port}, ok && l.host != ""
}

func (n *Names) resolve(ctx context.Context, host string) {
	defer func() { // whatever becomes of this look-up, another one may be made
		n.mu.Lock()
		delete(n.asking, host)
		n.mu.Unlock()
	}()
	asking, cancel := context.WithTimeout(ctx, nameDeadline)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(asking, "ip", host)
	n.mu.Lock()
	defer n.mu.Unlock()
	l := located{host: n.known[host].host, at: time.Now()} // a failed look-up keeps the old address: it may still answer
	for _, ip := range found {
		if ip = ip.Unmap(); err == nil && (!n.family.IsValid() || ip.Is4() == n.family.Is4()) {
			l.host = ip.String()
			break
		}
	}
	n.known[host] = l
}
