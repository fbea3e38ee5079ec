// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// recovered is how long a group may take to be writable after everything was restarted.
const recovered = 15 * time.Second

// everything loses all pods of Redis and Sentinel in one moment and starts them all again.
func everything(s *lab.Scene, set *lab.Set, between func()) {
	s.T.Helper()
	pods := slices.Concat(set.Live(), s.Sentinels.Live())
	forEach(pods, (*lab.Pod).Lose)
	forEach(pods, (*lab.Pod).Forget)
	if between != nil {
		between()
	}
	s.Logf("everything is down")
	s.Sentinels.StartAll()
	set.StartAll()
	s.Logf("everything is started")
}

// TestFullRestart: with volumes nothing that was acknowledged is lost.
func TestFullRestart(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{Persistent: true, Args: durable})
		fill(s, set, 300)
		everything(s, set, nil)
		s.Bar("writable after the last start", set.Writable(stalled), recovered)
		if now := set.WaitFormed(recovered); now.Name != old.Name {
			t.Errorf("%s leads, want the recorded holder %s", now.Name, old.Name)
		}
		filled(s, set, 300)
	})
}

// TestFullRestartWithoutVolumes: a cache that lost everything is a cache again, and says what happened.
func TestFullRestartWithoutVolumes(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, _ := group(s, lab.Options{})
		fill(s, set, 50)
		everything(s, set, nil)
		s.Bar("writable after the last start", set.Writable(stalled), recovered)
		set.WaitFormed(recovered)
		awaitEvent(s, "DataGone")
	})
}

// TestFullRestartWithNewVolumes: volumes that were replaced are recognized as new.
func TestFullRestartWithNewVolumes(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, _ := group(s, lab.Options{Persistent: true, Args: durable})
		fill(s, set, 50)
		everything(s, set, set.LoseData)
		s.Bar("writable after the last start", set.Writable(stalled), recovered)
		set.WaitFormed(recovered)
		awaitEvent(s, "DataGone")
	})
}

// TestFullRestartWithTheHoldersVolumeLost: the pod that led comes back empty and must not be followed.
func TestFullRestartWithTheHoldersVolumeLost(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{Persistent: true, Args: durable})
		fill(s, set, 100)
		everything(s, set, func() { set.LoseDataOf(old.Ordinal) })
		set.Writable(90 * time.Second)
		if now := set.WaitFormed(recovered); now.Name == old.Name {
			t.Error("the pod whose volume was lost leads")
		}
		filled(s, set, 100)
	})
}

// TestRestoredBackup: every volume is new, and one of them holds a backup. No pod leads and nothing overwrites it, and the
// Event says what to do; without the record the group forms from it.
func TestRestoredBackup(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, old := group(s, lab.Options{Persistent: true, Args: durable})
		fill(s, set, 100)
		restored := (old.Ordinal + 1) % len(set.Pods)
		everything(s, set, func() { set.LoseAllBut(restored) })
		awaitEvent(s, "OnlyForeignData")
		pods := set.Live()
		forEach(pods, (*lab.Pod).Lose)
		forEach(pods, (*lab.Pod).Forget)
		set.ForgetRecord()
		set.StartAll()
		s.Bar("writable after the last start", set.Writable(stalled), recovered)
		if now := set.WaitFormed(recovered); now.Ordinal != restored {
			t.Errorf("%s leads, want the pod with the backup", now.Name)
		}
		filled(s, set, 100)
	})
}

// TestBlankSentinels: three Sentinels that know nothing name the right master soon, and no client ever hears of another.
func TestBlankSentinels(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, first := group(s, lab.Options{})
		first.Delete() // so that the right master is not the first pod
		set.Start(first.Ordinal)
		master := set.WaitFormed(20 * time.Second)
		answers := s.ListenTo(set)
		old := s.Sentinels.Live()
		forEach(old, (*lab.Pod).Lose)
		forEach(old, (*lab.Pod).Forget)
		s.Sentinels.StartAll()
		took := until(s, 10*time.Second, "all blank Sentinels to name the master", func(ctx context.Context) string {
			for _, p := range s.Sentinels.Live() {
				if named := p.Named(ctx, set); named != master.Address.String() {
					return p.Name + " names " + named
				}
			}
			return ""
		})
		s.Bar("all name the master", took, 3*time.Second)
		unmoved(s, set, master, 4*time.Second)
		for _, p := range s.Sentinels.Live() {
			if n := p.Peers(t.Context(), set); n != 2 {
				t.Errorf("%s counts %d other Sentinels, want 2: ghosts make majorities unreachable", p.Name, n)
			}
		}
		if wrong := lab.Others(answers.Stop(), master.Address.String()); len(wrong) > 0 {
			t.Errorf("clients were told of another master: %v", wrong)
		}
	})
}

