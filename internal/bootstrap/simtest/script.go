// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Step is one fault: what happens when, to whom, and for how long.
type Step struct {
	At  time.Duration
	Do  string
	Who int
	For time.Duration
}

// Script is a world and what happens in it.
type Script struct {
	Setup
	Steps []Step
}

// String is the script as it is written in testdata, which Parse reads.
func (s Script) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "world seed=%d nodes=%d sentinels=%d persistence=%s ordered=%t found=%d\n", s.Seed, s.Nodes, s.Sentinels, s.Persistence, s.OrderedReady, s.Found)
	for _, step := range s.Steps {
		fmt.Fprintf(&b, "%s %s %d %s\n", step.At, step.Do, step.Who, step.For)
	}
	return b.String()
}

// Parse reads a script. Lines that begin with # are comments.
func Parse(text string) (Script, error) {
	var s Script
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if _, err := fmt.Sscanf(line, "world seed=%d nodes=%d sentinels=%d persistence=%s ordered=%t found=%d",
			&s.Seed, &s.Nodes, &s.Sentinels, &s.Persistence, &s.OrderedReady, &s.Found); err == nil {
			continue
		}
		step, err := parseStep(strings.Fields(line))
		if err != nil {
			return s, fmt.Errorf("line %d, %q: %w", n, line, err)
		}
		s.Steps = append(s.Steps, step)
	}
	if s.Nodes == 0 || s.Sentinels == 0 {
		return s, errors.New(`there is no line "world seed=… nodes=… sentinels=… persistence=… ordered=… found=…"`)
	}
	return s, nil
}

func parseStep(f []string) (Step, error) {
	if len(f) != 4 {
		return Step{}, errors.New("want: WHEN WHAT WHO FOR")
	}
	at, badAt := time.ParseDuration(f[0])
	who, badWho := strconv.Atoi(f[2])
	long, badFor := time.ParseDuration(f[3])
	if _, known := faults[f[1]]; !known {
		return Step{}, fmt.Errorf("there is no fault %q", f[1])
	}
	return Step{At: at, Do: f[1], Who: who, For: long}, errors.Join(badAt, badWho, badFor)
}

// faultsEnd is when the last fault is over at the latest.
const faultsEnd = 75 * time.Second

// Generate makes the script of a seed: a world, and some faults of one or of all kinds.
func Generate(seed uint64) Script {
	r := rand.New(rand.NewPCG(seed, 0x5c417)) //nolint:gosec // a seed has to give the same script every time
	s := Script{Setup: Setup{
		Seed: seed, Nodes: pick(r, 1, 2, 2, 3, 3, 3, 3, 3, 3, 4, 5), Sentinels: pick(r, 1, 3, 3, 3, 3, 3, 3, 5),
		Persistence: pick(r, None, AOF, AOF, RDB), OrderedReady: r.IntN(2) == 0, Found: -1,
	}}
	if r.IntN(6) == 0 {
		s.Found = r.IntN(s.Nodes)
	}
	kind := pick(r, planned, planned, crashes, crashes, network, sentinels, meddling, "", "", "")
	var names []string
	for name, f := range faults {
		if kind == "" && f.mixes() || f.kind == kind {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	first := 15 * time.Second
	if r.IntN(4) == 0 && kind != planned {
		first = 0
	}
	window := faultsEnd - 15*time.Second - first
	if r.IntN(3) == 0 { // one fault in the middle of what the one before it set off
		window = 8 * time.Second
	}
	for range 1 + r.IntN(9) {
		step := Step{
			At: (first + time.Duration(r.Int64N(int64(window)))).Round(time.Millisecond), Do: names[r.IntN(len(names))], Who: r.IntN(max(s.Nodes, s.Sentinels)),
			For: time.Duration(r.Int64N(int64(pick(r, 3*time.Second, 15*time.Second)))).Round(time.Millisecond),
		}
		if r.IntN(4) == 0 { // at the same instant as another
			step.At = step.At.Truncate(2 * time.Second)
		}
		s.Steps = append(s.Steps, step)
	}
	slices.SortStableFunc(s.Steps, func(a, b Step) int { return int(a.At - b.At) })
	return s.withMore()
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }
