// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"strings"
	"testing"
	"time"
)

// TestEachActOfAHandoverGoesWrongAlone: a master's pod is deleted, and one thing that an agent does meanwhile fails, or takes long, with its
// effect done or not. Nothing is lost, no two masters answer, and clients wait for no longer than Sentinel would need without an agent.
func TestEachActOfAHandoverGoesWrongAlone(t *testing.T) {
	struck := map[string]int{}
	for _, what := range []deed{deedSecure, deedPause, deedNeedNone, deedPromote, deedAdmit, deedFollow, deedDisconnect, deedResume, deedWrite, deedTune} {
		for _, how := range []way{wayFails, wayUnheard, wayLate, waySlow} {
			for skip := range 3 {
				fault := string(what) + "-" + string(how)
				tales(t, 2, three(AOF), Real, func(s *tale) {
					s.stay(s.leader())
					faults[fault].do(s.World, skip, s.between(50*time.Millisecond, 3*time.Second))
					s.remove(s.leader())
				}, 40*time.Second, func(s *tale, r Result) {
					struck[fault] += r.Bites[fault]
					lost := s.lost(s.beside[0])
					if most := downAfter + failoverTimeout; r.Violation != nil || r.Lost > 0 || lost > 0 || s.bothAcked > 0 || s.none > most {
						t.Errorf("%s, after %d that went well: %d and %d lost, two masters for %s, none for %s; %v", fault, skip, r.Lost, lost, s.bothAcked, s.none, r.Violation)
					}
				})
			}
			if fault := string(what) + "-" + string(how); struck[fault] == 0 && what != deedResume {
				t.Errorf("%s befell nothing", fault)
			}
		}
	}
	t.Log(struck)
}

// TestEveryMishapStrikes: whatever can go wrong does so in some story, or it would prove nothing that no rule breaks.
func TestEveryMishapStrikes(t *testing.T) {
	for _, name := range append(namesOf(acts), namesOf(hangs)...) {
		struck := false
		for seed := uint64(1); seed <= 200 && !struck; seed++ {
			s := oneMishap(seed, name)
			if strings.HasPrefix(name, string(deedRemove)) {
				s = scenario(
					Step{At: 20 * time.Second, Do: name}, Step{At: 20 * time.Second, Do: "freeze-pod", Who: 1, For: 10 * time.Second},
					Step{At: 20 * time.Second, Do: "freeze-pod", Who: 2, For: 10 * time.Second}, Step{At: 20 * time.Second, Do: "taken-address"},
				)(seed)
			}
			struck = Run(s, Real, false).Bites[name] > 0
		}
		if !struck {
			t.Errorf("%s befell nothing in any story", name)
		}
	}
}

// oneMishap makes a story in which much is done, and one thing goes wrong that is done. What was written is read only where no answer
// came.
func oneMishap(seed uint64, name string) Script {
	s := scenario(
		Step{At: 20 * time.Second, Do: name, For: 200 * time.Millisecond}, Step{At: 20 * time.Second, Do: "write-unheard"},
		Step{At: 20 * time.Second, Do: "delete-lead"}, Step{At: 28 * time.Second, Do: name, For: 200 * time.Millisecond},
		Step{At: 29 * time.Second, Do: "cut-pair", Who: int(seed) % 3, For: 9 * time.Second}, Step{At: 45 * time.Second, Do: name, For: 200 * time.Millisecond},
		Step{At: 45 * time.Second, Do: "taken-address", Who: int(seed) % 3}, Step{At: 60 * time.Second, Do: name, For: 200 * time.Millisecond},
	)
	return s(seed)
}

// TestActsTakeTheirTime: an act that is answered late takes that long, and nothing of an agent that dies meanwhile is done any more.
func TestActsTakeTheirTime(t *testing.T) {
	w := NewWorld(three(AOF), Real)
	w.mishaps = []*mishap{{what: deedTune, how: waySlow, long: 300 * time.Millisecond}, {what: deedTune, how: wayLate, long: 300 * time.Millisecond}}
	begun, done, living := []string{}, map[string]time.Duration{}, true
	act := func(name string, alive func() bool) {
		w.carry(w.client.host, alive, func() {
			_ = w.undertake(doing{what: deedTune, most: time.Second, struck: func(time.Duration) {}, do: func() error {
				begun = append(begun, name)
				return nil
			}})
		}, func() { done[name] = w.now })
	}
	act("slow", func() bool { return true })
	act("late", func() bool { return living })
	living = false
	for w.now < time.Second && w.step() {
		continue
	}
	if len(begun) != 1 || begun[0] != "slow" || done["slow"] != 300*time.Millisecond || len(done) != 1 || len(w.courses) != 0 {
		t.Errorf("begun %v, done %v, %d on their way", begun, done, len(w.courses))
	}
}
