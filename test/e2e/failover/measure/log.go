// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"slices"
	"time"
)

// Log is what one writer noted while it wrote: each write has a number, counted from 0, and sets the bit of that number in one
// key of the server, so that what is there can be read in one answer.
type Log struct {
	// Began is when the first write was sent; Ended is when the writer stopped.
	Began, Ended time.Time
	// Acked holds for each number how many microseconds after Began its acknowledgement came, plus one; 0 means that none came.
	Acked []uint32
	// Errors counts what failed writes said, by kind.
	Errors map[string]int
	// Skipped counts the writes that were due and not sent, because too many before them had no answer yet.
	Skipped int
}

// Ack notes that a write was acknowledged.
func (l *Log) Ack(number int, at time.Time) {
	for len(l.Acked) <= number {
		l.Acked = append(l.Acked, 0)
	}
	l.Acked[number] = uint32(at.Sub(l.Began).Microseconds()) + 1
}

// Fail notes that a write failed; whether the server carried it out is unknown.
func (l *Log) Fail(kind string) {
	if l.Errors == nil {
		l.Errors = map[string]int{}
	}
	l.Errors[kind]++
}

// Acks counts the acknowledged writes.
func (l *Log) Acks() int {
	count := 0
	for _, at := range l.Acked {
		if at > 0 {
			count++
		}
	}
	return count
}

// at is when the acknowledgement came, of a write that has one.
func (l *Log) at(acked uint32) time.Time {
	return l.Began.Add(time.Duration(acked-1) * time.Microsecond)
}

// times are the moments of all acknowledgements, in order.
func (l *Log) times() []time.Time {
	times := make([]time.Time, 0, len(l.Acked))
	for _, acked := range l.Acked {
		if acked > 0 {
			times = append(times, l.at(acked))
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}

// Gap is a time without any acknowledgement.
type Gap struct {
	From time.Time
	Time time.Duration
}

// LongestGap is the longest time between two successive acknowledgements, or between the last one and the end of the writing, that
// was not over at the given moment: what came before a fault is not its doing.
func (l *Log) LongestGap(since time.Time) Gap {
	times := append(l.times(), l.Ended)
	longest := Gap{From: since}
	previous := l.Began
	for _, at := range times {
		if gap := at.Sub(previous); at.After(since) && gap > longest.Time {
			longest = Gap{From: previous, Time: gap}
		}
		previous = at
	}
	return longest
}

// After counts the acknowledgements that came after a moment, and says how long after it the last one of all came; negative
// where it came before.
func (l *Log) After(moment time.Time) (count int, last time.Duration) {
	times := l.times()
	if len(times) == 0 {
		return 0, l.Began.Sub(moment)
	}
	for _, at := range times {
		if at.After(moment) {
			count++
		}
	}
	return count, times[len(times)-1].Sub(moment)
}
