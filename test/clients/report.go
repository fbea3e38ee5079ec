// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// lastWords is what a program said last of a write, and on its error stream.
func (w *writer) lastWords() string {
	lines, ended := w.since(0)
	words := "nothing"
	if len(lines) > 0 {
		words = cmp.Or(lines[len(lines)-1].Error, "its last write was acknowledged")
	}
	if ended {
		words += "; it has ended: " + w.said.String()
	}
	return words
}

// kindsOf counts the errors of lines by what they say.
func kindsOf(lines []line) map[string]int {
	var r result
	for _, one := range lines {
		r.tell(one)
	}
	return r.kinds
}

// report is two tables: what each client saw of each fault, and the errors by their kinds.
func (t *trial) report(rounds int) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d rounds of each. A cell is the longest gap, median / greatest of the rounds, then errors in all rounds and acknowledged writes lost, where there were any.\n\n", rounds)
	text.WriteString("| client | through | settings |")
	for _, f := range faults {
		text.WriteString(" " + f.name + " |")
	}
	text.WriteString(" longest at a replica | rounds with READONLY |\n|---|---|---|" + strings.Repeat("---|", len(faults)+2) + "\n")
	t.eachRow(func(row []*result, head string) {
		text.WriteString(head)
		var longest int64
		refused := 0
		for _, r := range row {
			text.WriteString(" " + r.cell() + " |")
			longest = max(longest, r.atReplica.Milliseconds())
			refused += r.refusedRounds
		}
		fmt.Fprintf(&text, " %d ms | %d |\n", longest, refused)
	})
	text.WriteString("\n| client | through | settings | errors, in all rounds of all faults |\n|---|---|---|---|\n")
	t.eachRow(func(row []*result, head string) {
		kinds := map[string]int{}
		for _, r := range row {
			for kind, count := range r.kinds {
				kinds[kind] += count
			}
		}
		if len(kinds) > 0 {
			text.WriteString(head + " " + ranked(kinds) + " |\n")
		}
	})
	return text.String()
}

// eachRow calls for each client, way and settings, with one result for each fault.
func (t *trial) eachRow(call func(row []*result, head string)) {
	for _, w := range writers(t.clients) {
		var row []*result
		for _, f := range faults {
			r := t.results[key{client: w.client.name, way: w.way, settings: w.settings, fault: f.name}]
			if r == nil {
				r = &result{} // the trial ended before
			}
			row = append(row, r)
		}
		call(row, fmt.Sprintf("| %s | %s | %s |", w.client.name, map[string]string{"sentinel": "Sentinel", "service": "Service"}[w.way], w.settings))
	}
}

// cell is one result in a table.
func (r *result) cell() string {
	if len(r.gaps) == 0 {
		return "–"
	}
	text := fmt.Sprintf("%d / %d ms", r.median().Milliseconds(), r.longest().Milliseconds())
	if count := r.errors(); count > 0 {
		text += fmt.Sprintf(", %d errors", count)
	}
	if r.lost > 0 {
		text += fmt.Sprintf(", %d lost", r.lost)
	}
	if r.followed < len(r.gaps) {
		text += fmt.Sprintf(", **followed in %d of %d**", r.followed, len(r.gaps))
	}
	return text
}

// ranked lists kinds, the most frequent first.
func ranked(kinds map[string]int) string {
	names := slices.SortedFunc(maps.Keys(kinds), func(a, b string) int { return cmp.Or(kinds[b]-kinds[a], cmp.Compare(a, b)) })
	for i, name := range names {
		names[i] = fmt.Sprintf("%d × %s", kinds[name], strings.ReplaceAll(name, "|", "\\|"))
	}
	return strings.Join(names, "<br>")
}
