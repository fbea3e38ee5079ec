// SPDX-License-Identifier: Apache-2.0

package history

import (
	"fmt"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// acks are acknowledgements of a server, one every 10 ms from one time to another, both in milliseconds; each took 4 ms.
func acks(server string, from, until int) []Ack {
	var all []Ack
	for at := from; at <= until; at += 10 {
		all = append(all, one(server, at-4, at))
	}
	return all
}

func one(server string, sent, at int) Ack {
	return Ack{
		Key: fmt.Sprint(server, at), Server: server,
		Sent: start.Add(time.Duration(sent) * time.Millisecond), At: start.Add(time.Duration(at) * time.Millisecond),
	}
}

func join(parts ...[]Ack) []Ack {
	var all []Ack
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

func TestOverlaps(t *testing.T) {
	for _, test := range []struct {
		name string
		acks []Ack
		// want are the lengths, in milliseconds.
		want []int
	}{
		{"nobody acknowledged", nil, nil},
		{"one server", acks("a", 0, 5000), nil},
		{"one after the other", join(acks("a", 0, 1000), acks("b", 1300, 5000)), nil},
		{"back again later", join(acks("a", 0, 1000), acks("b", 1300, 5000), acks("a", 5200, 9000)), nil},
		{"back again at once", join(acks("a", 0, 1000), acks("b", 1300, 2000), acks("a", 2200, 9000)), nil},
		{"an answer that was late", join(acks("a", 0, 1000), []Ack{one("a", 990, 2500)}, acks("b", 1300, 5000)), nil},
		{"an island", join(acks("a", 0, 8000), acks("b", 5003, 9000)), []int{8000 - 4 - 5003}},
		{"an island with one writer a second", join(acks("a", 0, 5000), []Ack{one("a", 6000, 6001), one("a", 7000, 7001)}, acks("b", 5003, 9000)), []int{7000 - 5003}},
		{"two islands", join(acks("a", 0, 1500), acks("b", 1003, 6000), acks("c", 5503, 9000)), []int{1500 - 4 - 1003, 6000 - 4 - 5503}},
		{"three at once", join(acks("a", 0, 3000), acks("b", 1003, 3000), acks("c", 2005, 3000)), []int{3000 - 4 - 1003, 3000 - 4 - 2005, 3000 - 4 - 2005}},
		{"the order does not matter", join(acks("b", 5003, 9000), acks("a", 0, 8000)), []int{8000 - 4 - 5003}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []int
			for _, overlap := range Overlaps(test.acks) {
				got = append(got, int(overlap.Length().Milliseconds()))
			}
			if len(got) != len(test.want) {
				t.Fatalf("got overlaps of %v ms, want %v", got, test.want)
			}
			for i := range got {
				// What the last server sent before its last answer is within one period of a writer.
				if difference := test.want[i] - got[i]; difference < 0 || difference > 10 {
					t.Errorf("got overlaps of %v ms, want %v", got, test.want)
				}
			}
		})
	}
}

func TestBroken(t *testing.T) {
	lost := []Ack{{Key: "1"}, {Key: "2", Replicated: true}, {Key: "3"}}
	if broken := Broken(lost, true); len(broken) != 3 {
		t.Errorf("a planned change may lose nothing: got %v", broken)
	}
	if broken := Broken(lost, false); len(broken) != 1 || broken[0].Key != "2" {
		t.Errorf("a crash may lose what no replica had: got %v", broken)
	}
	if len(lost) != 3 || lost[0].Key != "1" {
		t.Errorf("asking changed what was lost: %v", lost)
	}
}
