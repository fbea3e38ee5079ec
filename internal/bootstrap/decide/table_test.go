// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write the answers that the deciders give into the tables of testdata")

// rowsOfTheProtocol are the situations that the protocol tells apart. Each heads at least one line of the tables.
var rowsOfTheProtocol = []string{
	"First formation", "Adoption", "Release", "Rejoin", "Promoted by Sentinel", "Master silent",
	"My Redis restarted in its pod, I was master", "My Redis process is gone, I was master, I live", "Handover",
	"Mastership unconfirmed", "Masterless, two masters, cycles", "Sentinels blank", "Everything restarted", "Address reused",
	"API unreachable", "Disk full, persistence errors on the master", "Scale, delete, orphan, namespace terminating",
}

// rowsBesideTheProtocol head what holds before any situation does, and what the protocol states outside its table.
var rowsBesideTheProtocol = []string{"Before the table", "When record and Sentinel disagree", "Labels"}

// tableLine is one line of a table: a situation in cells, the answer to it, and why it is right.
type tableLine struct {
	number   int
	heading  string
	question []string
	answer   []string
	why      string
}

// readTable reads the lines of a file: `cell | cell => answer ; why`, under headings that begin with "## ". Other lines
// that begin with # are for people. A line that is none of these is an error, because a test that is skipped says nothing.
func readTable(t *testing.T, path string, cells int) []tableLine {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var lines []tableLine
	seen := map[string]int{}
	heading := ""
	for i, text := range strings.Split(string(content), "\n") {
		switch {
		case strings.HasPrefix(text, "## "):
			heading = strings.TrimPrefix(text, "## ")
			if !slices.Contains(rowsOfTheProtocol, heading) && !slices.Contains(rowsBesideTheProtocol, heading) {
				t.Fatalf("%s:%d: the protocol has no row %q", path, i+1, heading)
			}
			continue
		case text == "" || strings.HasPrefix(text, "#"):
			continue
		}
		line, ok := splitLine(text)
		if !ok || len(line.question) != cells || heading == "" {
			t.Fatalf("%s:%d: want %d cells, =>, an answer, ; and a reason, under a heading: %s", path, i+1, cells, text)
		}
		key := strings.Join(line.question, "|")
		if first := seen[key]; first > 0 {
			t.Fatalf("%s:%d: the situation stands in line %d already", path, i+1, first)
		}
		seen[key], line.number, line.heading = i+1, i+1, heading
		lines = append(lines, line)
	}
	return lines
}

func splitLine(text string) (tableLine, bool) {
	text, why, explained := strings.Cut(text, " ; ")
	question, answer, answered := strings.Cut(text, "=>")
	line := tableLine{answer: strings.Fields(answer), why: strings.TrimSpace(why)}
	for cell := range strings.SplitSeq(question, "|") {
		line.question = append(line.question, strings.Join(strings.Fields(cell), " "))
	}
	return line, explained && answered && line.why != ""
}

// checkTable asks answer about every line of a file. With -update the file gets the answers instead, and straight columns.
// It returns the lines with the answers that were given.
func checkTable(t *testing.T, path string, cells int, answer func(question []string) ([]string, error)) []tableLine {
	t.Helper()
	lines := readTable(t, path, cells)
	for i, line := range lines {
		got, err := answer(line.question)
		if err != nil {
			t.Fatalf("%s:%d: %v", path, line.number, err)
		}
		if !*update && !slices.Equal(got, line.answer) {
			t.Errorf("%s:%d: %s\n got %s\nwant %s", path, line.number, line.why, strings.Join(got, " "), strings.Join(line.answer, " "))
		}
		lines[i].answer = got
	}
	if *update {
		writeTable(t, path, lines)
	}
	return lines
}

// writeTable puts the lines back where they stood, in columns that are straight under each heading.
func writeTable(t *testing.T, path string, lines []tableLine) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Split(string(content), "\n")
	for _, line := range lines {
		var row strings.Builder
		for i, cell := range line.question {
			row.WriteString(padded(cell, width(lines, line, func(l tableLine) string { return l.question[i] })))
			row.WriteString([]string{" | ", " => "}[yes(i == len(line.question)-1)])
		}
		for i, word := range line.answer {
			row.WriteString(padded(word, width(lines, line, func(l tableLine) string { return l.answer[i] })) + " ")
		}
		text[line.number-1] = row.String() + "; " + line.why
	}
	if err := os.WriteFile(path, []byte(strings.Join(text, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}

// width of a column under the heading of one line.
func width(lines []tableLine, under tableLine, column func(tableLine) string) int {
	w := 0
	for _, l := range lines {
		if l.heading == under.heading {
			w = max(w, utf8.RuneCountInString(column(l)))
		}
	}
	return w
}

func padded(s string, to int) string { return s + strings.Repeat(" ", to-utf8.RuneCountInString(s)) }

// TestTablesNameEveryRow: a row of the protocol without a line is a promise that nobody checks.
func TestTablesNameEveryRow(t *testing.T) {
	named := map[string]bool{}
	for _, l := range append(readTable(t, redisTable, redisCells), readTable(t, sentinelTable, sentinelCells)...) {
		named[l.heading] = true
	}
	for _, row := range slices.Concat(rowsOfTheProtocol, rowsBesideTheProtocol) {
		if !named[row] {
			t.Errorf("no line in the tables stands under %q", row)
		}
	}
}

// TestTablesGiveEveryReason: a reason that no situation gives is a dead word in the closed list.
func TestTablesGiveEveryReason(t *testing.T) {
	given := map[Reason]bool{}
	for _, l := range append(readTable(t, redisTable, redisCells), readTable(t, sentinelTable, sentinelCells)...) {
		given[Reason(l.answer[1])] = true
	}
	for _, r := range Reasons() {
		if !given[r] {
			t.Errorf("no line in the tables is answered with %s", r)
		}
	}
}
