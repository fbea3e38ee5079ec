// SPDX-License-Identifier: Apache-2.0

package decidetest

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write the answers that the deciders give into the tables of testdata")

// Rows are the situations of docs/protocol.md. Each is the heading of at least one line of the tables.
var Rows = []string{
	"First formation", "Adoption", "Release", "Rejoin", "Promoted by Sentinel",
	"A living master, and a Sentinel that is elected", "Master silent",
	"My Redis restarted in its pod, I was master", "My Redis process is gone, I was master, I live", "Handover",
	"Mastership unconfirmed", "Masterless, two masters, cycles", "Sentinels blank", "Everything restarted", "Address reused",
	"API unreachable", "Disk full, persistence errors on the master", "Scale, delete, orphan, namespace terminating",
}

// RowsBeside are the headings for what holds before any situation does, and for what docs/protocol.md states outside its table of situations.
var RowsBeside = []string{"Before the table", "When record and Sentinel disagree", "Labels"}

// Line is one line of a table: a situation in cells, the answer to it, and why it is right.
type Line struct {
	number   int
	heading  string
	question []string
	answer   []string
	why      string
}

// Reason is the reason in the line's answer.
func (l Line) Reason() string { return l.answer[1] }

// The tables of the two deciders, seen from here, and how many cells the question has in each.
const (
	RedisTable    = "../testdata/redis.txt"
	RedisCells    = 6
	SentinelTable = "../sentinel/testdata/sentinel.txt"
	SentinelCells = 5
)

// ReadTable reads the lines of a file: `cell | cell => answer ; why`, under headings that begin with "## ". Other lines that
// begin with # are for people. A line that is none of these is an error, because a test that is skipped proves nothing.
func ReadTable(t *testing.T, path string, cells int) []Line {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var lines []Line
	seen := map[string]int{}
	heading := ""
	for i, text := range strings.Split(string(content), "\n") {
		switch {
		case strings.HasPrefix(text, "## "):
			heading = strings.TrimPrefix(text, "## ")
			if !slices.Contains(Rows, heading) && !slices.Contains(RowsBeside, heading) {
				t.Fatalf("%s:%d: docs/protocol.md has no row %q", path, i+1, heading)
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

func splitLine(text string) (Line, bool) {
	text, why, explained := strings.Cut(text, " ; ")
	question, answer, answered := strings.Cut(text, "=>")
	line := Line{answer: strings.Fields(answer), why: strings.TrimSpace(why)}
	for cell := range strings.SplitSeq(question, "|") {
		line.question = append(line.question, strings.Join(strings.Fields(cell), " "))
	}
	return line, explained && answered && line.why != ""
}

// CheckTable asks answer about every line of a file. With -update the answers are written into the file instead, in straight
// columns. It returns the lines with the answers that were given.
func CheckTable(t *testing.T, path string, cells int, answer func(question []string) ([]string, error)) []Line {
	t.Helper()
	lines := ReadTable(t, path, cells)
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

// writeTable writes the lines back where they stood, in columns that are straight under each heading.
func writeTable(t *testing.T, path string, lines []Line) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Split(string(content), "\n")
	for _, line := range lines {
		var row strings.Builder
		for i, cell := range line.question {
			row.WriteString(padded(cell, width(lines, line, func(l Line) string { return l.question[i] })))
			separator := " | "
			if i == len(line.question)-1 {
				separator = " => "
			}
			row.WriteString(separator)
		}
		for i, word := range line.answer {
			row.WriteString(padded(word, width(lines, line, func(l Line) string { return l.answer[i] })) + " ")
		}
		text[line.number-1] = row.String() + "; " + line.why
	}
	if err := os.WriteFile(path, []byte(strings.Join(text, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}

// width is the width of a column under the heading of one line.
func width(lines []Line, under Line, column func(Line) string) int {
	w := 0
	for _, l := range lines {
		if l.heading == under.heading {
			w = max(w, utf8.RuneCountInString(column(l)))
		}
	}
	return w
}

func padded(s string, to int) string { return s + strings.Repeat(" ", to-utf8.RuneCountInString(s)) }
