// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
)

// Stories that a hostile reader of the protocol told. Each failed when it was written.

// TestProcessRestartsInItsTurn: the heir's process answers, claims, and restarts before it is promoted; its turn waits for a third pod
// that does not answer. What is there then did not claim, and without persistence it is empty.
func TestProcessRestartsInItsTurn(t *testing.T) {
	for _, p := range []Persistence{None, AOF} {
		t.Run(string(p), func(t *testing.T) {
			tales(t, 60, three(p), Real, func(s *tale) {
				lead, before := s.leader(), s.api().record
				s.freezePod(s.after(lead, 2), 3*time.Second)
				s.when(func() bool { return s.claimed(before) }, func() {
					heir := s.leader()
					s.in(s.between(0, 500*time.Millisecond), func() { s.killRedis(heir, 0) })
				})
				s.killRedis(lead, 8*time.Second)
			}, 40*time.Second, func(s *tale, r Result) {
				if r.Violation != nil || r.Lost > r.Acked/2 {
					t.Errorf("%d of %d lost: %v", r.Lost, r.Acked, r.Violation)
				}
			})
		})
	}
}

// TestMasterThatOnlyTheAPIReaches: its machine loses the pods' network, silently or in words, and keeps the API. A client beside it goes on
// writing.
func TestMasterThatOnlyTheAPIReaches(t *testing.T) {
	for name, setup := range map[string]Setup{"two": two(AOF), "three": three(AOF)} {
		for _, rejects := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, refused %v", name, rejects), func(t *testing.T) {
				tales(t, 20, setup, Real, func(s *tale) {
					s.rejects = rejects
					s.stay(s.leader())
					s.overlay(s.leader(), 120*time.Second)
				}, 130*time.Second, func(s *tale, r Result) {
					if s.bothAcked > 0 || r.Violation != nil {
						t.Errorf("two masters acknowledged writes for %s, %d by the old one; %v", s.bothAcked, s.outdated, r.Violation)
					}
				})
			})
		}
	}
}

// TestIsland: the master is cut off from everything, and its agent restarts or not. Where it does not, nothing is acknowledged in the last
// second before Sentinels may promote another; one of 400 stories showed that it was, while a look was waited for that was over too late.
func TestIsland(t *testing.T) {
	for name, setup := range map[string]Setup{"two": two(AOF), "three": three(AOF)} {
		for _, restart := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				var last time.Duration
				seeds := uint64(200)
				if restart {
					seeds = 20
				}
				tales(t, seeds, setup, Real, func(s *tale) {
					lead, cut := s.leader(), s.now
					s.stay(lead)
					s.isolate(lead, 120*time.Second)
					s.in(60*time.Second, func() { last = lead.server.lastAck - cut })
					if restart {
						s.in(time.Second, func() { s.crashAgent(lead, time.Second) })
					}
				}, 130*time.Second, func(s *tale, r Result) {
					if s.bothAcked > 0 || r.Violation != nil {
						t.Errorf("restart %t: two masters acknowledged writes for %s, %d by the old one; %v", restart, s.bothAcked, s.outdated, r.Violation)
					}
					if most := downAfter - time.Second; last > most && !restart {
						t.Errorf("the island acknowledged a write after %s, later than %s", last, most)
					}
				})
			})
		}
	}
}

// TestAgentThatNeverSawTheNewMaster: its watch stands still from the end of a pod to the birth of the next one of that name, while its
// live reads of the record go well. That pod leads by then; without volumes nothing else speaks for it.
func TestAgentThatNeverSawTheNewMaster(t *testing.T) {
	for _, p := range []Persistence{None, AOF} {
		t.Run(string(p), func(t *testing.T) {
			tales(t, 40, three(p), Real, func(s *tale) {
				lead := s.leader()
				blind, third := s.after(lead, 2), s.after(lead, 1)
				s.remove(third)
				s.when(func() bool { return s.podOf(third.ordinal) == nil }, func() {
					s.in(60*time.Millisecond, func() { s.slowWatch(blind, 35*time.Second) })
				})
				s.in(8*time.Second, func() { s.killRedis(lead, time.Second) })
				s.deposed(blind, 60*time.Second)
			}, 70*time.Second, func(s *tale, r Result) {
				if r.Violation != nil || s.bothAcked > 0 || r.Lost > 5 {
					t.Errorf("%d lost, two masters for %s: %v", r.Lost, s.bothAcked, r.Violation)
				}
			})
		})
	}
}

