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
	decisions map[series]uint64
	turns     uint64
	seconds   float64
	failures  uint64
}

// series is one line of the decisions: two words of closed lists, and a name that a tenant chose.
type series struct{ group, action, reason string }

// mostSeries bounds what groups that come and go leave behind; what is beyond counts without a name.
const mostSeries = 4096

func newMetrics() *Metrics { return &Metrics{decisions: map[series]uint64{}} }

// Turn counts one round: what was decided for which group, how long it took, and whether acting failed.
func (m *Metrics) Turn(group, action, reason string, took time.Duration, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := series{group, action, reason}
	if _, known := m.decisions[s]; !known && len(m.decisions) >= mostSeries {
		s.group = ""
	}
	m.decisions[s]++
	m.turns++
	m.seconds += took.Seconds()
	if err != nil {
		m.failures++
	}
}

// Forget drops the name of a group that is gone; what it counted stays, without a name.
func (m *Metrics) Forget(group string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for s, n := range m.decisions {
		if s.group == group && group != "" {
			m.decisions[series{"", s.action, s.reason}] += n
			delete(m.decisions, s)
		}
	}
}

// counted are the decisions as a reader may see them: with the names of groups, or in sum.
func (m *Metrics) counted(named bool) map[string]uint64 {
	lines := map[string]uint64{}
	for s, n := range m.decisions {
		labels := fmt.Sprintf("action=%q,reason=%q", s.action, s.reason)
		if named {
			labels = fmt.Sprintf("group=%q,", s.group) + labels
		}
		lines[labels] += n
	}
	return lines
}

// write renders everything; labels come from a closed list of reasons and from names that Kubernetes has validated. The agent of a
// Sentinel names the groups that it keeps to readers in its own pod only: they belong to different tenants.
func (m *Metrics) write(w io.Writer, s Status, local bool) {
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
	named := local || s.Group != ""
	for _, g := range append([]Status{s}, s.Groups...) {
		if named && g.Group != "" {
			p("redis_sentinel_agent_record_epoch{group=%q} %d\n", g.Group, g.Epoch)
		}
	}
	p("# HELP redis_sentinel_agent_decisions_total Decisions by action and reason.\n# TYPE redis_sentinel_agent_decisions_total counter\n")
	decisions := m.counted(named)
	for _, labels := range slices.Sorted(maps.Keys(decisions)) {
		p("redis_sentinel_agent_decisions_total{%s} %d\n", labels, decisions[labels])
	}
	p("# HELP redis_sentinel_agent_failed_acts_total Acts that failed or whose outcome is unknown.\n# TYPE redis_sentinel_agent_failed_acts_total counter\n")
	p("redis_sentinel_agent_failed_acts_total %d\n", m.failures)
	p("# HELP redis_sentinel_agent_turn_seconds Time that one round of observing, deciding and acting takes.\n# TYPE redis_sentinel_agent_turn_seconds summary\n")
	p("redis_sentinel_agent_turn_seconds_sum %g\nredis_sentinel_agent_turn_seconds_count %d\n", m.seconds, m.turns)
}