// TestSentinelFromThePast: a Sentinel slept while the master changed twice, and comes back with its old file.
func TestSentinelFromThePast(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, first := group(s, lab.Options{})
		sleeper := s.Sentinels.Pods[2]
		sleeper.CrashServer(true)
		sleeper.CrashAgent(true)
		for range 2 {
			master := set.Master()
			master.Delete()
			set.Start(master.Ordinal)
			until(s, 20*time.Second, "another master", func(context.Context) string {
				if now := set.Master(); now == nil || now.Info(t.Context(), "role") != "master" {
					return "not yet"
				}
				return ""
			})
		}
		master := set.Master()
		until(s, 10*time.Second, "the Sentinels that are awake to name it", func(ctx context.Context) string {
			for _, p := range s.Sentinels.Live() {
				if named := p.Named(ctx, set); p != sleeper && named != master.Address.String() {
					return p.Name + " names " + named
				}
			}
			return ""
		})
		answers := s.ListenTo(set)
		writer := writing(s, set)
		acknowledge(s, writer, 50)
		s.Logf("the sleeper wakes; it last heard of %s, master is %s", first.Address, master.Address)
		sleeper.Release()
		unmoved(s, set, master, 6*time.Second)
		set.WaitFormed(10 * time.Second)
		w := written(s, writer)
		if len(w.Lost) > 0 {
			t.Errorf("%d acknowledged writes are lost", len(w.Lost))
		}
		s.Bar("clients waited", w.LongestGap, time.Second)
		for _, a := range lab.Others(answers.Stop(), master.Address.String()) {
			if a.Sentinel != sleeper.Name {
				t.Errorf("%s named %s", a.Sentinel, a.Master)
			}
		}
	})
}

// TestMachineRestartsBesideAStaleReplica: the API is away, the only replica has lost its master, which takes writes, and the master's
// machine restarts with everything on its disk. What only it has is not given away for what the record says of the replica.
func TestMachineRestartsBesideAStaleReplica(t *testing.T) {
	oneVersion(t, "redis-7.0.15", func(t *testing.T, s *lab.Scene) {
		set, lead := group(s, lab.Options{Persistent: true, Args: durable, Replicas: 2})
		fill(s, set, 100)
		stale := set.Replica()
		set.RenewAccount() // which is for the agents as if the API were away
		for _, p := range set.Live() {
			until(s, 2*stalled, p.Name+" to be without the API", func(ctx context.Context) string {
				if !p.TokenRefused(ctx) {
					return "it is let in"
				}
				return ""
			})
		}
		must(t, lead.CutFrom(stale.Address))
		if _, err := lead.Do(t.Context(), "CLIENT", "KILL", "TYPE", "replica"); err != nil {
			t.Fatal(err)
		}
		until(s, stalled, lead.Name+" to know that its replica is behind", func(context.Context) string {
			if text := lead.File(contract.ConfigDir + "/kept.json"); !strings.Contains(text, `"behind"`) {
				return fmt.Sprintf("it has written %q", text)
			}
			return ""
		})
		until(s, stalled, "the master to be sure that it leads", func(ctx context.Context) string { // it refuses writes until then
			if _, err := lead.Do(ctx, "SET", "sure", 1); err != nil {
				return err.Error()
			}
			return ""
		})
		acknowledged := 0
		for i := range 200 {
			if _, err := lead.Do(t.Context(), "SET", "other:"+strconv.Itoa(i), i); err == nil {
				acknowledged++
			}
		}
		lead.CrashAgent(true)
		lead.CrashServer(true)
		must(t, lead.HealFrom(stale.Address))
		forEach(set.Live(), (*lab.Pod).RenewToken)
		lead.Release()
		if now := set.WaitFormed(2 * stalled); now != lead {
			t.Errorf("%s leads, and %s had what was written last", now.Name, lead.Name)
		}
		filled(s, set, 100)
		if n := count(s, set.Master(), "other:*"); acknowledged == 0 || n < acknowledged {
			t.Errorf("%d of %d acknowledged writes are lost", acknowledged-n, acknowledged)
		}
	})
}