// TestWatchThatStandsForMinutes: the same for a planned handover to a pod that an agent has never seen.
func TestWatchThatStandsForMinutes(t *testing.T) {
	for _, p := range []Persistence{None, AOF} {
		t.Run(string(p), func(t *testing.T) {
			tales(t, 40, three(p), Real, func(s *tale) {
				lead := s.leader()
				blind := s.after(lead, 1)
				s.slowWatch(blind, 100*time.Second)
				s.remove(s.after(lead, 2))
				s.in(15*time.Second, func() { s.remove(lead) })
				s.deposed(blind, 100*time.Second)
			}, 140*time.Second, func(s *tale, r Result) {
				if r.Violation != nil || s.bothAcked > 0 || r.Lost > 0 {
					t.Errorf("%d lost, two masters for %s: %v", r.Lost, s.bothAcked, r.Violation)
				}
			})
		})
	}
}

// TestClockOfADay: the clock of one machine is a day and an hour wrong for a while, and the master goes meanwhile or not.
func TestClockOfADay(t *testing.T) {
	for _, skew := range []time.Duration{-25 * time.Hour, 25 * time.Hour} {
		for _, then := range []string{"", "delete-lead", "crash-lead", "kill-lead"} {
			for behind := range 2 {
				tales(t, 20, three(AOF), Real, func(s *tale) {
					p := s.after(s.leader(), behind)
					p.host.skew += skew
					s.in(10*time.Second, func() {
						if f, ok := faults[then]; ok {
							f.do(s.World, 0, 2*time.Second)
						}
					})
					s.in(60*time.Second, func() { p.host.skew -= skew })
				}, 90*time.Second, func(_ *tale, r Result) {
					if r.Violation != nil {
						t.Errorf("%s of pod %d after the master, then %q: %v", skew, behind, then, r.Violation)
					}
				})
			}
		}
	}
}

// TestRecordOfYesterday: the API's store is restored, with revisions that go on above the old ones, after the master has moved. Then the
// master crashes, or not, or all Sentinels lose their files.
func TestRecordOfYesterday(t *testing.T) {
	for _, then := range []string{"", "crash-lead", "blank-all"} {
		tales(t, 20, three(AOF), Real, func(s *tale) {
			old := s.api().lease.DeepCopy()
			s.remove(s.leader())
			s.in(20*time.Second, func() {
				s.versions++
				old.ResourceVersion = strconv.Itoa(s.versions)
				said, err := record.Decode(old)
				if err != nil {
					t.Error(err)
				}
				if then == "blank-all" {
					s.allSentinels(true)
				}
				s.change(func(x *state) { x.lease, x.record = old, said })
			})
			s.in(40*time.Second, func() {
				if then == "crash-lead" {
					s.crash(s.serving())
				}
			})
		}, 60*time.Second, func(s *tale, r Result) {
			if r.Violation != nil || s.bothAcked > 0 {
				t.Errorf("then %q: two masters for %s, %v", then, s.bothAcked, r.Violation)
			}
		})
	}
}

// TestReplicaPromotedByHand: REPLICAOF NO ONE on a replica, while all Sentinels answer or one does not.
func TestReplicaPromotedByHand(t *testing.T) {
	for away, most := range []time.Duration{time.Second, 4500 * time.Millisecond} {
		tales(t, 20, three(AOF), Real, func(s *tale) {
			s.meddled = true
			for i := range away {
				s.cutSentinel(i, 60*time.Second)
			}
			p := s.after(s.leader(), 1)
			s.in(2*time.Second, func() {
				s.stay(p)
				s.promote(p.server, false)
			})
		}, 70*time.Second, func(s *tale, r Result) {
			if r.Violation != nil || s.bothAcked > most || r.Lost > 0 {
				t.Errorf("%d Sentinels away: two masters acknowledged writes for %s, %d lost; %v", away, s.bothAcked, r.Lost, r.Violation)
			}
		})
	}
}

