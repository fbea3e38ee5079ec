// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"testing"
	"time"
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

// TestMasterThatOnlyTheAPIReaches: its machine loses the pods' network and keeps the API. A client beside it goes on writing.
func TestMasterThatOnlyTheAPIReaches(t *testing.T) {
	for name, setup := range map[string]Setup{"two": two(AOF), "three": three(AOF)} {
		t.Run(name, func(t *testing.T) {
			tales(t, 20, setup, Real, func(s *tale) {
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

// TestIsland: the master is cut off from everything, and its agent restarts or not.
func TestIsland(t *testing.T) {
	for name, setup := range map[string]Setup{"two": two(AOF), "three": three(AOF)} {
		for _, restart := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				tales(t, 20, setup, Real, func(s *tale) {
					lead := s.leader()
					s.stay(lead)
					s.isolate(lead, 120*time.Second)
					if restart {
						s.in(time.Second, func() { s.crashAgent(lead, time.Second) })
					}
				}, 130*time.Second, func(s *tale, r Result) {
					if s.bothAcked > 0 || r.Violation != nil {
						t.Errorf("restart %t: two masters acknowledged writes for %s, %d by the old one; %v", restart, s.bothAcked, s.outdated, r.Violation)
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
