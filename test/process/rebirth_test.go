// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// TestFastEmptyReboot: the pod of the master is lost with its data and recreated at once, before any Sentinel has missed it;
// even its address is the same.
func TestFastEmptyReboot(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		fill(s, set, 100)
		old.Lose()
		old.Forget()
		set.StartAt(old.Ordinal, old.Address)
		s.Bar("writable", set.Writable(stalled), failover+4*time.Second)
		if now := set.WaitFormed(stalled); now.Name == old.Name {
			t.Error("the pod that was recreated empty leads")
		}
		filled(s, set, 100)
	})
}

// TestPodRecreatedBeforeTheFailover: the same at another address. That the pod exists again changes no role.
func TestPodRecreatedBeforeTheFailover(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		fill(s, set, 100)
		old.Lose()
		old.Forget()
		recreated := set.Start(old.Ordinal)
		s.Bar("writable", set.Writable(stalled), failover+2*time.Second)
		if now := set.WaitFormed(stalled); now == recreated {
			t.Error("the pod that was recreated empty leads")
		}
		filled(s, set, 100)
	})
}

// TestPodThatStartsAlone: a pod that reaches no other does not promote itself.
func TestPodThatStartsAlone(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		fill(s, set, 50)
		lonely := set.Pods[0]
		if lonely == master {
			lonely = set.Pods[1]
		}
		others := append(set.Live(), s.Sentinels.Live()...)
		for _, p := range others {
			if p != lonely {
				must(t, lonely.CutFrom(p.Address))
			}
		}
		lonely.CrashServer(false)
		err := world.Holds(t.Context(), 5*time.Second, "the isolated pod is not a master", func(ctx context.Context) string {
			if role := lonely.Info(ctx, "role"); role == "master" {
				return "it is"
			}
			return ""
		})
		if err != nil {
			t.Error(err)
		}
		for _, p := range others {
			if p != lonely {
				must(t, lonely.HealFrom(p.Address))
			}
		}
		if now := set.WaitFormed(stalled); now != master {
			t.Errorf("%s leads, want %s", now.Name, master.Name)
		}
		filled(s, set, 50)
	})
}

// TestOrderedRestart: pods are created one after the other, each when the one before it is ready, and the last one led.
func TestOrderedRestart(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, last := group(s, lab.Options{
			Persistent: true, Ordered: true, Args: durable, Annotations: map[string]string{contract.AnnotationInitialMaster: "redis-2"},
		})
		if last.Ordinal != 2 {
			t.Fatalf("%s leads, want the last", last.Name)
		}
		fill(s, set, 100)
		pods := append(set.Live(), s.Sentinels.Live()...)
		forEach(pods, (*lab.Pod).Lose)
		forEach(pods, (*lab.Pod).Forget)
		s.Sentinels.StartAll()
		for n := range set.Pods {
			p := set.Start(n)
			until(s, stalled, p.Name+" to be ready", func(context.Context) string {
				if !p.Ready() {
					return "it is not"
				}
				return ""
			})
		}
		s.Bar("writable after the last start", set.Writable(stalled), recovered)
		if now := set.WaitFormed(stalled); now.Name != last.Name {
			t.Errorf("%s leads, want the recorded holder %s", now.Name, last.Name)
		}
		filled(s, set, 100)
	})
}

// TestRollingRestart: pods are replaced from the last to the first, each when the one before it is ready again.
func TestRollingRestart(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, _ := group(s, lab.Options{})
		writer := writing(s, set)
		acknowledge(s, writer, 50)
		for n := 2; n >= 0; n-- {
			set.Pods[n].Delete()
			p := set.Start(n)
			until(s, stalled, p.Name+" to be ready", func(context.Context) string {
				if !p.Ready() {
					return "it is not"
				}
				return ""
			})
		}
		acknowledge(s, writer, 50)
		set.WaitFormed(stalled)
		w := written(s, writer)
		if len(w.Lost) > 0 {
			t.Errorf("%d acknowledged writes are lost", len(w.Lost))
		}
		s.Bar("clients waited", w.LongestGap, lab.DownAfter)
	})
}
