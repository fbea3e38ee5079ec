// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Metrics are the agent's few metrics in the Prometheus text format. The client library would add a tenth to an image that
// every Redis pod pulls, for three counters and two gauges.
type Metrics struct {
	mu        sync.Mutex
	decisions map[series]uint64
	// switches are the changes of master to this pod by cause, and pauses the handovers from it.
	switches map[series]*sum
	pauses   map[string]*sum
	turns    uint64
	seconds  float64
	failures uint64
}

// series is one line of the decisions: two words of closed lists, and a name that a tenant chose.
type series struct{ group, action, reason string }

// mostSeries bounds what groups that come and go leave behind; what is beyond counts without a name.
const mostSeries = 4096

// sum is how often something took time, and how long in all.
type sum struct {
	n       uint64
	seconds float64
}

func newMetrics() *Metrics {
	return &Metrics{decisions: map[series]uint64{}, switches: map[series]*sum{}, pauses: map[string]*sum{}}
}

// Switched counts a change of master to this pod, and for how long there was no master that took writes; negative where that is not
// known.
func (m *Metrics) Switched(group, cause string, without time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := series{group: group, reason: cause}
	if m.switches[s] == nil {
		m.switches[s] = &sum{}
	}
	m.switches[s].n++
	m.switches[s].seconds += max(0, without.Seconds())
}

// Paused counts a handover from this pod, and for how long writes were held back for it.
func (m *Metrics) Paused(group string, long time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pauses[group] == nil {
		m.pauses[group] = &sum{}
	}
	m.pauses[group].n++
	m.pauses[group].seconds += long.Seconds()
}

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
	if s.Redis != nil {
		writeRedis(p, s.Group, s.Redis)
	}
	p("# HELP redis_sentinel_agent_decisions_total Decisions by action and reason.\n# TYPE redis_sentinel_agent_decisions_total counter\n")
	decisions := m.counted(named)
	for _, labels := range slices.Sorted(maps.Keys(decisions)) {
		p("redis_sentinel_agent_decisions_total{%s} %d\n", labels, decisions[labels])
	}
	m.writeSwitches(p)
	p("# HELP redis_sentinel_agent_failed_acts_total Acts that failed or whose outcome is unknown.\n# TYPE redis_sentinel_agent_failed_acts_total counter\n")
	p("redis_sentinel_agent_failed_acts_total %d\n", m.failures)
	p("# HELP redis_sentinel_agent_turn_seconds Time that one round of observing, deciding and acting takes.\n# TYPE redis_sentinel_agent_turn_seconds summary\n")
	p("redis_sentinel_agent_turn_seconds_sum %g\nredis_sentinel_agent_turn_seconds_count %d\n", m.seconds, m.turns)
}

// writeSwitches renders what only the agent of a Redis counts, of its own group.
func (m *Metrics) writeSwitches(p func(string, ...any)) {
	if len(m.switches) > 0 {
		p("# HELP redis_sentinel_agent_switch_seconds Changes of master to this pod, by cause, and the time for which no master took writes.\n# TYPE redis_sentinel_agent_switch_seconds summary\n")
		for _, s := range slices.SortedFunc(maps.Keys(m.switches), func(a, b series) int { return strings.Compare(a.reason, b.reason) }) {
			x := m.switches[s]
			p("redis_sentinel_agent_switch_seconds_sum{group=%q,cause=%q} %g\nredis_sentinel_agent_switch_seconds_count{group=%q,cause=%q} %d\n", s.group, s.reason, x.seconds, s.group, s.reason, x.n)
		}
	}
	if len(m.pauses) > 0 {
		p("# HELP redis_sentinel_agent_handover_pause_seconds Handovers from this pod, and the time for which writes were held back.\n# TYPE redis_sentinel_agent_handover_pause_seconds summary\n")
		for _, group := range slices.Sorted(maps.Keys(m.pauses)) {
			x := m.pauses[group]
			p("redis_sentinel_agent_handover_pause_seconds_sum{group=%q} %g\nredis_sentinel_agent_handover_pause_seconds_count{group=%q} %d\n", group, x.seconds, group, x.n)
		}
	}
}

// writeRedis renders what the agent saw of its Redis in the last turn. The pod is a label that whoever collects adds; the group joins it
// with what the Sentinels' agents say.
func writeRedis(p func(string, ...any), group string, r *Redis) {
	gauge := func(name, help, labels string, value float64) {
		p("# HELP redis_sentinel_agent_%s %s\n# TYPE redis_sentinel_agent_%s gauge\nredis_sentinel_agent_%s{group=%q%s} %g\n", name, help, name, name, group, labels, value)
	}
	as := func(so bool) float64 {
		if so {
			return 1
		}
		return 0
	}
	gauge("role", "Role of the Redis, as it says itself.", fmt.Sprintf(",role=%q", r.Role), 1)
	gauge("link_up", "Whether the replication link of a replica is up.", "", as(r.LinkUp))
	gauge("token_refused", "Whether the API refuses the token of the pod.", "", as(r.TokenRefused))
	gauge("link_idle_seconds", "For how long nothing has come over the link of a replica.", "", r.LinkIdleSeconds)
	gauge("offset_bytes", "How far the Redis is in its history; the difference between pods of one group is the lag.", "", float64(r.Offset))
	gauge("replicas", "How many replicas the Redis streams to.", "", float64(r.Replicas))
	gauge("sentinels", "How many Sentinels the set has.", "", float64(r.Sentinels))
	gauge("sentinels_agreeing", "How many of them name the pod that the record names.", "", float64(r.Agreeing))
}