// TestHelloThatNamesAReplica: somebody makes every Sentinel believe that a replica leads at the next epoch.
func TestHelloThatNamesAReplica(t *testing.T) {
	tales(t, 40, three(AOF), Real, func(s *tale) {
		s.meddled = true
		replica := s.after(s.leader(), 1)
		for _, x := range s.sentinels {
			s.hearHello(x, replica.server.address, x.configEpoch+1, x.current+1)
		}
	}, 60*time.Second, func(s *tale, r Result) {
		if r.Violation != nil || r.Gap > 3*time.Second {
			t.Errorf("no write for %s, %v", r.Gap, r.Violation)
		}
	})
}

// TestUsersFailover: FAILOVER, which Redis itself carries out: the master becomes the replica of a replica, and no epoch says so.
func TestUsersFailover(t *testing.T) {
	tales(t, 20, three(AOF), Real, func(s *tale) {
		s.meddled = true
		master := s.leader()
		heir := s.after(master, 1)
		s.pause(master.server, 100*time.Millisecond)
		s.in(30*time.Millisecond, func() {
			s.promote(heir.server, false)
			s.point(master.server, heir.server.address, false)
			master.server.paused = 0
			s.letGo(master.server)
		})
	}, 60*time.Second, func(s *tale, r Result) {
		if r.Violation != nil || r.Gap > 4*time.Second || r.Lost > 0 {
			t.Errorf("no write for %s, %d lost, %v", r.Gap, r.Lost, r.Violation)
		}
	})
}

// TestCrashBesideAReplicaThatLags: the link of the only replica is up, and it is far behind. The master's process dies and is back with
// all that it acknowledged, soon or after Sentinel would have elected.
func TestCrashBesideAReplicaThatLags(t *testing.T) {
	for _, back := range []time.Duration{8 * time.Second, 80 * time.Second} { // an eighth of it
		tales(t, 20, two(AOF), Real, func(s *tale) {
			lead := s.leader()
			s.after(lead, 1).server.slow = 20 * time.Second
			s.in(30*time.Second, func() { faults["kill-lead"].do(s.World, 0, back) })
			s.in(60*time.Second, func() { s.after(lead, 1).server.slow = 0 })
		}, 70*time.Second, func(_ *tale, r Result) {
			if r.Violation != nil || r.Lost > 0 {
				t.Errorf("back after %s: %d of %d acknowledged writes lost, and the master had them all; %v", back/8, r.Lost, r.Acked, r.Violation)
			}
		})
	}
}

// TestCrashForGoodBesideAReplicaThatLags: the same, and the master's pod is lost with its volume. What the replica has leads.
func TestCrashForGoodBesideAReplicaThatLags(t *testing.T) {
	tales(t, 20, two(AOF), Real, func(s *tale) {
		lead := s.leader()
		s.after(lead, 1).server.slow = 5 * time.Second
		s.in(30*time.Second, func() { s.losePod(lead.ordinal) })
	}, 130*time.Second, func(s *tale, r Result) {
		if r.Violation != nil || s.none > 100*time.Second {
			t.Errorf("nobody took writes for %s; %v", s.none, r.Violation)
		}
	})
}

