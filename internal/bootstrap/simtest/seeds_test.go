// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	count  = flag.Uint64("sim.seeds", 500, "how many seeds TestSeeds plays")
	first  = flag.Uint64("sim.first", 1, "the first seed of TestSeeds")
	replay = flag.String("sim.script", "", "a file with a script, or a seed, that TestReplay tells step by step")
)

// TestSeeds plays many stories. One that breaks a rule is made as short as it can be, and printed with the line that plays it
// again.
func TestSeeds(t *testing.T) {
	var next atomic.Uint64
	var mu sync.Mutex
	var workers sync.WaitGroup
	if testing.Short() {
		*count = min(*count, 60)
	}
	settled := map[time.Duration]int{}
	acked, lost, broken := 0, 0, 0
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for {
				n := next.Add(1) - 1
				if n >= *count || t.Context().Err() != nil {
					return
				}
				script := Generate(*first + n)
				result := Run(script, Real, false)
				mu.Lock()
				acked, lost = acked+result.Acked, lost+result.Lost
				settled[result.Settled.Truncate(10*time.Second)]++
				if result.Violation != nil {
					if broken++; broken <= 5 {
						explain(t, script, *result.Violation)
					} else {
						t.Errorf("seed %d: %s", script.Seed, result.Violation)
					}
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	t.Logf("%d seeds, %d broke a rule; %d writes acknowledged, %d lost; whole again after: %v", *count, broken, acked, lost, settled)
}

// explain prints what is needed to see it happen again.
func explain(t *testing.T, script Script, v Violation) {
	t.Helper()
	short := Shrink(script, Real, v.Rule)
	file := filepath.Join(os.TempDir(), "sim-"+strings.Fields(string(v.Rule))[0]+".script")
	t.Errorf("seed %d: %s\nshrunk to\n%s\nto replay: go test ./internal/bootstrap/simtest -run TestReplay -v -sim.script=%d\n(or save the lines above, for example in %s, and name that file); keep it in testdata once it is mended",
		script.Seed, v, short, script.Seed, file)
}

// TestDeterminism plays some stories twice: the same seed gives the same story.
func TestDeterminism(t *testing.T) {
	for seed := range uint64(20) {
		a, b := Run(Generate(seed+1), Real, false), Run(Generate(seed+1), Real, false)
		if a.Trace != b.Trace || a.Acked != b.Acked {
			t.Errorf("seed %d gave two stories", seed+1)
		}
	}
}

// TestKeptScripts plays every story that once broke a rule.
func TestKeptScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.script")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			if v := Run(load(t, file), Real, false).Violation; v != nil {
				t.Error(v)
			}
		})
	}
}

func load(t *testing.T, file string) Script {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	script, err := Parse(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return script
}
