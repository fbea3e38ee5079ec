// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// hang is how long a node hangs: as long as Redis' own repl-timeout, after which links count as broken.
const hang = time.Minute

// TestFrozenMaster: the node of the master hangs, and comes back when another pod leads.
func TestFrozenMaster(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		writer := writing(s, set)
		acknowledge(s, writer, 100)
		frozen := time.Now()
		old.Freeze()
		takenOver(s, set, old)
		acknowledge(s, writer, 100)
		until(s, stalled, "the label of the master to leave the frozen pod", func(ctx context.Context) string {
			if old.Label(ctx) == "master" || set.Master().Label(ctx) != "master" {
				return "not yet"
			}
			return ""
		})
		time.Sleep(hang - time.Since(frozen)) // there is nothing to wait for
		accepted := s.WriteDirectly(old)
		s.Logf("%s thaws", old.Name)
		thawed := time.Now()
		old.Thaw()
		now := set.WaitFormed(20 * time.Second)
		if now == old {
			t.Error("the frozen pod leads again")
		}
		w := written(s, writer)
		if last := accepted(); !last.IsZero() {
			s.Bar("the old master took writes after the thaw", last.Sub(thawed), time.Second)
		}
		s.Bar("clients waited", w.LongestGap, failover+clientDelay)
		lost := 0
		for _, ack := range w.Lost {
			if ack.At.After(w.GapAt.Add(w.LongestGap - time.Millisecond)) {
				lost++
			}
		}
		if lost > 0 {
			t.Errorf("%d writes that the new master acknowledged are lost", lost)
		}
		directWriteIsGone(s, old)
	})
}

// directWriteIsGone checks that what was written to the old master directly is gone with its history.
func directWriteIsGone(s *lab.Scene, old *lab.Pod) {
	s.T.Helper()
	until(s, 5*time.Second, "the old master's own writes to be gone", func(ctx context.Context) string {
		if n, err := old.Do(ctx, "exists", lab.DirectKey); err != nil || n.(int64) != 0 {
			return "the key is there"
		}
		return ""
	})
}

// TestIsolatedMaster: the master's network is silent in both directions. Another pod leads; when the network is back, the old
// master follows.
func TestIsolatedMaster(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		writer := writing(s, set)
		acknowledge(s, writer, 100)
		must(t, old.Cut())
		takenOver(s, set, old)
		acknowledge(s, writer, 100)
		time.Sleep(3 * time.Second) // the cut itself
		must(t, old.Heal())
		if now := set.WaitFormed(20 * time.Second); now == old {
			t.Error("the isolated pod leads again")
		}
		s.Bar("clients waited", written(s, writer).LongestGap, failover+clientDelay)
	})
}

// TestAddressReused: the address of a dead master is given to a pod of another group, which follows its own master there.
func TestAddressReused(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		fill(s, set, 100)
		other := s.Set(lab.Options{Name: "other", Replicas: 3})
		other.Start(0)
		other.Start(1)
		other.Writable(90 * time.Second)
		fillOther(s, other, 50)
		old.Lose()
		old.Forget()
		intruder := other.StartAt(2, old.Address)
		s.Logf("%s of the other group has the address %s of the dead master", intruder.Name, old.Address)
		groupsStaySeparate(s, set, old, other)
	})
}

// TestAddressReusedByAMaster: the same, and there the pod leads a group of its own.
func TestAddressReusedByAMaster(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		fill(s, set, 100)
		other := s.Set(lab.Options{Name: "other", Replicas: 1})
		old.Lose()
		old.Forget()
		other.StartAt(0, old.Address)
		other.Writable(20 * time.Second)
		fillOther(s, other, 50)
		groupsStaySeparate(s, set, old, other)
	})
}

// TestAddressReusedWhileAgentsAreAway: no agent is there to detach from the address. The replicas still take nothing from a
// foreign server: it does not know the user of their group.
func TestAddressReusedWhileAgentsAreAway(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{})
		fill(s, set, 100)
		other := s.Set(lab.Options{Name: "other", Replicas: 1})
		replicas := replicasOf(set, old)
		forEach(replicas, func(p *lab.Pod) { p.CrashAgent(true) })
		old.Lose()
		old.Forget()
		foreign := other.StartAt(0, old.Address)
		other.Writable(20 * time.Second)
		fillOther(s, other, 50)
		for _, p := range replicas {
			until(s, stalled, p.Name+" to be refused by the foreign server", func(context.Context) string {
				if !strings.Contains(p.Log("server.log"), "Unable to AUTH") {
					return "not yet"
				}
				return ""
			})
			if n := count(s, p, "other:*"); n > 0 {
				t.Errorf("%s took %d keys of the other group from %s", p.Name, n, foreign.Name)
			}
		}
		forEach(replicas, (*lab.Pod).Release)
		groupsStaySeparate(s, set, old, other)
	})
}

// groupsStaySeparate checks that both groups come to rest with their own data, all of it, and nothing else.
func groupsStaySeparate(s *lab.Scene, set *lab.Set, old *lab.Pod, other *lab.Set) {
	s.T.Helper()
	until(s, stalled, "the first group to have another master", func(ctx context.Context) string {
		if now := set.Master(); now == nil || now.Address == old.Address || now.Info(ctx, "role") != "master" {
			return "not yet"
		}
		return ""
	})
	set.Start(old.Ordinal)
	set.WaitFormed(30 * time.Second)
	other.WaitFormed(30 * time.Second)
	filled(s, set, 100)
	for _, p := range set.Live() {
		if n := count(s, p, "other:*"); n > 0 {
			s.T.Errorf("%s has %d keys of the other group", p.Name, n)
		}
	}
	for _, p := range other.Live() {
		if n := count(s, p, "other:*"); n != 50 {
			s.T.Errorf("%s has %d of 50 keys of its group", p.Name, n)
		}
		if n := count(s, p, "fill:*"); n > 0 {
			s.T.Errorf("%s has %d keys of the first group", p.Name, n)
		}
	}
}
