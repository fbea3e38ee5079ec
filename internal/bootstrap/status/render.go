// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
)

// exposition is metrics in the text format of Prometheus.
type exposition struct{ io.Writer }

func (p exposition) printf(format string, args ...any) { _, _ = fmt.Fprintf(p, format, args...) } // a reader that went away needs no answer

// metric begins one metric.
func (p exposition) metric(name, kind, help string) {
	p.printf("# HELP redis_sentinel_agent_%s %s\n# TYPE redis_sentinel_agent_%s %s\n", name, help, name, kind)
}

// gauge writes a metric of one value.
func (p exposition) gauge(name, help, labels string, value float64) {
	p.metric(name, "gauge", help)
	if labels != "" {
		labels = "{" + labels + "}"
	}
	p.printf("redis_sentinel_agent_%s%s %g\n", name, labels, value)
}

// sums writes a metric of sums with their count; nothing where nothing was counted.
func (p exposition) sums(name, help string, all map[change]*sum) {
	if len(all) == 0 {
		return
	}
	p.metric(name, "summary", help)
	order := func(a, b change) int { return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.cause, b.cause)) }
	for _, c := range slices.SortedFunc(maps.Keys(all), order) {
		labels := fmt.Sprintf("{group=%q,cause=%q}", c.group, c.cause)
		p.printf("redis_sentinel_agent_%s_sum%s %g\nredis_sentinel_agent_%s_count%s %d\n", name, labels, all[c].seconds, name, labels, all[c].n)
	}
}

// write renders everything; labels come from closed lists and from names that Kubernetes has validated. The agent of a Sentinel names the
// groups that it keeps to readers in its own pod only: they belong to different tenants.
func (m *Metrics) write(w io.Writer, s Status, local bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, named := exposition{w}, local || s.Label != ""
	p.gauge("ready", "Whether the agent reports its server ready.", "", number(s.Ready))
	p.metric("record_epoch", "gauge", "Epoch of the group's record.")
	for _, g := range append([]Status{s}, s.Groups...) {
		if named && g.Label != "" {
			p.printf("redis_sentinel_agent_record_epoch{group=%q} %d\n", g.Label, g.Epoch)
		}
	}
	if s.Redis != nil {
		p.redis(fmt.Sprintf("group=%q", s.Label), s.Redis)
	}
	if s.Sentinel != nil {
		p.gauge("token_refused", "Whether the API refuses the token of the pod.", "", number(s.Sentinel.TokenRefused))
	}
	p.metric("decisions_total", "counter", "Decisions by action and reason.")
	decisions := m.counted(named)
	for _, labels := range slices.Sorted(maps.Keys(decisions)) {
		p.printf("redis_sentinel_agent_decisions_total{%s} %d\n", labels, decisions[labels])
	}
	p.sums("switch_seconds", "Changes of master to this pod, by cause, and the time for which no master took writes.", m.switches)
	p.sums("handover_pause_seconds", "Changes of master for which this pod held writes back, and for how long: handovers that it made, and failovers of Sentinels.", m.pauses)
	p.metric("failed_acts_total", "counter", "Acts that failed or whose outcome is unknown.")
	p.printf("redis_sentinel_agent_failed_acts_total %d\n", m.failures)
	p.metric("turn_seconds", "summary", "Time that one round of observing, deciding and acting takes.")
	p.printf("redis_sentinel_agent_turn_seconds_sum %g\nredis_sentinel_agent_turn_seconds_count %d\n", m.seconds, m.turns)
}

// redis renders what the agent saw of its Redis in the last turn. The pod is a label that whoever collects adds; that of the group is the
// same in the pods of its Redis and, to readers there, in those of its Sentinels.
func (p exposition) redis(group string, r *Redis) {
	p.gauge("role", "Role of the Redis, as it says itself.", fmt.Sprintf("%s,role=%q", group, r.Role), 1)
	p.gauge("link_up", "Whether the replication link of a replica is up.", group, number(r.LinkUp))
	p.gauge("token_refused", "Whether the API refuses the token of the pod.", group, number(r.TokenRefused))
	p.gauge("link_idle_seconds", "For how long nothing has come over the link of a replica.", group, r.LinkIdleSeconds)
	p.metric("offset_bytes", "gauge", "How far the Redis is in its history; the difference between pods of one group is the lag.")
	p.printf("redis_sentinel_agent_offset_bytes{%s} %d\n", group, r.Offset) // all digits: a lag is a small difference
	p.gauge("replicas", "How many replicas the Redis streams to.", group, float64(r.Replicas))
	p.gauge("sentinels", "How many Sentinels the set has.", group, float64(r.Sentinels))
	p.gauge("sentinels_agreeing", "How many of them name the pod that the record names.", group, float64(r.Agreeing))
}

// number is 1 for what is so.
func number(so bool) float64 {
	if so {
		return 1
	}
	return 0
}
