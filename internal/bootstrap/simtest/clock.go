// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// event is something that happens at an instant. Events of one instant happen in the order in which they were planned.
type event struct {
	at   time.Duration
	turn int
	do   func()
}

type agenda []event

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].turn < a[j].turn
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(event)) } //nolint:forcetypeassert // the heap holds events only
func (a *agenda) Pop() any {
	old := *a
	last := old[len(old)-1]
	old[len(old)-1] = event{}
	*a = old[:len(old)-1]
	return last
}

// clock is the time of the world and what will happen in it.
type clock struct {
	now     time.Duration
	planned agenda
	turns   int
	rng     *rand.Rand
}

func newClock(seed uint64) *clock {
	return &clock{rng: rand.New(rand.NewPCG(seed, 0x5eed))} //nolint:gosec // a seed has to give the same story every time
}

// in plans an event.
func (c *clock) in(after time.Duration, do func()) {
	c.turns++
	heap.Push(&c.planned, event{at: c.now + max(after, 0), turn: c.turns, do: do})
}

// step runs the next event; false when none is planned any more.
func (c *clock) step() bool {
	if len(c.planned) == 0 {
		return false
	}
	next := heap.Pop(&c.planned).(event) //nolint:forcetypeassert // the heap holds events only
	c.now = next.at
	next.do()
	return true
}

// between draws a duration.
func (c *clock) between(least, most time.Duration) time.Duration {
	if most <= least {
		return least
	}
	return least + time.Duration(c.rng.Int64N(int64(most-least)))
}

// chance reports true in percent of the cases.
func (c *clock) chance(percent int) bool { return c.rng.IntN(100) < percent }