// TestHandoverOnRequest: a person wants another master, or a certain one, which is done once and with nothing lost; and one that cannot
// be done leaves the group as it is.
func TestHandoverOnRequest(t *testing.T) {
	for name, c := range map[string]struct {
		to    func(*tale, *pod) int
		moves int
	}{
		"any":        {func(*tale, *pod) int { return 9 }, 1},
		"another":    {func(s *tale, lead *pod) int { return s.after(lead, 2).ordinal }, 1},
		"the master": {func(_ *tale, lead *pod) int { return lead.ordinal }, 0},
		"one that hangs": {func(s *tale, lead *pod) int {
			s.hang(s.after(lead, 1).server, 10*time.Minute)
			return s.after(lead, 1).ordinal
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			tales(t, 30, three(AOF), Real, func(s *tale) {
				lead := s.leader()
				s.stay(lead)
				before := s.api().record.Epoch
				s.request(c.to(s, lead), 0)
				s.in(70*time.Second, func() {
					if moved := s.api().record.Epoch != before; moved != (c.moves > 0) || s.api().handover != "" {
						t.Errorf("moved: %t, and %q is still asked for", moved, s.api().handover)
					}
					for _, p := range s.pods {
						s.hang(p.server, 0)
					}
				})
			}, 90*time.Second, func(s *tale, r Result) {
				if lost := s.lost(s.beside[0]); r.Violation != nil || s.bothAcked > 0 || lost > 0 || r.Lost > 0 || r.Gap > 2*time.Second {
					t.Errorf("two masters for %s, lost %d beside it and %d elsewhere, no write for %s; %v", s.bothAcked, lost, r.Lost, r.Gap, r.Violation)
				}
			})
		})
	}
}

// TestAgentDiesInAHandover: the old master's agent dies after the offer, in the pause or once it has given the word, and stays away for
// longer than its pause. A client beside that master goes on writing as soon as it can.
func TestAgentDiesInAHandover(t *testing.T) {
	for name, begun := range map[string]func(*tale, *pod) bool{
		"offer": func(s *tale, _ *pod) bool { return s.api().record.Offer != nil },
		"pause": func(s *tale, lead *pod) bool { return lead.server.paused > s.now },
		"word":  func(s *tale, _ *pod) bool { return len(s.given) > 0 },
	} {
		t.Run(name, func(t *testing.T) {
			for _, away := range []time.Duration{time.Second, 60 * time.Second} {
				tales(t, 30, two(AOF), Real, func(s *tale) { // with three, the replicas that leave it close the old master
					lead, before := s.leader(), s.api().record
					s.stay(lead)
					s.when(func() bool { return begun(s, lead) || s.claimed(before) }, func() { s.crashAgent(lead, away) })
					lead.leaving = true // an eviction: the hook, without a deletion
					s.wakePod(lead)
					s.in(2*time.Second, func() { lead.leaving = false })
				}, away+30*time.Second, func(s *tale, r Result) {
					late := away == time.Second && r.Gap > downAfter+failoverTimeout // the next agent ends the pause, or Sentinels replace it
					if lost := s.lost(s.beside[0]); r.Violation != nil || s.bothAcked > 0 || lost > 0 || r.Lost > 0 || late {
						t.Errorf("away for %s: two masters for %s, no write for %s, lost %d beside it and %d elsewhere; %v", away, s.bothAcked, r.Gap, lost, r.Lost, r.Violation)
					}
				})
			}
		})
	}
}

// TestMasterHangsInItsPause: its process does nothing from the long pause on until after the pause is over. It goes on with what it has held
// back, before it reads what it was told meanwhile.
func TestMasterHangsInItsPause(t *testing.T) {
	for _, setup := range []Setup{two(AOF), three(AOF)} {
		tales(t, 30, setup, Real, func(s *tale) {
			lead, before := s.leader(), s.api().record
			s.stay(lead)
			s.when(func() bool { return lead.server.paused > s.now+10*time.Second || s.claimed(before) }, func() { s.hang(lead.server, 12*time.Second) })
			lead.leaving = true
			s.wakePod(lead)
			s.in(2*time.Second, func() { lead.leaving = false })
		}, 60*time.Second, func(s *tale, r Result) {
			if lost := s.lost(s.beside[0]); r.Violation != nil || s.bothAcked > 0 || lost > 0 || r.Lost > 0 {
				t.Errorf("two masters for %s, lost %d beside it and %d elsewhere; %v", s.bothAcked, lost, r.Lost, r.Violation)
			}
		})
	}
}

