// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// lookEvery is how often replicas are asked who is connected: the resolution of how long a client stays at one.
const lookEvery = 50 * time.Millisecond

// stays is how long connections of each name were seen at a server that is a replica.
type stays struct {
	mu    sync.Mutex
	first map[stay]time.Time
	last  map[stay]time.Time
}

// stay is one connection, by the client's name and by both addresses.
type stay struct{ name, client, server string }

// watch asks all replicas who is connected until the context ends.
func (s *stays) watch(ctx context.Context, w *world.World, group world.Group) {
	s.first, s.last = map[stay]time.Time{}, map[stay]time.Time{}
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	for {
		if view, err := w.Look(ctx, group); err == nil {
			for _, node := range view.Nodes {
				if node.Redis.Role == contract.RoleReplica {
					s.ask(ctx, w, group, node.Address)
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

func (s *stays) ask(ctx context.Context, w *world.World, group world.Group, server string) {
	text, err := w.In(group, server).Do(ctx, "CLIENT", "LIST", "TYPE", "normal").Text()
	if err != nil {
		return // a server that is silent holds nobody
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for entry := range strings.Lines(text) {
		one := stay{server: server}
		for field := range strings.FieldsSeq(entry) {
			key, value, _ := strings.Cut(field, "=")
			switch key {
			case "name":
				one.name = value
			case "addr":
				one.client = value
			}
		}
		if one.name == "" {
			continue
		}
		if _, known := s.first[one]; !known {
			s.first[one] = now
		}
		s.last[one] = now
	}
}

// longest is how long a connection of that name was at a replica at most.
func (s *stays) longest(name string) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var longest time.Duration
	for one, first := range s.first {
		if one.name == name {
			longest = max(longest, s.last[one].Sub(first)+lookEvery)
		}
	}
	return longest
}
