// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"slices"
	"time"
)

// key is a row and a column of the table.
type key struct{ client, way, settings, fault string }

// result is what one client saw of one fault, in all rounds.
type result struct {
	// gaps are the longest times without an acknowledgement, one a round.
	gaps []time.Duration
	// kinds counts errors by what they say.
	kinds map[string]int
	// lost counts acknowledged writes that the master did not have afterwards.
	lost int
	// refusedRounds counts rounds in which a server said that it is a replica.
	refusedRounds int
	// atReplica is the longest time that a connection was at a server that is a replica.
	atReplica time.Duration
	// followed counts rounds in which the program wrote to the new master without being started again.
	followed int
}

// readOnly is how a replica refuses a write, in all libraries: some put words of their own in its place.
var readOnly = regexp.MustCompile(`READONLY|read only replica|previous master is now a slave|ReadOnlyError`)

// address differs from error to error of one kind.
var address = regexp.MustCompile(`(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?::[0-9]+)?(?:->)?`)

// add counts one round: its lines by time, from before the fault until its end.
func (r *result) add(lines []line, ended time.Time) {
	gap, _ := longestGap(lines, ended)
	r.gaps = append(r.gaps, gap)
	refused := false
	for _, one := range lines {
		refused = refused || readOnly.MatchString(one.Error)
		r.tell(one)
	}
	if refused {
		r.refusedRounds++
	}
}

// tell counts the error of a line, if it is one.
func (r *result) tell(one line) {
	if one.Error == "" {
		return
	}
	if r.kinds == nil {
		r.kinds = map[string]int{}
	}
	r.kinds[address.ReplaceAllString(one.Error, "ADDRESS ")]++
}

// errors counts errors of all kinds.
func (r *result) errors() int {
	count := 0
	for _, n := range r.kinds {
		count += n
	}
	return count
}

// longestGap is the longest time without an acknowledgement, up to the end, and when it began.
func longestGap(lines []line, ended time.Time) (longest time.Duration, began time.Time) {
	var last time.Time
	measure := func(until time.Time) {
		if gap := until.Sub(last); !last.IsZero() && gap > longest {
			longest, began = gap, last
		}
		last = until
	}
	for _, one := range lines {
		if one.Error == "" {
			measure(time.UnixMilli(int64(one.At)))
		}
	}
	measure(ended)
	return longest, began
}

// median is the middle of the gaps, and longest the greatest.
func (r *result) median() time.Duration {
	sorted := slices.Sorted(slices.Values(r.gaps))
	return sorted[len(sorted)/2]
}

func (r *result) longest() time.Duration { return slices.Max(r.gaps) }