// TestHeirHangs: from its claim on the successor's process does nothing, or its whole machine, and the old master is gone. The others
// have all the data.
func TestHeirHangs(t *testing.T) {
	for name, stop := range map[string]func(*tale, *pod){
		"process": func(s *tale, p *pod) { s.hang(p.server, 10*time.Minute) },
		"machine": func(s *tale, p *pod) { s.freezePod(p, 10*time.Minute) },
	} {
		for _, planned := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				tales(t, 30, three(AOF), Real, func(s *tale) {
					lead, before := s.leader(), s.api().record
					s.when(func() bool { return s.claimed(before) && s.leader().server.role == model.Replica }, func() {
						heir := s.leader()
						stop(s, heir)
						s.crash(lead)
						s.in(60*time.Second, func() { // enough was seen
							s.thaw(heir.host)
							s.hang(heir.server, 0)
						})
					})
					if planned {
						s.remove(lead)
					} else {
						s.killRedis(lead, 8*time.Second)
					}
				}, 90*time.Second, func(s *tale, r Result) {
					if most := downAfter + failoverTimeout; r.Violation != nil || s.none > most || r.Lost > 2 || planned && r.Lost > 0 {
						t.Errorf("planned %t: nobody took writes for %s, at most %s; %d lost; %v", planned, s.none, most, r.Lost, r.Violation)
					}
				})
			})
		}
	}
}

// TestPodIsGone: the master's pod is deleted by force, or its machine loses power and its object goes. A replica leads long before
// Sentinel would have begun.
func TestPodIsGone(t *testing.T) {
	for name, p := range map[string]Persistence{"with volumes": AOF, "without": None} {
		for _, fault := range []string{"crash-lead", "force-lead"} {
			t.Run(name+" "+fault, func(t *testing.T) {
				tales(t, 50, three(p), Real, func(s *tale) {
					faults[fault].do(s.World, 0, 2*time.Second)
				}, 40*time.Second, func(s *tale, r Result) {
					if r.Violation != nil || s.none > 2*time.Second || r.Lost > 2 {
						t.Errorf("nobody took writes for %s, %d lost: %v", s.none, r.Lost, r.Violation)
					}
				})
			})
		}
	}
}

// TestMasterFreezesAfterAReplicaWasReplaced: Sentinels list the replica that is gone for a second, at an address where nothing answers. Where
// the master freezes in that second, they have the group recreated, find no replica to elect, and those that live lead without them.
// Later, they elect one as ever.
func TestMasterFreezesAfterAReplicaWasReplaced(t *testing.T) {
	for later, most := range map[time.Duration]time.Duration{
		500 * time.Millisecond: 4 * time.Second, time.Second: 4 * time.Second, 2 * time.Second: 2 * time.Second, 3 * time.Second: 2 * time.Second,
		4500 * time.Millisecond: 2 * time.Second, 6 * time.Second: 2 * time.Second, 12 * time.Second: 2 * time.Second,
	} {
		tales(t, 30, three(AOF), Real, func(s *tale) {
			lead := s.leader()
			s.crash(s.after(lead, 1))
			s.in(later, func() { s.freeze(lead.host) })
			s.in(later+60*time.Second, func() { s.thaw(lead.host) })
		}, 90*time.Second, func(s *tale, r Result) {
			if r.Violation != nil || s.none > downAfter+most {
				t.Errorf("frozen %s later: nobody took writes for %s, want at most %s; %v", later, s.none, downAfter+most, r.Violation)
			}
		})
	}
}

// TestMasterDiesWithoutAPIAfterAReplicaWasReplaced: the same, and the API has just gone away, which nobody knows yet. Nobody leads by a claim then,
// so no Sentinel forgets whom it could elect.
func TestMasterDiesWithoutAPIAfterAReplicaWasReplaced(t *testing.T) {
	for _, later := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 3 * time.Second, 4500 * time.Millisecond} {
		tales(t, 30, three(AOF), Real, func(s *tale) {
			lead := s.leader()
			s.crash(s.after(lead, 1))
			s.in(later, func() {
				s.downAPI(0, time.Minute)
				s.crash(lead)
			})
		}, 90*time.Second, func(s *tale, r Result) {
			if r.Violation != nil || s.none > downAfter+4*time.Second {
				t.Errorf("it died %s later: nobody took writes for %s; %v", later, s.none, r.Violation)
			}
		})
	}
}

