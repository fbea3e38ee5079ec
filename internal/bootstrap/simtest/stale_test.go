// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"testing"
	"time"
)

// TestOneWatchStandsStill: of what an agent watches one kind stands still, or fails, while all the others go on; its agent restarts meanwhile
// or not. Then the group goes through what makes it look there.
func TestOneWatchStandsStill(t *testing.T) {
	for _, r := range []string{"pods", "claims", "set", "lease"} {
		for _, prefix := range []string{"stale-", "failed-"} {
			for _, then := range []string{"delete-lead", "kill-lead", "crash-lead", "lose-pod", "scale"} {
				t.Run(prefix+r+" "+then, func(t *testing.T) {
					late := 0
					tales(t, 12, three(AOF), Real, func(s *tale) {
						blind := s.after(s.leader(), 1)
						faults[prefix+r].do(s.World, blind.ordinal, 20*time.Second)
						s.in(5*time.Second, func() { faults[then].do(s.World, s.after(s.leader(), 2).ordinal, 5*time.Second) })
						if s.chance(50) {
							s.in(6*time.Second, func() { s.crashAgent(blind, time.Second) })
						}
					}, 50*time.Second, func(s *tale, result Result) {
						late += result.Bites["stale-"+r]
						if planned := faults[then].kind == planned; result.Violation != nil || s.bothAcked > 0 || result.Lost > 5 || planned && result.Lost > 0 {
							t.Errorf("%d lost, two masters for %s: %v", result.Lost, s.bothAcked, result.Violation)
						}
					})
					if late == 0 {
						t.Error("nothing arrived late")
					}
				})
			}
		}
	}
}

// TestWatchThatIsNeverComplete: an agent begins beside the API, and one kind of what it watches is refused. It does not know whose it is, and
// changes nothing; its Redis goes on as it was.
func TestWatchThatIsNeverComplete(t *testing.T) {
	for _, r := range []string{"pods", "claims", "set", "lease"} {
		for n := range 2 { // the master's, or a replica's
			tales(t, 20, three(AOF), Real, func(s *tale) {
				blind := s.after(s.leader(), n)
				before := s.api().record.Epoch
				faults["failed-"+r].do(s.World, blind.ordinal, 15*time.Second)
				s.crashAgent(blind, time.Second)
				s.in(25*time.Second, func() {
					if s.complete(&blind.watch) || s.api().record.Epoch != before {
						t.Errorf("complete %t, another epoch %t", s.complete(&blind.watch), s.api().record.Epoch != before)
					}
				})
			}, 40*time.Second, func(s *tale, result Result) {
				if result.Violation != nil || result.Lost > 0 || s.none > time.Second {
					t.Errorf("%s of pod %d after the master: %d lost, nobody took writes for %s: %v", r, n, result.Lost, s.none, result.Violation)
				}
			})
		}
	}
}
