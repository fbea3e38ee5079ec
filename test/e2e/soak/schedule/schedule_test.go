// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"slices"
	"testing"
)

const many = 5000

func generate(seed uint64, node bool, count int) []Step {
	generator := New(seed, node)
	var steps []Step
	for range count {
		steps = append(steps, generator.Next())
	}
	return steps
}

func TestOneSeedIsOneSchedule(t *testing.T) {
	first := Text(generate(7, true, 200))
	if again := Text(generate(7, true, 200)); first != again {
		t.Error("the same seed made two schedules")
	}
	if other := Text(generate(8, true, 200)); first == other {
		t.Error("two seeds made one schedule")
	}
}

func TestScheduleIsReadAsItWasWritten(t *testing.T) {
	made := generate(7, true, many)
	read, err := Parse("# a remark\n\n" + Text(made))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(made, read, slices.Equal[Step]) {
		t.Error("what was read is not what was written")
	}
}

func TestEveryFaultComesAtEveryTarget(t *testing.T) {
	seen, single := map[Kind]map[Target]bool{}, 0
	for _, step := range generate(7, true, many) {
		if len(step) == 1 {
			single++
		}
		for _, fault := range step {
			if seen[fault.Kind] == nil {
				seen[fault.Kind] = map[Target]bool{}
			}
			seen[fault.Kind][fault.Target] = true
			if known := fault.traits(); fault.For < known.least || fault.For > known.most {
				t.Errorf("%s: it lasts %s to %s", fault, known.least, known.most)
			}
		}
	}
	for _, kind := range kinds {
		for _, target := range kind.targets {
			if !seen[kind.kind][target] {
				t.Errorf("%s never came at %s", kind.kind, target)
			}
		}
	}
	if share := 100 * (many - single) / many; share < pairs-5 || share > pairs+5 {
		t.Errorf("%d %% of the steps have two faults, want about %d", share, pairs)
	}
}

func TestNothingIsAskedThatNobodyPromises(t *testing.T) {
	for _, step := range generate(7, true, many) {
		if !step.Survivable() {
			t.Fatalf("%s", step)
		}
	}
	for _, step := range generate(7, false, many) {
		for _, fault := range step {
			if fault.traits().node {
				t.Fatalf("%s without the node", fault)
			}
		}
	}
}

func TestPromises(t *testing.T) {
	for _, test := range []struct {
		step                string
		planned, survivable bool
	}{
		{"handover group", true, true},
		{"delete master", true, true},
		{"rollout group", true, true},
		{"crash master", false, true},
		{"kill-redis master", false, true},
		{"freeze master for 6s", false, true},
		{"cut-all master for 6s", false, true},
		{"cut-api master for 6s", true, true},
		{"kill-agent master", true, true},
		{"crash replica-0", true, true},
		{"crash sentinel-0", true, true},
		{"crash sentinel-0 + delete sentinel-1 after 1s", true, true},
		{"handover group + crash sentinel-0 after 1s", true, true},
		{"handover group + kill-agent master after 10ms", true, true},
		// The replica may be the new master by then.
		{"handover group + crash replica-0 after 1s", false, true},
		{"delete master + freeze replica-0 for 6s after 1s", false, true},
		{"freeze replica-1 for 6s + rollout group after 1s", false, true},
		// A write that they had, and nobody else.
		{"crash master + kill-redis replica-0 after 1s", false, false},
		{"delete replica-1 + crash replica-0 after 1s", true, false},
		{"rollout group + crash replica-0 after 1s", false, false},
		{"crash sentinel-0 + crash replica-0 after 1s", true, true},
		{"kill-agent master + kill-redis master after 1s", false, true},
		// Its end cannot be told.
		{"freeze master for 6s + delete master after 1s", false, false},
		{"freeze master for 6s + cut-all replica-0 for 6s after 1s", false, false},
		{"freeze master for 6s + cut-all sentinel-0 for 6s after 1s", false, true},
		{"handover group + handover group after 1s", true, false},
		{"delete sentinel-1 + crash sentinel-1 after 1s", true, false},
		{"crash replica-0 + kill-agent replica-0 after 1s", true, false},
	} {
		steps, err := Parse(test.step)
		if err != nil || len(steps) != 1 {
			t.Fatalf("%s: %v", test.step, err)
		}
		if planned := steps[0].Planned(); planned != test.planned {
			t.Errorf("%s: planned %t, want %t", test.step, planned, test.planned)
		}
		if survivable := steps[0].Survivable(); survivable != test.survivable {
			t.Errorf("%s: survivable %t, want %t", test.step, survivable, test.survivable)
		}
	}
}

func TestMisreadLines(t *testing.T) {
	for _, line := range []string{
		"crash", "crash everybody", "explode master", "handover master", "crash master for 3s", "freeze master", "freeze master for ever",
		"delete master since 3s", "delete master after", "delete master +",
	} {
		if steps, err := Parse(line); err == nil {
			t.Errorf("%q was read as %v", line, slices.Collect(slices.Values(steps)))
		}
	}
}
