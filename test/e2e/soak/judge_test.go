// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/soak/history"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// begin notes that a step begins.
func (s *soak) begin() {
	s.previous, s.current = s.current, time.Now()
}

// verdict is what a step did to the clients.
type verdict struct {
	// gaps are the longest times without an acknowledgement, by application, and errors what the applications met.
	gaps   map[string]time.Duration
	errors map[string][]world.WriteError
	// lost and confirmed count the acknowledged writes that are lost, and those of them that a replica had.
	lost, confirmed int
	// both is the longest time in which two servers acknowledged.
	both time.Duration
}

// String is one line for a person.
func (v verdict) String() string {
	text := fmt.Sprintf("lost %d (a replica had %d), two masters for %d ms", v.lost, v.confirmed, v.both.Milliseconds())
	for _, name := range []string{"Sentinel", "Service"} {
		text += fmt.Sprintf("; through the %s %d errors, longest gap %d ms", name, len(v.errors[name]), v.gaps[name].Milliseconds())
	}
	return text
}

// judge looks at what was acknowledged in the last two steps, once the group is whole. What was broken ends the test.
func (s *soak) judge(t *testing.T, whole world.View, planned bool) verdict {
	t.Helper()
	v := verdict{gaps: map[string]time.Duration{}, errors: map[string][]world.WriteError{}}
	for name, writer := range s.clients.applications {
		written := writer.Since(s.current)
		v.gaps[name], v.errors[name] = written.LongestGap, written.Errors
	}
	acks := s.clients.since(s.previous)
	lost := s.lostOf(t, whole, acks)
	v.lost = len(lost)
	for _, ack := range lost {
		if ack.Replicated {
			v.confirmed++
		}
	}
	for _, overlap := range history.Overlaps(acks) {
		v.both = max(v.both, overlap.Length())
		if overlap.Length() > bothWithin {
			t.Errorf("two servers acknowledged from %s to %s: %v", clock(overlap.From), clock(overlap.Until), overlap.Servers)
		}
	}
	if broken := history.Broken(lost, planned); len(broken) > 0 {
		first, last := broken[0], broken[len(broken)-1]
		t.Errorf("%d writes may not be lost (planned: %t), acknowledged from %s by %s to %s by %s, the first at %s", len(broken), planned, clock(first.At), first.Server, clock(last.At), last.Server, first.Key)
	}
	return v
}

// lostOf returns the writes that the master does not have and that were not known to be lost, by the time of their acknowledgement.
func (s *soak) lostOf(t *testing.T, whole world.View, acks []history.Ack) []history.Ack {
	t.Helper()
	master, _ := whole.Master()
	acks = slices.DeleteFunc(acks, func(ack history.Ack) bool { return s.lost[ack.Key] })
	slices.SortFunc(acks, func(a, b history.Ack) int { return a.At.Compare(b.At) })
	var lost []history.Ack
	for chunk := range slices.Chunk(acks, 500) {
		keys := make([]string, len(chunk))
		for i, ack := range chunk {
			keys[i] = ack.Key
		}
		var values []any
		_, err := world.Until(t.Context(), time.Minute, "the written keys to be read", func(ctx context.Context) string {
			var err error
			if values, err = s.world.In(s.group, master.Address).MGet(ctx, keys...).Result(); err != nil {
				return err.Error()
			}
			return ""
		})
		must(t, err)
		for i, value := range values {
			if value == nil {
				s.lost[chunk[i].Key] = true
				lost = append(lost, chunk[i])
			}
		}
	}
	return lost
}

// finish asks once more for every write of the whole time.
func (s *soak) finish(t *testing.T) {
	t.Helper()
	whole, _, err := s.world.WaitFormed(t.Context(), s.group, wholeWithin)
	must(t, err)
	s.everyChangeIsTold(t)
	acks := s.clients.since(time.Time{})
	before := len(s.lost)
	if lost := s.lostOf(t, whole, acks); len(lost) > 0 {
		t.Errorf("%d writes are lost that were there after their step, the first acknowledged at %s", len(lost), clock(lost[0].At))
	}
	t.Logf("%d writes acknowledged, %d lost", len(acks), before)
}

// clock is the time of day as logs show it.
func clock(at time.Time) string { return at.UTC().Format("15:04:05.000") }
