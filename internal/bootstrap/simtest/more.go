// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"math/rand/v2"
	"slices"
	"time"
)

// occasions are what agents act on, planned or not: what goes wrong with an act goes wrong while one of these is dealt with.
var (
	plannedOccasions = []string{"delete-lead", "delete-pod", "rolling", "request", "scale"}
	otherOccasions   = []string{
		"crash-lead", "kill-lead", "force-lead", "freeze-lead", "hang-lead", "island", "overlay", "kill-agent", "crash-pod", "kill-redis",
		"blank-sentinel", "cut-sentinel", "cut-half", "all-pods", "flushall",
	}
)

// withMore adds to half of all scripts what goes wrong with single acts and watches, what the API refuses, and the limits of servers. That
// is drawn by itself, so that the other half tells what it told before the world knew of these.
func (s Script) withMore() Script {
	r := rand.New(rand.NewPCG(s.Seed, 0xa10e)) //nolint:gosec // a seed has to give the same script every time
	if r.IntN(2) == 0 || slices.ContainsFunc(s.Steps, func(x Step) bool { return faults[x.Do].kind == meddling }) {
		return s
	}
	if s.Persistence == AOF && r.IntN(2) == 0 {
		s.Persistence = Everysec
	}
	who := func() int { return r.IntN(max(s.Nodes, s.Sentinels)) }
	long := func() time.Duration {
		return time.Duration(r.Int64N(int64(pick(r, time.Second, 3*time.Second, 15*time.Second)))).Round(time.Millisecond)
	}
	if r.IntN(3) > 0 { // few occasions, so that less is excused
		s.Steps = nil
		from := pick(r, plannedOccasions, slices.Concat(otherOccasions, plannedOccasions))
		for range 1 + r.IntN(3) {
			at := (15*time.Second + time.Duration(r.Int64N(int64(30*time.Second)))).Round(time.Millisecond)
			s.Steps = append(s.Steps, Step{At: at, Do: pick(r, from...), Who: who(), For: long()})
		}
	}
	names := namesOf(pick(r, acts, acts, acts, hangs, staleness, staleness, limits, limits))
	occasions := slices.Clone(s.Steps)
	for range 1 + r.IntN(3) {
		near := occasions[r.IntN(len(occasions))].At + time.Duration(r.Int64N(int64(3*time.Second))) - 2*time.Second
		s.Steps = append(s.Steps, Step{At: max(near, 0).Round(time.Millisecond), Do: pick(r, names...), Who: who(), For: long()})
	}
	slices.SortStableFunc(s.Steps, func(a, b Step) int { return int(a.At - b.At) })
	return s
}

// namesOf are the faults of a kind, in order.
func namesOf(kind string) []string {
	var names []string
	for name, f := range faults {
		if f.kind == kind {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
