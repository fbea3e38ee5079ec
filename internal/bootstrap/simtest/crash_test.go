// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"slices"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestCrashIsOverBeforeSentinelSeesIt: the master's process dies, and its agent lives. A replica leads long before down-after,
// which it does not with deciders that cannot tell a crash from silence, nor read the kubelet's word.
func TestCrashIsOverBeforeSentinelSeesIt(t *testing.T) {
	scripts := scenario(Step{At: 20 * time.Second, Do: "kill-lead", For: 80 * time.Second})
	blind := redisDecider(func(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
		v.Self.Redis.Refused = false
		return unheard(v, m)
	})
	with, without := gaps(t, scripts, Real), gaps(t, scripts, blind)
	t.Logf("no write was taken for %s (median), at most %s; without offers %s, at least %s", with[50], with[99], without[50], without[0])
	if with[99] > downAfter/2 {
		t.Errorf("no write was taken for %s, which is not before Sentinel's %s", with[99], downAfter)
	}
	if without[0] < 2*with[99] {
		t.Errorf("without offers it took %s in one story: this test shows nothing", without[0])
	}
}

// gaps plays a hundred stories and returns the longest time without a write of each, in order.
func gaps(t *testing.T, scripts func(uint64) Script, deciders Deciders) []time.Duration {
	t.Helper()
	var all []time.Duration
	for seed := range uint64(100) {
		result := Run(scripts(seed+1), deciders, false)
		if result.Violation != nil {
			t.Fatalf("seed %d: %s", seed+1, result.Violation)
		}
		all = append(all, result.Gap)
	}
	slices.Sort(all)
	return all
}

// TestCrashKeepsWhatReplicasHave: the agents of both replicas are down when the master dies, so no offer is accepted, and the
// master is back with what its last snapshot held. It must not lead with that while they hold all but the last write.
func TestCrashKeepsWhatReplicasHave(t *testing.T) {
	const late = 100 * time.Second // long after the group formed: no wait of that time may count any more
	for seed := range uint64(60) {
		s := Script{Setup: Setup{Seed: seed + 1, Nodes: 3, Sentinels: 3, Persistence: RDB, Found: -1}, Steps: []Step{
			{At: late, Do: "kill-agent", Who: 1, For: 5 * time.Second},
			{At: late, Do: "kill-agent", Who: 2, For: 5 * time.Second},
			{At: late + 100*time.Millisecond, Do: "kill-lead", For: 2 * time.Second},
		}}
		switch result := Run(s, Real, false); {
		case result.Violation != nil:
			t.Errorf("seed %d: %s", s.Seed, result.Violation)
		case result.Lost > 2:
			t.Errorf("seed %d: %d acknowledged writes are lost, and two replicas had them", s.Seed, result.Lost)
		}
	}
}

// TestAgentAndRedisEndTogether: the kubelet starts neither again for a while, so that nobody is left to offer anything. It says so, and a replica
// leads before Sentinels see the master down; they are what is left to agents that do not read that.
func TestAgentAndRedisEndTogether(t *testing.T) {
	for _, c := range []struct {
		name     string
		deciders Deciders
		within   bool
	}{{"the kubelet's word", Real, true}, {"without it", redisDecider(unheard), false}} {
		t.Run(c.name, func(t *testing.T) {
			tales(t, 60, three(AOF), c.deciders, func(s *tale) {
				lead := s.leader()
				lead.late = 0
				s.crashAgent(lead, 20*time.Second)
				s.killRedis(lead, 20*time.Second)
			}, 60*time.Second, func(s *tale, r Result) {
				if (s.none < downAfter-time.Second) != c.within {
					t.Errorf("nobody took writes for %s", s.none)
				}
				if r.Violation != nil || r.Lost > 2 { // what was on its way
					t.Errorf("%d of %d acknowledged writes lost; %v", r.Lost, r.Acked, r.Violation)
				}
			})
		})
	}
}

// unheard decides as if no kubelet said anything of a Redis.
func unheard(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
	v.Peers = slices.Clone(v.Peers)
	for i := range v.Peers {
		v.Peers[i].Down = false
	}
	return decide.Next(v, m)
}

// TestKubeletThatErrs: it has lost sight of the container of a master that lives, and says that it does not run; later the network between the
// master and its replicas breaks, in words. Sentinels see it: it leads on, which it does not with deciders that believe any kubelet.
func TestKubeletThatErrs(t *testing.T) {
	gullible := redisDecider(func(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
		m.Heard = decide.Heard{Epoch: v.Record.Epoch, At: v.Now}
		return decide.Next(v, m)
	})
	replaced := func(deciders Deciders) (n int) {
		tales(t, 60, three(AOF), deciders, func(s *tale) {
			lead := s.leader()
			s.rejects, lead.down, lead.late = true, true, time.Hour
			s.edit(lead, func(o *podObject) { o.down = true })
			s.in(3*time.Second, func() {
				before := s.api().record
				for other := 1; other < s.Nodes; other++ {
					s.block(lead.host, s.after(lead, other).host, 12*time.Second)
				}
				s.in(9*time.Second, func() {
					if s.claimed(before) {
						n++
					}
				})
			})
		}, 40*time.Second, func(*tale, Result) {})
		return n
	}
	if n := replaced(Real); n > 0 {
		t.Errorf("a master that lives was replaced in %d of 60 stories", n)
	}
	if n := replaced(gullible); n < 5 {
		t.Errorf("the kubelet was believed in %d of 60 stories: this test sees nothing", n)
	}
}
