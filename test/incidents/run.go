// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
)

// result of one test: passed, failed or skipped, and the times that it measured.
type result struct {
	word     string
	measured []string
}

// bar is how package lab reports a time that has a limit.
var bar = regexp.MustCompile(`\d\.\d\d s  (.+: [\d.]+ s, at most [\d.]+ s) are allowed`)

// runAll runs every test of the table that needs no cluster, one directory after the other.
func runAll(ctx context.Context, module string) (map[test]result, error) {
	folders := map[string][]string{}
	for _, s := range table {
		for _, t := range s.tests {
			if !t.needsCluster() && !slices.Contains(folders[t.folder], t.name) {
				folders[t.folder] = append(folders[t.folder], t.name)
			}
		}
	}
	results := map[test]result{}
	for folder, names := range folders {
		if err := runFolder(ctx, module, folder, names, results); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func runFolder(ctx context.Context, module, folder string, names []string, results map[test]result) error {
	pattern := "^(" + strings.Join(names, "|") + ")$"
	cmd := exec.CommandContext(ctx, "go", "test", "-json", "-count=1", "-parallel", "3", "-timeout", "15m", "-run", pattern, "./"+folder)
	cmd.Dir, cmd.Stderr = module, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("running the tests of %s: %w", folder, err)
	}
	read(out, folder, results)
	_ = cmd.Wait() // each test has its own result; one that is missing has none
	return nil
}

// event is one line of `go test -json`.
type event struct{ Action, Test, Output string }

func read(out io.Reader, folder string, results map[test]result) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Test == "" {
			continue
		}
		name, _, sub := strings.Cut(e.Test, "/")
		t := test{folder, name}
		r := results[t]
		switch e.Action {
		case "output":
			if m := bar.FindStringSubmatch(e.Output); m != nil && len(r.measured) < 3 && !slices.Contains(r.measured, m[1]) {
				r.measured = append(r.measured, m[1])
			}
		case "pass", "fail", "skip":
			if !sub {
				r.word = e.Action
			}
		}
		results[t] = r
	}
}

// report prints the table, and reports whether every row passed.
func report(out io.Writer, results map[test]result) bool {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "incident\twhat\twhere\tresult\ttests")
	passed := 0
	for _, s := range table {
		word, notes := s.judge(results)
		if word == "pass" {
			passed++
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", s.number, s.name, s.where, word, strings.Join(notes, "; "))
	}
	_ = w.Flush()
	fmt.Fprintln(out)
	for _, s := range table {
		word, _ := s.judge(results)
		fmt.Fprintf(out, "%d %s: %s\n   there: %s\n   here:  %s\n", s.number, s.name, word, s.there, s.here)
		for _, t := range s.tests {
			for _, m := range results[t].measured {
				fmt.Fprintf(out, "          %s: %s\n", t.name, m)
			}
		}
	}
	fmt.Fprintf(out, "\n%d of %d incidents passed\n", passed, len(table))
	return passed == len(table)
}

// judge is pass where every test passed that runs here, and at least one did.
func (s incident) judge(results map[test]result) (word string, notes []string) {
	word = "none"
	for _, t := range s.tests {
		if t.needsCluster() {
			notes = append(notes, t.String()+" (make e2e)")
			continue
		}
		got := results[t].word
		if got == "" {
			got = "did not run"
		}
		notes = append(notes, t.name+": "+got)
		if got != "pass" {
			word = "FAIL"
		} else if word == "none" {
			word = "pass"
		}
	}
	return word, notes
}
