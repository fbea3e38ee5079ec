// SPDX-License-Identifier: Apache-2.0

package status

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// values are the lines of a page of metrics that are no comments.
func values(text string) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "#") })
}

// TestPageOfARedis: every value under its name, with the labels by which it is found.
func TestPageOfARedis(t *testing.T) {
	p := New(Status{}, Hooks{})
	p.Set(Status{
		Group: "redis", Label: "ns.redis", Ready: true, Epoch: 2048,
		Redis: &Redis{
			Role: "replica", LinkUp: true, LinkIdleSeconds: 3, Offset: 12_345_678_901, Replicas: 2, Sentinels: 5, Agreeing: 4, TokenRefused: true,
		},
	})
	m := p.Metrics()
	m.Turn("ns.redis", "wait", "Synced", 250*time.Millisecond, nil)
	m.Turn("ns.redis", "wait", "Synced", 250*time.Millisecond, errors.New("no answer"))
	m.Turn("ns.redis", "follow", "Following", time.Second, nil)
	m.Switched("ns.redis", "MasterGone", 1500*time.Millisecond)
	m.Switched("ns.redis", "HandingOver", 125*time.Millisecond)
	m.Switched("ns.redis", "HandingOver", 250*time.Millisecond)
	m.Switched("ns.redis", "OwnClaim", -1) // for how long nobody led is not known
	m.Paused("ns.redis", PauseForHandover, 125*time.Millisecond)
	m.Paused("ns.redis", PauseForFailover, 500*time.Millisecond)
	m.Paused("ns.redis", PauseForFailover, 250*time.Millisecond)
	want := strings.Split(`redis_sentinel_agent_ready 1
redis_sentinel_agent_record_epoch{group="ns.redis"} 2048
redis_sentinel_agent_role{group="ns.redis",role="replica"} 1
redis_sentinel_agent_link_up{group="ns.redis"} 1
redis_sentinel_agent_token_refused{group="ns.redis"} 1
redis_sentinel_agent_link_idle_seconds{group="ns.redis"} 3
redis_sentinel_agent_offset_bytes{group="ns.redis"} 12345678901
redis_sentinel_agent_replicas{group="ns.redis"} 2
redis_sentinel_agent_sentinels{group="ns.redis"} 5
redis_sentinel_agent_sentinels_agreeing{group="ns.redis"} 4
redis_sentinel_agent_decisions_total{group="ns.redis",action="follow",reason="Following"} 1
redis_sentinel_agent_decisions_total{group="ns.redis",action="wait",reason="Synced"} 2
redis_sentinel_agent_switch_seconds_sum{group="ns.redis",cause="HandingOver"} 0.375
redis_sentinel_agent_switch_seconds_count{group="ns.redis",cause="HandingOver"} 2
redis_sentinel_agent_switch_seconds_sum{group="ns.redis",cause="MasterGone"} 1.5
redis_sentinel_agent_switch_seconds_count{group="ns.redis",cause="MasterGone"} 1
redis_sentinel_agent_switch_seconds_sum{group="ns.redis",cause="OwnClaim"} 0
redis_sentinel_agent_switch_seconds_count{group="ns.redis",cause="OwnClaim"} 1
redis_sentinel_agent_handover_pause_seconds_sum{group="ns.redis",cause="failover"} 0.75
redis_sentinel_agent_handover_pause_seconds_count{group="ns.redis",cause="failover"} 2
redis_sentinel_agent_handover_pause_seconds_sum{group="ns.redis",cause="handover"} 0.125
redis_sentinel_agent_handover_pause_seconds_count{group="ns.redis",cause="handover"} 1
redis_sentinel_agent_failed_acts_total 1
redis_sentinel_agent_turn_seconds_sum 1.5
redis_sentinel_agent_turn_seconds_count 3`, "\n")
	text := page(t, p, contract.PathMetrics, "10.0.0.9:1234")
	got := values(text)
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("line %d of\n%s\nis not as in\n%s", i, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	for _, line := range got { // who collects wants a type for each
		name, _, _ := strings.Cut(strings.FieldsFunc(line, func(r rune) bool { return r == '{' || r == ' ' })[0], "_seconds_")
		if n := strings.Count(text, "# TYPE "+name); n == 0 {
			t.Errorf("%s has no type", name)
		}
	}
}

// TestPageOfASentinel: a token that is refused is the pod's, whoever reads.
func TestPageOfASentinel(t *testing.T) {
	for refused, want := range map[bool]string{true: "redis_sentinel_agent_token_refused 1", false: "redis_sentinel_agent_token_refused 0"} {
		p := New(Status{}, Hooks{})
		p.Set(Status{Pod: "sentinel-0", Sentinel: &Sentinel{TokenRefused: refused}})
		for _, from := range []string{"10.0.0.9:1234", "127.0.0.1:1234"} {
			if got := values(page(t, p, contract.PathMetrics, from)); !slices.Contains(got, want) {
				t.Errorf("%s reads %q", from, got)
			}
		}
		if text := page(t, p, contract.PathStatus, "10.0.0.9:1234"); strings.Contains(text, `"tokenRefused":true`) != refused {
			t.Errorf("refused %v: %s", refused, text)
		}
	}
}
