// SPDX-License-Identifier: Apache-2.0

// Package history judges what clients saw, when it is over: which of the lost writes may not be lost, and whether two servers
// acknowledged at the same time. It is pure.
package history

import (
	"cmp"
	"slices"
	"time"
)

// Ack is one acknowledged write.
type Ack struct {
	// Key is where it was written.
	Key string
	// Sent is when the client sent it, At when the client had the answer; the server wrote it in between.
	Sent, At time.Time
	// Server is the run id of the process that acknowledged it.
	Server string
	// Replicated reports whether a replica had confirmed it.
	Replicated bool
}

// Broken are the lost writes by which a promise is broken: of a planned change each, of a crash those that a replica had.
func Broken(lost []Ack, planned bool) []Ack {
	return slices.DeleteFunc(slices.Clone(lost), func(ack Ack) bool { return !planned && !ack.Replicated })
}

// Overlap is a time in which two servers acknowledged. Both ends are proven: one server had acknowledged before From, and the other
// one wrote what was sent only at Until.
type Overlap struct {
	Servers     [2]string
	From, Until time.Time
}

// Length is how long both acknowledged, at least.
func (o Overlap) Length() time.Duration { return o.Until.Sub(o.From) }

// together is within what time a server acknowledges again that goes on beside another: two that take turns more slowly than that are
// masters one after the other.
const together = 2 * time.Second

// Overlaps finds the times in which two servers acknowledged.
func Overlaps(acks []Ack) []Overlap {
	byServer := map[string][]Ack{}
	for _, ack := range acks {
		byServer[ack.Server] = append(byServer[ack.Server], ack)
	}
	var servers []string
	for server := range byServer {
		servers = append(servers, server)
	}
	slices.Sort(servers)
	var found []Overlap
	for i, first := range servers {
		for _, second := range servers[i+1:] {
			found = append(found, between(slices.Concat(byServer[first], byServer[second]))...)
		}
	}
	slices.SortFunc(found, func(a, b Overlap) int { return a.From.Compare(b.From) })
	return found
}

// between finds the overlaps of two servers. That one is back for a while, as after two changes of master in a row, is none: it takes
// three changes to see both at once.
func between(acks []Ack) []Overlap {
	slices.SortFunc(acks, func(a, b Ack) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Server, b.Server)) })
	var found []Overlap
	var now alternation
	for i, ack := range acks {
		if i > 0 && acks[i-1].Server != ack.Server {
			if ack.At.Sub(now.changed) > together {
				found = now.end(found)
				now = alternation{servers: [2]string{acks[i-1].Server, ack.Server}, began: ack.At, sent: map[string]time.Time{}}
			}
			now.changes, now.changed = now.changes+1, ack.At
		}
		if now.changes > 0 && ack.Sent.After(now.sent[ack.Server]) {
			now.sent[ack.Server] = ack.Sent
		}
	}
	return now.end(found)
}

// alternation is a time in which two servers acknowledge in turns.
type alternation struct {
	servers        [2]string
	began, changed time.Time
	changes        int
	// sent is when the last write was sent that the server acknowledged since it began.
	sent map[string]time.Time
}

// end adds the time in which both acknowledged, which is over with the one that stopped first.
func (a alternation) end(found []Overlap) []Overlap {
	if a.changes < 3 {
		return found
	}
	until := a.sent[a.servers[0]]
	if other := a.sent[a.servers[1]]; other.Before(until) {
		until = other
	}
	if !until.After(a.began) {
		return found
	}
	return append(found, Overlap{Servers: a.servers, From: a.began, Until: until})
}
