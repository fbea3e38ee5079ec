// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/soak/history"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// clients are all that write to the group.
type clients struct {
	// applications write with their library's defaults, by what they find the master through.
	applications map[string]*world.Writer
	probes       *probes
}

func startClients(ctx context.Context, w *world.World, group world.Group) (*clients, error) {
	c := &clients{applications: map[string]*world.Writer{}}
	for name, service := range map[string]bool{"Sentinel": false, "Service": true} {
		writer, err := w.StartWriter(ctx, group, world.Writes{Rate: perSecond, Confirm: true, Identify: true, Service: service})
		if err != nil {
			c.close()
			return nil, fmt.Errorf("writing through the %s: %w", name, err)
		}
		c.applications[name] = writer
	}
	c.probes = startProbes(ctx, w, group)
	return c, nil
}

func (c *clients) close() {
	for _, writer := range c.applications {
		writer.Close()
	}
	if c.probes != nil {
		c.probes.close()
	}
}

// since are all writes acknowledged since a time, by all clients.
func (c *clients) since(begin time.Time) []history.Ack {
	acks := c.probes.since(begin)
	for _, writer := range c.applications {
		for _, ack := range writer.Since(begin).Acks {
			acks = append(acks, history.Ack{Key: writer.Key(ack.Number), Sent: ack.Sent, At: ack.At, Server: ack.Server, Replicated: ack.Replicated})
		}
	}
	return acks
}

const (
	// probeEvery is how often a probe writes.
	probeEvery = 50 * time.Millisecond
	// lookEvery is how often new pods are looked for.
	lookEvery = 200 * time.Millisecond
)

// probes write to each pod of the group at its own address, whoever leads.
type probes struct {
	world   *world.World
	group   world.Group
	stop    context.CancelFunc
	running sync.WaitGroup

	mu sync.Mutex
	// listed says of each address that is probed whether the API shows a pod there.
	listed map[string]bool
	acks   []history.Ack
}

func startProbes(ctx context.Context, w *world.World, group world.Group) *probes {
	ctx, stop := context.WithCancel(ctx)
	p := &probes{world: w, group: group, stop: stop, listed: map[string]bool{}}
	p.running.Go(func() { every(ctx, lookEvery, func(int) bool { p.look(ctx); return true }) })
	return p
}

func (p *probes) close() {
	p.stop()
	p.running.Wait()
}

// look begins to probe pods that are new, and notes which are gone.
func (p *probes) look(ctx context.Context) {
	pods, err := p.world.Pods(ctx, p.group)
	if err != nil {
		return // the API will answer later; who is probed goes on being probed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for address := range p.listed {
		p.listed[address] = false
	}
	for _, pod := range pods {
		if pod.Status.PodIP == "" {
			continue
		}
		address := world.RedisAddress(pod)
		if _, known := p.listed[address]; !known {
			p.running.Go(func() { p.probe(ctx, address) })
		}
		p.listed[address] = true
	}
}

// probe writes to one server. It ends with the first failure once the API shows no pod at the address, which another group may get.
func (p *probes) probe(ctx context.Context, address string) {
	client := p.world.Connection(address, world.Login{Password: p.group.Password})
	defer client.Close() //nolint:errcheck // nobody needs it any more
	every(ctx, probeEvery, func(number int) bool {
		sent := time.Now()
		key := fmt.Sprintf("probe:%s:%d", address, number)
		pipe := client.Pipeline()
		set, info := pipe.Set(ctx, key, number, 0), pipe.Info(ctx, "server")
		_, err := pipe.Exec(ctx)
		p.mu.Lock()
		defer p.mu.Unlock()
		if set.Err() == nil && err == nil {
			p.acks = append(p.acks, history.Ack{Key: key, Sent: sent, At: time.Now(), Server: runID(info)})
		}
		if err != nil && !p.listed[address] {
			delete(p.listed, address)
			return false
		}
		return true
	})
}

// runID is which process answered INFO.
func runID(info *redis.StringCmd) string {
	for line := range strings.Lines(info.Val()) {
		if id, found := strings.CutPrefix(strings.TrimSpace(line), "run_id:"); found {
			return strings.Clone(id)
		}
	}
	return ""
}

func (p *probes) since(begin time.Time) []history.Ack {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.acks), func(ack history.Ack) bool { return ack.At.Before(begin) })
}

// every calls with a number until the context ends, or until the call says that it is over.
func every(ctx context.Context, pause time.Duration, call func(number int) (more bool)) {
	ticks := time.NewTicker(pause)
	defer ticks.Stop()
	for number := 0; ; number++ {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			if !call(number) {
				return
			}
		}
	}
}
