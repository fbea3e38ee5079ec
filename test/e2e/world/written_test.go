// SPDX-License-Identifier: Apache-2.0

package world

import (
	"testing"
	"time"
)

func TestLongestGapIncludesTheEnd(t *testing.T) {
	start := time.Unix(0, 0)
	written := Written{Acks: []Ack{{At: start}, {At: start.Add(time.Second)}, {At: start.Add(3 * time.Second)}}}
	written.measureGap(start.Add(4 * time.Second))
	if written.LongestGap != 2*time.Second || !written.GapAt.Equal(start.Add(time.Second)) {
		t.Errorf("got %v at %v", written.LongestGap, written.GapAt)
	}
	written.LongestGap = 0
	written.measureGap(start.Add(9 * time.Second))
	if written.LongestGap != 6*time.Second {
		t.Errorf("the silence before the end is a gap: got %v", written.LongestGap)
	}
}
