// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// TestMasterVanishes: the node of the master is lost without notice, and its pod is recreated elsewhere.
func TestMasterVanishes(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		writer := writing(s, set)
		acknowledge(s, writer, 100)
		s.Logf("%s vanishes", old.Name)
		old.Lose()
		takenOver(s, set, old)
		acknowledge(s, writer, 100)
		old.Forget()
		recreated := set.Start(old.Ordinal)
		if now := set.WaitFormed(30 * time.Second); now == recreated {
			t.Error("the recreated pod leads")
		}
		told(s, set, " leads instead of "+old.Name, "no writable master for at most", "is lost")
		w := written(s, writer)
		s.Bar("clients waited", w.LongestGap, failover+clientDelay)
		// What the vanished master had acknowledged and not yet sent on is lost with it.
		if len(w.Lost) > 20 {
			t.Errorf("%d of %d acknowledged writes are lost", len(w.Lost), len(w.Acks))
		}
	})
}

// TestMasterPodDeleted: the hook hands the mastership over before Redis ends.
func TestMasterPodDeleted(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		writer := writing(s, set)
		acknowledge(s, writer, 100)
		old.Delete()
		set.Start(old.Ordinal)
		acknowledge(s, writer, 100)
		if now := set.WaitFormed(30 * time.Second); now.Name == old.Name {
			t.Error("the deleted pod leads")
		}
		w := written(s, writer)
		if len(w.Lost) > 0 {
			t.Errorf("%d acknowledged writes are lost", len(w.Lost))
		}
		told(s, set, " leads instead of "+old.Name+" (HandingOver, epoch ", "none that was acknowledged is lost")
		s.Bar("clients waited", w.LongestGap, lab.DownAfter)
	})
}

// TestMasterKilledInPlace: the process of the master dies and comes back empty in the same pod.
func TestMasterKilledInPlace(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		fill(s, set, 200)
		old.CrashServer(false)
		s.Bar("writable", set.Writable(stalled), failover)
		set.WaitFormed(30 * time.Second)
		filled(s, set, 200)
		for _, p := range set.Live() {
			if n := stored(s, p); n < 200 {
				t.Errorf("%s has %d keys, want 200: an empty Redis was followed", p.Name, n)
			}
		}
	})
}

// TestMasterKilledForGood: the process dies and does not come back for a while; its agent goes on and gives the mastership away
// before Sentinel notices anything.
func TestMasterKilledForGood(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		fill(s, set, 200)
		old.CrashServer(true)
		s.Bar("writable", set.Writable(stalled), failover)
		awaitEvent(s, "TransferAfterCrash")
		awaitEvent(s, "TransferAccepted")
		old.Release()
		if now := set.WaitFormed(30 * time.Second); now == old {
			t.Error("the pod whose process was dead leads")
		}
		filled(s, set, 200)
	})
}

// TestAgentKilled: Redis does not notice.
func TestAgentKilled(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		writer := writing(s, set)
		for range 10 {
			forEach(set.Live(), func(p *lab.Pod) { p.CrashAgent(false) })
			acknowledge(s, writer, 30)
		}
		w := written(s, writer)
		if len(w.Errors) > 0 || len(w.Lost) > 0 {
			t.Errorf("%d writes failed, %d are lost", len(w.Errors), len(w.Lost))
		}
		for _, p := range set.Live() {
			if p.Restarts() > 0 {
				t.Errorf("%s was restarted", p.Name)
			}
		}
		if now := set.WaitFormed(10 * time.Second); now != master {
			t.Errorf("%s leads, want %s", now.Name, master.Name)
		}
	})
}

// TestAgentsBesideSentinelsAreKilled: they are back at once and do what they did, also where Sentinel keeps its file to itself and runs as
// another user than its agent.
func TestAgentsBesideSentinelsAreKilled(t *testing.T) {
	for name, o := range map[string]lab.Options{"one user": {}, "the image's users": {ImageUser: true}} {
		t.Run(name, func(t *testing.T) {
			oneVersion(t, "redis-7.0.15", func(t *testing.T, s *lab.Scene) {
				s.StartSentinelsWith(o)
				set, old := group(s, lab.Options{})
				fill(s, set, 100)
				for range 3 {
					forEach(s.Sentinels.Live(), func(p *lab.Pod) { p.CrashAgent(false) })
					fillOther(s, set, 20)
				}
				old.Delete() // who labels pods and tells Sentinels of the claim are these agents
				set.Start(old.Ordinal)
				if now := set.WaitFormed(stalled); now == old {
					t.Errorf("%s leads, and its pod was deleted", old.Name)
				}
				filled(s, set, 100)
				for _, p := range s.Sentinels.Live() {
					if n := p.AgentRestarts(); n > 3 {
						t.Errorf("the agent beside %s was started again %d times; 3 times it was killed", p.Name, n)
					}
				}
			})
		})
	}
}

// TestNativePromotionStands: what Sentinel promotes by itself stays promoted, and is adopted by the record.
func TestNativePromotionStands(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		writer := writing(s, set)
		acknowledge(s, writer, 50)
		must(t, s.Sentinels.Pods[0].Failover(t.Context(), set))
		until(s, 15*time.Second, "the record to adopt the switch", func(context.Context) string {
			if now := set.Master(); now == nil || now == old {
				return "it names the old master"
			}
			return ""
		})
		now := set.Master()
		unmoved(s, set, now, 3*time.Second)
		if again := set.WaitFormed(20 * time.Second); again != now {
			t.Errorf("%s leads, want what Sentinel chose: %s", again.Name, now.Name)
		}
		s.Bar("clients waited", written(s, writer).LongestGap, failover+clientDelay)
	})
}
