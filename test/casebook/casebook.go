// SPDX-License-Identifier: Apache-2.0

// Package casebook runs the tests that stand behind the rows of a table, and says what became of each row.
package casebook

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Test is one test function.
type Test struct{ Folder, Name string }

func (t Test) String() string { return t.Folder + ": " + t.Name }

// NeedsCluster reports whether the test runs on a cluster only.
func (t Test) NeedsCluster() bool { return t.Folder == "test/e2e" }

// In names tests of one directory.
func In(folder string, names ...string) []Test {
	var tests []Test
	for _, name := range names {
		tests = append(tests, Test{folder, name})
	}
	return tests
}

// Result of one test: pass, fail or skip, empty where it did not run; and the times that it measured.
type Result struct {
	Word     string
	Measured []string
}

// bar is how package lab reports a time that has a limit.
var bar = regexp.MustCompile(`\d\.\d\d s  (.+: [\d.]+ s, at most [\d.]+ s) are allowed`)

// folderTimeout is when the tests of a directory have hung.
const folderTimeout = "20m"

// Run runs tests, one directory after the other, in the module.
func Run(ctx context.Context, module string, tests []Test) (map[Test]Result, error) {
	folders := map[string][]string{}
	for _, t := range tests {
		if !slices.Contains(folders[t.Folder], t.Name) {
			folders[t.Folder] = append(folders[t.Folder], t.Name)
		}
	}
	results := map[Test]Result{}
	for folder, names := range folders {
		if err := runFolder(ctx, module, folder, names, results); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func runFolder(ctx context.Context, module, folder string, names []string, results map[Test]Result) error {
	pattern := "^(" + strings.Join(names, "|") + ")$"
	cmd := exec.CommandContext(ctx, "go", "test", "-json", "-count=1", "-parallel", "3", "-timeout", folderTimeout, "-run", pattern, "./"+folder)
	cmd.Dir, cmd.Stderr = module, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("running the tests of %s: %w", folder, err)
	}
	said := read(out, folder, results)
	_ = cmd.Wait() // each test has its own result; one that is missing has none
	for _, name := range names {
		if results[Test{folder, name}].Word == "" {
			fmt.Fprintf(os.Stderr, "%s of %s has no result:\n%s", name, folder, strings.Join(append(said[name], said[""]...), ""))
		}
	}
	return nil
}

// event is one line of `go test -json`.
type event struct{ Action, Test, Output string }

// read notes what becomes of the tests of a directory, and prints what those said that failed. It returns what each test said; under the
// empty name what belongs to none.
func read(out io.Reader, folder string, results map[Test]Result) (said map[string][]string) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	said = map[string][]string{}
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		if e.Test == "" {
			said[""] = append(said[""], e.Output)
			continue
		}
		name, _, sub := strings.Cut(e.Test, "/")
		t := Test{folder, name}
		r := results[t]
		switch e.Action {
		case "output":
			said[name] = append(said[name], e.Output)
			if m := bar.FindStringSubmatch(e.Output); m != nil && len(r.Measured) < 3 && !slices.Contains(r.Measured, m[1]) {
				r.Measured = append(r.Measured, m[1])
			}
		case "pass", "fail", "skip":
			if !sub {
				r.Word = e.Action
				if e.Action == "fail" {
					fmt.Fprint(os.Stderr, strings.Join(said[name], ""))
				}
			}
		}
		results[t] = r
	}
	return said
}

// Judge is pass where every test passed that ran, and at least one did; the notes say what became of each. Tests that left is true
// for were not to run.
func Judge(tests []Test, results map[Test]Result, left func(Test) bool) (word string, notes []string) {
	word = "none"
	for _, t := range tests {
		if left(t) {
			notes = append(notes, t.String()+" (make e2e)")
			continue
		}
		got := results[t].Word
		if got == "" {
			got = "did not run"
		}
		notes = append(notes, t.Name+": "+got)
		if got != "pass" {
			word = "FAIL"
		} else if word == "none" {
			word = "pass"
		}
	}
	return word, notes
}

// Declared reports whether a test exists in the module.
func Declared(module string, t Test) (bool, error) {
	files, err := filepath.Glob(filepath.Join(module, t.Folder, "*_test.go"))
	if err != nil {
		return false, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return false, err
		}
		if strings.Contains(string(text), "\nfunc "+t.Name+"(") {
			return true, nil
		}
	}
	return false, nil
}
