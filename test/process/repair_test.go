// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// mishap is something that a person or another program did to a group without its agents' knowledge.
type mishap func(t *testing.T, set *lab.Set, master *lab.Pod)

// mended does a mishap to a group with data: it must be whole again, with all its data.
func mended(t *testing.T, do mishap) {
	t.Helper()
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		fill(s, set, 100)
		do(t, set, master)
		s.Bar("writable", set.Writable(stalled), failover+10*time.Second)
		set.WaitFormed(stalled)
		filled(s, set, 100)
	})
}

func command(t *testing.T, p *lab.Pod, args ...any) {
	t.Helper()
	if _, err := p.Do(t.Context(), args...); err != nil {
		t.Fatal(err)
	}
}

// TestEveryoneAgreesOnAReplica: all Sentinels name a master that is no longer one.
func TestEveryoneAgreesOnAReplica(t *testing.T) {
	mended(t, func(t *testing.T, _ *lab.Set, master *lab.Pod) {
		command(t, master, "replicaof", "127.0.0.1", 1)
	})
}

// TestTwoMasters: a replica was made master by hand, and takes writes.
func TestTwoMasters(t *testing.T) {
	mended(t, func(t *testing.T, set *lab.Set, _ *lab.Pod) {
		rogue := set.Replica()
		command(t, rogue, "replicaof", "no", "one")
		_, _ = rogue.Do(t.Context(), "set", "rogue", 1) // it may have been demoted already
	})
}

// TestChain: a replica follows a replica.
func TestChain(t *testing.T) {
	mended(t, func(t *testing.T, set *lab.Set, _ *lab.Pod) {
		first := set.Replica()
		for _, p := range set.Live() {
			if p != first && p != set.Master() {
				command(t, p, "replicaof", first.Address.String(), 6379)
			}
		}
	})
}

// TestCycle: every pod is a replica, and the master is a replica of its own replica.
func TestCycle(t *testing.T) {
	mended(t, func(t *testing.T, set *lab.Set, master *lab.Pod) {
		command(t, master, "replicaof", set.Replica().Address.String(), 6379)
	})
}

// TestRewrittenConfigurationIsNotKept: what Sentinel or a person writes by CONFIG REWRITE does not decide how Redis starts.
func TestRewrittenConfigurationIsNotKept(t *testing.T) {
	mended(t, func(t *testing.T, set *lab.Set, master *lab.Pod) {
		for _, p := range set.Live() {
			if _, err := p.Do(t.Context(), "config", "rewrite"); err == nil {
				t.Errorf("%s rewrote the generated file", p.Name)
			}
		}
		replica := set.Replica()
		replica.CrashServer(false)
		master.CrashServer(false)
	})
}

// TestAgentsAwayDuringFailover: Sentinel fails over alone. The agents that come back do not undo it.
func TestAgentsAwayDuringFailover(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		fill(s, set, 100)
		// Sentinel elects by priority, which it reads every ten seconds.
		until(s, stalled, "Sentinels to list a successor", func(ctx context.Context) string {
			for _, p := range s.Sentinels.Live() {
				if p.Electable(ctx, set) == 0 {
					return p.Name + " lists none"
				}
			}
			return ""
		})
		pods := append(set.Live(), s.Sentinels.Live()...)
		forEach(pods, func(p *lab.Pod) { p.CrashAgent(true) })
		old.CrashServer(true)
		takenOver(s, set, old)
		var now *lab.Pod
		for _, p := range set.Live() {
			if p != old && p.Info(t.Context(), "role") == "master" {
				now = p
			}
		}
		forEach(pods, (*lab.Pod).Release)
		if led := set.WaitFormed(stalled); led != now {
			t.Errorf("%s leads, Sentinel chose %s", led.Name, now.Name)
		}
		told(s, set, now.Name+" leads instead of "+old.Name+" (PromotedBySentinel", "is not known") // nobody saw it
		filled(s, set, 100)
	})
}

// TestHandoverWithoutSentinels: the hook needs no Sentinel.
func TestHandoverWithoutSentinels(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		fill(s, set, 100)
		forEach(s.Sentinels.Live(), func(p *lab.Pod) { p.CrashServer(true) })
		old.Delete()
		set.Start(old.Ordinal)
		forEach(s.Sentinels.Live(), (*lab.Pod).Release)
		if now := set.WaitFormed(stalled); now.Name == old.Name {
			t.Error("the deleted pod leads")
		}
		filled(s, set, 100)
	})
}
