// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"strconv"
	"testing"
)

// TestReplay tells one story step by step.
func TestReplay(t *testing.T) {
	script := Generate(1)
	if seed, err := strconv.ParseUint(*replay, 10, 64); err == nil {
		script = Generate(seed)
	} else if *replay != "" {
		script = load(t, *replay)
	}
	t.Logf("\n%s", script)
	result := Run(script, Real, true)
	for _, line := range result.Events {
		t.Log(line)
	}
	t.Logf("%d writes acknowledged, %d lost, whole %s after the last fault", result.Acked, result.Lost, result.Settled)
	if result.Violation != nil {
		t.Error(result.Violation)
	}
}

// TestScriptsAreRead: what a script prints is what Parse reads.
func TestScriptsAreRead(t *testing.T) {
	for seed := range uint64(50) {
		script := Generate(seed)
		again, err := Parse(script.String())
		if err != nil || again.String() != script.String() {
			t.Errorf("seed %d: %v\n%s\n%s", seed, err, script, again)
		}
	}
}