// TestPromotedPodIsGone: a Sentinel's failover does not end while the pod that it promoted is down, which is for ever where that pod is
// gone: it would go on to name that pod, and count in no election.
func TestPromotedPodIsGone(t *testing.T) {
	for name, away := range map[string]func(*tale, *pod){
		"replaced": func(s *tale, p *pod) { s.crash(p) },
		"hangs":    func(s *tale, p *pod) { s.hang(p.server, 10*time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			tales(t, 30, three(AOF), Real, func(s *tale) {
				one := s.sentinels[0]
				s.forceFailover(one)
				s.when(func() bool { return one.phase == reconfiguring || s.now > begun+time.Minute }, func() {
					promoted := s.listeners[one.promoted].pod
					away(s, promoted)
					s.in(100*time.Second, func() { s.hang(promoted.server, 0) })
				})
				s.in(90*time.Second, func() {
					if n := s.names(s.api().record.Address); n < 3 {
						t.Errorf("%d Sentinels name the master", n)
					}
				})
			}, 120*time.Second, func(s *tale, r Result) {
				if r.Violation != nil || s.none > 30*time.Second {
					t.Errorf("nobody took writes for %s; %v", s.none, r.Violation)
				}
			})
		})
	}
}

// TestFailoverOfALivingMaster: somebody tells a Sentinel to fail over, and the master lives and is connected.
func TestFailoverOfALivingMaster(t *testing.T) {
	for name, setup := range map[string]Setup{"two": two(AOF), "three": three(None)} {
		t.Run(name, func(t *testing.T) {
			tales(t, 60, setup, Real, func(s *tale) {
				s.stay(s.leader())
				s.forceFailover(s.sentinelOf(s.rng.IntN(3)))
			}, 30*time.Second, func(s *tale, r Result) {
				if lost := s.lost(s.beside[0]); r.Violation != nil || r.Lost > 0 || lost > 0 || s.bothAcked > 0 || s.none > 3*time.Second {
					t.Errorf("%d and %d lost, two masters for %s, none for %s: %v", r.Lost, lost, s.bothAcked, s.none, r.Violation)
				}
			})
		})
	}
}

// TestFailoverThatComesToNothing: the Sentinel that was elected dies before it promotes anybody.
func TestFailoverThatComesToNothing(t *testing.T) {
	tales(t, 40, three(AOF), Real, func(s *tale) {
		x := s.sentinelOf(0)
		s.forceFailover(x)
		s.when(func() bool { return s.leader().yielded || s.leader().memory.YieldSince != (time.Time{}) }, func() { s.killSentinel(x, false, 2*time.Second) })
	}, 30*time.Second, func(s *tale, r Result) {
		if r.Violation != nil || r.Lost > 0 || s.none > 3*time.Second {
			t.Errorf("%d lost, none for %s: %v", r.Lost, s.none, r.Violation)
		}
	})
}

// TestScriptThatOutlastsDownAfter: it keeps the master from answering for so long that Sentinels promote another. What it writes, and
// what others wrote when it ended, was acknowledged by the old master.
func TestScriptThatOutlastsDownAfter(t *testing.T) {
	for name, setup := range map[string]Setup{"two": two(AOF), "three": three(AOF)} {
		for _, long := range []time.Duration{3 * time.Second, 5500 * time.Millisecond, 7 * time.Second, 15 * time.Second} {
			t.Run(name+" "+long.String(), func(t *testing.T) {
				tales(t, 40, setup, Real, func(s *tale) {
					lead := s.leader()
					s.stay(lead)
					script := &client{host: lead.host, stays: lead}
					s.beside = append(s.beside, script)
					s.runScript(script, lead.server, long)
				}, 40*time.Second, func(s *tale, r Result) {
					if lost := s.lost(s.beside[0]) + s.lost(s.beside[1]); r.Violation != nil || r.Lost > 0 || lost > 0 || s.bothAcked > 0 {
						t.Errorf("%d and %d lost, two masters for %s: %v", r.Lost, lost, s.bothAcked, r.Violation)
					}
				})
			})
		}
	}
}

