// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"
)

// Metrics are the agent's few metrics in the Prometheus text format. The client library would add a tenth to an image that
// every Redis pod pulls, for three counters and two gauges.
type Metrics struct {
	mu        sync.Mutex
	decisions map[string]uint64 // by rendered labels
	turns     uint64
	seconds   float64
	failures  uint64
}

func newMetrics() *Metrics { return &Metrics{decisions: map[string]uint64{}} }

// Turn counts one round: what was decided for which group, how long it took, and whether acting failed.
func (m *Metrics) Turn(group, action, reason string, took time.Duration, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.decisions[fmt.Sprintf("group=%q,action=%q,reason=%q", group, action, reason)]++
	m.turns++
	m.seconds += took.Seconds()
	if err != nil {
		m.failures++
	}
}

// write renders everything; labels come from a closed list of reasons and from names that Kubernetes has validated.
func (m *Metrics) write(w io.Writer, s Status) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ready := 0
	if s.Ready {
		ready = 1
	}
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
	p("# HELP redis_sentinel_agent_ready Whether the agent reports its server ready.\n# TYPE redis_sentinel_agent_ready gauge\n")
	p("redis_sentinel_agent_ready %d\n", ready)
	p("# HELP redis_sentinel_agent_record_epoch Epoch of the group's record.\n# TYPE redis_sentinel_agent_record_epoch gauge\n")
	for _, g := range append([]Status{s}, s.Groups...) {
		if g.Group != "" {
			p("redis_sentinel_agent_record_epoch{group=%q} %d\n", g.Group, g.Epoch)
		}
	}
	p("# HELP redis_sentinel_agent_decisions_total Decisions by action and reason.\n# TYPE redis_sentinel_agent_decisions_total counter\n")
	for _, labels := range slices.Sorted(maps.Keys(m.decisions)) {
		p("redis_sentinel_agent_decisions_total{%s} %d\n", labels, m.decisions[labels])
	}
	p("# HELP redis_sentinel_agent_failed_acts_total Acts that failed or whose outcome is unknown.\n# TYPE redis_sentinel_agent_failed_acts_total counter\n")
	p("redis_sentinel_agent_failed_acts_total %d\n", m.failures)
	p("# HELP redis_sentinel_agent_turn_seconds Time that one round of observing, deciding and acting takes.\n# TYPE redis_sentinel_agent_turn_seconds summary\n")
	p("redis_sentinel_agent_turn_seconds_sum %g\nredis_sentinel_agent_turn_seconds_count %d\n", m.seconds, m.turns)
}
