// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// A tale is a story that no script can tell: what happens depends on what is so at that instant.
type tale struct {
	*World
	t *testing.T
	// beside are clients on the machines of pods, which stay with them.
	beside []*client
	// none is the longest time for which no pod took writes since the tale began, and idleSince when the present one began.
	none, idleSince time.Duration
}

// tales plays a tale with many seeds, each until it is over and the group is whole again, and looks at each end.
func tales(t *testing.T, seeds uint64, setup Setup, deciders Deciders, tell func(*tale), during time.Duration, end func(*tale, Result)) {
	t.Helper()
	for seed := range seeds {
		s := setup
		s.Seed = seed + 1
		w := NewWorld(s, deciders)
		w.events = []string{}
		one := &tale{World: w, t: t, idleSince: never}
		w.in(begun, func() {
			tell(one)
			one.look()
		})
		result := w.play(begun + during)
		end(one, result)
		if t.Failed() {
			t.Logf("seed %d: %d acknowledged, %d lost, both for %s, none for %s, %v", s.Seed, result.Acked, result.Lost, w.bothAcked, one.none, result.Violation)
			one.print(begun, begun+during+time.Minute)
			return
		}
	}
}

// begun is when a tale begins: the group is whole by then.
const begun = 20 * time.Second

// three is a group of three pods and three Sentinels.
func three(p Persistence) Setup { return Setup{Nodes: 3, Sentinels: 3, Persistence: p, Found: -1} }

// two is a group of two pods and three Sentinels.
func two(p Persistence) Setup { return Setup{Nodes: 2, Sentinels: 3, Persistence: p, Found: -1} }

// look sees every ten milliseconds whether a pod takes writes.
func (s *tale) look() {
	s.in(10*time.Millisecond, s.look)
	switch {
	case slices.ContainsFunc(s.pods, func(p *pod) bool { return s.accepts(p.server) && !p.host.frozen && !p.host.gone }):
		s.idleSince = never
	case s.idleSince == never:
		s.idleSince = s.now
	}
	if s.idleSince != never {
		s.none = max(s.none, s.now-s.idleSince)
	}
}

// when does something at the first instant at which a condition holds.
func (s *tale) when(holds func() bool, do func()) {
	if holds() {
		do()
		return
	}
	s.in(time.Millisecond, func() { s.when(holds, do) })
}

// claimed reports whether another pod than that of an earlier record has claimed since.
func (s *tale) claimed(since model.Record) bool {
	return s.api().record.Epoch > since.Epoch && s.api().record.PodUID != since.PodUID
}

// after is the pod so many ordinals after another.
func (s *tale) after(p *pod, n int) *pod { return s.podOf((p.ordinal + n) % s.Nodes) }

// stay lets a client write beside a pod.
func (s *tale) stay(p *pod) *client {
	c := s.addClient(p)
	s.beside = append(s.beside, c)
	return c
}

// lost counts what was acknowledged to a client and is not in the group's data.
func (s *tale) lost(c *client) int {
	lost := 0
	for _, n := range c.acked {
		if !holds(s.leader().server.data, n) {
			lost++
		}
	}
	return lost
}

// print prints what happened between two instants.
func (s *tale) print(from, to time.Duration) {
	for _, line := range s.events {
		at, _, _ := strings.Cut(line, " ")
		if d, err := time.ParseDuration(at); err == nil && d >= from && d <= to {
			s.t.Log(line)
		}
	}
	for _, p := range s.pods {
		if !p.gone {
			s.t.Logf("%s: %s %s, ready %t, role %v, follows %s", name(p.ordinal), p.last.Action, p.last.Reason, p.ready, p.server.role, p.server.following)
		}
	}
}

// deposed fails the tale where a pod claims the mastership of one that takes writes and offered it to nobody.
func (s *tale) deposed(by *pod, during time.Duration) {
	before, master := s.api().record, s.leader()
	s.when(func() bool {
		now := s.api().record
		if now.Epoch > before.Epoch && now.PodUID == by.uid && before.Offer == nil && s.accepts(master.server) && !s.t.Failed() {
			s.t.Errorf("%s deposed %s, which took writes: %s", name(by.ordinal), name(master.ordinal), by.last.Reason)
		}
		before, master = now, s.leader()
		return s.now > begun+during
	}, func() {})
}

// serving is the pod that takes writes; nil where none does.
func (s *tale) serving() *pod {
	i := slices.IndexFunc(s.pods, func(p *pod) bool { return !p.gone && s.accepts(p.server) })
	if i < 0 {
		return nil
	}
	return s.pods[i]
}