// TestMachineRestartsBesideAStaleReplica: the only replica has lost its master for a minute, which takes writes, when the master's machine
// restarts; all is on its disk, and its agent remembers nothing. The API was away all the time, or for the master's agent alone, so that the
// record has not heard of it, or the replica was out of sight. Where the kubelet says that the master is down, the two reach each other again.
func TestMachineRestartsBesideAStaleReplica(t *testing.T) {
	const parted, restart = 5 * time.Second, 80 * time.Second
	for story, c := range map[string]struct {
		api         func(s *tale, lead *pod)
		down, apart time.Duration
	}{
		"API away":                    {func(s *tale, _ *pod) { s.downAPI(0, restart+10*time.Second) }, 2 * time.Second, 2 * time.Second},
		"replica out of sight":        {func(*tale, *pod) {}, 2 * time.Second, 2 * time.Second},
		"API back before it":          {func(s *tale, _ *pod) { s.downAPI(0, restart-100*time.Millisecond) }, 10 * time.Second, 0},
		"the master has no API alone": {func(s *tale, lead *pod) { s.cutAPI(lead, restart) }, 10 * time.Second, 0},
	} {
		t.Run(story, func(t *testing.T) {
			tales(t, 40, two(AOF), Real, func(s *tale) {
				lead := s.leader()
				stale := s.after(lead, 1)
				c.api(s, lead)
				s.in(parted, func() { s.block(lead.host, stale.host, restart-parted+c.apart) })
				s.in(restart, func() {
					s.crashAgent(lead, c.down)
					s.killRedis(lead, c.down)
				})
			}, 130*time.Second, func(_ *tale, r Result) {
				if r.Violation != nil || r.Lost > 0 {
					t.Errorf("%d of %d acknowledged writes lost, and the master had them all; %v", r.Lost, r.Acked, r.Violation)
				}
			})
		})
	}
}

// TestPlannedChangeAfterAPartition: what was lost on the way from the master to its replicas is sent again as late after the network is whole
// as it was broken. A pod that ends a moment later still hands over, with a pause that nobody notices.
func TestPlannedChangeAfterAPartition(t *testing.T) {
	for _, after := range []time.Duration{100 * time.Millisecond, 2 * time.Second, 5 * time.Second} {
		tales(t, 30, three(AOF), Real, func(s *tale) {
			lead := s.leader()
			for n := 1; n < s.Nodes; n++ {
				s.block(lead.host, s.after(lead, n).host, 14*time.Second)
			}
			s.in(14*time.Second+after, func() {
				s.none, s.idleSince = 0, never
				s.remove(lead)
			})
		}, 60*time.Second, func(s *tale, r Result) {
			if r.Violation != nil || r.Lost > 0 || s.none > time.Second {
				t.Errorf("%s after the network was whole: %d lost, nobody took writes for %s; %v", after, r.Lost, s.none, r.Violation)
			}
		})
	}
}

// TestReplicasOutOfSight: they are cut off from their master, which Sentinels see. It refuses writes for as long as it may be the one that is
// lost, and not for the minute after which it takes its links for broken. When it dies then, its volume goes before what is behind.
func TestReplicasOutOfSight(t *testing.T) {
	tales(t, 30, three(AOF), Real, func(s *tale) {
		lead := s.leader()
		for n := 1; n < s.Nodes; n++ {
			s.block(lead.host, s.after(lead, n).host, 30*time.Second)
		}
		s.in(29*time.Second, func() { s.killRedis(lead, 500*time.Millisecond) })
	}, 60*time.Second, func(s *tale, r Result) {
		if r.Violation != nil || r.Lost > 0 || s.none > 8*time.Second {
			t.Errorf("%d lost, nobody took writes for %s; %v", r.Lost, s.none, r.Violation)
		}
	})
}
