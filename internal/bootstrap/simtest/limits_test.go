// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"cmp"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestMasterIsFull: it takes no more connections, and its agent restarts meanwhile and is let in no more. Clients that are connected go on,
// and nobody takes that for a crash. Whoever comes is refused, and so is a replica that has lost its link.
func TestMasterIsFull(t *testing.T) {
	for _, setup := range []Setup{two(AOF), three(AOF)} {
		refused := 0
		tales(t, 30, setup, Real, func(s *tale) {
			lead := s.leader()
			cut := s.after(lead, 1)
			s.fill(lead.server, 40*time.Second)
			s.in(time.Second, func() { s.crashAgent(lead, time.Second) })
			s.in(5*time.Second, func() { s.stay(lead) })
			s.in(10*time.Second, func() {
				cut.server.link, cut.server.dial = nil, cut.server.dial+1
				s.countGood(lead.server)
			})
			s.in(39*time.Second, func() {
				if late := s.beside[0].acked; len(late) > 0 || cut.server.link != nil || lead.last.Reason != model.TooManyClients || s.leader() != lead {
					t.Errorf("a client that came late wrote %d times, a replica has a link: %t, the agent says %s", len(late), cut.server.link != nil, lead.last.Reason)
				}
			})
		}, 45*time.Second, func(s *tale, r Result) {
			refused += r.Bites["full"]
			if r.Violation != nil || r.Lost > 0 || s.bothAcked > 0 || s.Nodes == 3 && r.Gap > time.Second || len(s.beside[0].acked) == 0 {
				t.Errorf("%d pods: no write for %s, %d lost, two masters for %s; %v", s.Nodes, r.Gap, r.Lost, s.bothAcked, r.Violation)
			}
		})
		if refused == 0 {
			t.Error("nobody was refused")
		}
	}
	hasty := redisDecider(func(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
		if v.Self.Redis.Full {
			v.Self.Redis.Refused, v.Self.Redis.Full, m.AnsweredRun = true, false, "some"
		}
		return decide.Next(v, m)
	})
	moved := 0
	tales(t, 20, three(AOF), hasty, func(s *tale) {
		lead := s.leader()
		s.fill(lead.server, 40*time.Second)
		s.in(time.Second, func() { s.crashAgent(lead, time.Second) })
		s.in(39*time.Second, func() {
			if s.leader() != lead {
				moved++
			}
		})
	}, 45*time.Second, func(*tale, Result) {})
	if moved < 15 {
		t.Errorf("an agent that takes a denial for a crash gave the mastership away in %d of 20 stories: this test sees nothing", moved)
	}
}

// TestMasterHasNoRoom: it cannot write anything down any more, and refuses writes. It gives the mastership to a replica that can, and all that
// was acknowledged is there; where that fails once, Sentinels do it, because PING is refused too. Where nobody has room, the group waits for
// some.
func TestMasterHasNoRoom(t *testing.T) {
	for _, p := range []Persistence{AOF, Everysec, RDB} {
		for _, all := range []bool{false, true} {
			full := 0
			tales(t, 20, three(p), Real, func(s *tale) {
				lead := s.leader()
				s.fillDisk(lead, 30*time.Second)
				for n := range s.Nodes {
					if all {
						s.fillDisk(s.podOf(n), 30*time.Second)
					}
				}
			}, 40*time.Second, func(s *tale, r Result) {
				full += r.Bites["disk-full"]
				if most := downAfter + time.Second; r.Violation != nil || r.Lost > 0 || s.bothAcked > 0 || !all && s.none > most {
					t.Errorf("%s, all %t: %d lost, nobody took writes for %s; %v", p, all, r.Lost, s.none, r.Violation)
				}
			})
			if full == 0 && p == AOF && !all {
				t.Errorf("%s: nothing was left out for want of room", p)
			}
		}
	}
	calm := redisDecider(func(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
		v.Self.Redis.PersistenceError = false
		return decide.Next(v, m)
	})
	waited := 0
	tales(t, 20, three(AOF), calm, func(s *tale) { s.fillDisk(s.leader(), 30*time.Second) }, 40*time.Second, func(s *tale, _ Result) {
		if s.none > 3*time.Second {
			waited++
		}
	})
	if waited < 15 {
		t.Errorf("a master that keeps what it cannot write down kept clients waiting in %d of 20 stories: this test sees nothing", waited)
	}
}

// TestLastSecondOfAMaster: it writes down once a second, its process dies and comes back while the agents of both replicas are down, so that
// nobody accepts its offer. What it had not written down they have.
func TestLastSecondOfAMaster(t *testing.T) {
	if unwritten, lost, v := lastSecond(Real); unwritten == 0 || lost > 2 || v != nil {
		t.Errorf("%d stories in which not all was written down; %d acknowledged writes lost that two replicas had; %v", unwritten, lost, v)
	}
	hasty := redisDecider(func(v model.View, m decide.Memory) (decide.Decision, decide.Memory) { // what is on its disk is enough for it
		d, after := decide.Next(v, m)
		if d.Reason == model.TransferAfterRestart && v.Self.Redis.Answer == model.Up {
			d = claiming(v, model.RestartedInPlace)
			after.Claimed, after.ClaimedAt = decide.Claimed{Epoch: d.Epoch, RunID: v.Self.Redis.RunID}, v.Now
		}
		return d, after
	})
	if _, lost, _ := lastSecond(hasty); lost < 5 {
		t.Errorf("a holder that leads with what is on its disk lost %d writes: this test sees nothing", lost)
	}
}

// lastSecond plays these stories and returns in how many not all was written down, how many acknowledged writes were lost in one at most,
// and a rule that was broken.
func lastSecond(deciders Deciders) (unwritten, most int, broken *Violation) {
	for seed := range uint64(60) {
		s := Script{Setup: Setup{Seed: seed + 1, Nodes: 3, Sentinels: 3, Persistence: Everysec, Found: -1}, Steps: []Step{
			{At: 100 * time.Second, Do: "kill-agent", Who: 1, For: 5 * time.Second},
			{At: 100 * time.Second, Do: "kill-agent", Who: 2, For: 5 * time.Second},
			{At: 100*time.Second + 100*time.Millisecond, Do: "kill-lead", For: 2 * time.Second},
		}}
		result := Run(s, deciders, false)
		broken = cmp.Or(broken, result.Violation)
		unwritten, most = unwritten+min(result.Bites["unwritten"], 1), max(most, result.Lost)
	}
	return unwritten, most, broken
}

// TestRecordThatCannotBeWritten: no record is written for a minute, by whatever reason, and the master crashes, is cut off, or ends as
// planned. Sentinels fail over, nothing is claimed, and no two masters answer; afterwards the record says what is so.
func TestRecordThatCannotBeWritten(t *testing.T) {
	for _, refusal := range []string{"refused-leases", "read-only"} {
		refused := 0
		for _, then := range []string{"crash-lead", "island", "delete-lead", "kill-lead", "freeze-lead"} {
			tales(t, 8, three(AOF), Real, func(s *tale) {
				faults[refusal].do(s.World, 0, time.Minute)
				s.in(2*time.Second, func() { faults[then].do(s.World, 0, 30*time.Second) })
			}, 70*time.Second, func(s *tale, r Result) {
				refused += r.Bites["lease-refused"]
				most := downAfter + failoverTimeout
				if then == "kill-lead" { // it is back before it was missed: Sentinels take a master that has become a replica for down
					most += 2 * infoEvery
				}
				if r.Violation != nil || s.bothAcked > 0 || r.Lost > 5 || s.none > most {
					t.Errorf("%s, then %s: nobody took writes for %s, %d lost, two masters for %s; %v", refusal, then, s.none, r.Lost, s.bothAcked, r.Violation)
				}
			})
		}
		if refused == 0 {
			t.Errorf("%s: nothing was refused", refusal)
		}
	}
}

// TestRecordFromABackup: the record says again what it said some time ago, while the group goes through a night.
func TestRecordFromABackup(t *testing.T) {
	older := 0
	for _, then := range []string{"delete-lead", "crash-lead", "kill-lead", "island", "rolling", "blank-all"} {
		tales(t, 20, three(AOF), Real, func(s *tale) {
			s.remove(s.leader())
			s.in(10*time.Second, func() { faults[then].do(s.World, 0, 8*time.Second) })
			s.in(s.between(10*time.Second, 20*time.Second), func() { s.restoreRecord(0, 5*time.Second) })
		}, 60*time.Second, func(s *tale, r Result) {
			older += r.Bites["restored"]
			if r.Violation != nil || s.bothAcked > 0 {
				t.Errorf("then %s: two masters for %s; %v", then, s.bothAcked, r.Violation)
			}
		})
	}
	if older == 0 {
		t.Error("no record was older than the one before it")
	}
}
