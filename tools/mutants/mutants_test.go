// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const source = `package small

import "time"

type colour int

const (
	red colour = iota
	green
)

const long = 3 * time.Second

func judge(a, b int, on bool) (colour, time.Duration) {
	if a > b && on {
		return red, long
	}
	switch {
	case !on:
		a = max(a, b)
	}
	println(a + b)
	return green, 0
}
`

// small makes a module of one file.
func small(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module small\n\ngo 1.26\n", "small.go": source} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestKinds: what may be changed is found, and each change is where it says.
func TestKinds(t *testing.T) {
	all, err := find(small(t), []string{"."})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range all {
		got = append(got, source[m.begin:m.end]+" => "+m.text)
	}
	for _, want := range []string{
		"a > b && on => !(a > b && on)", "a > b && on => (a > b || on)", "a > b && on => a > b", "a > b && on => on", "a > b => a >= b",
		"red => green", "green => red", "3 * time.Second => time.Duration(0)", "3 * time.Second => (10*(3 * time.Second))", "!on => on",
		"a = max(a, b) => ", "max => min", "println(a + b) => ", "a + b => a - b", "case !on:\n\t\ta = max(a, b) => ",
		"if a > b && on {\n\t\treturn red, long\n\t} => ",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among\n%s", want, strings.Join(got, "\n"))
		}
	}
}

// TestTrial: a change that a test sees is told from one that none sees, and from one that does not compile; the file stays.
func TestTrial(t *testing.T) {
	root := small(t)
	test := "package small\n\nimport \"testing\"\n\nfunc TestJudge(t *testing.T) {\n\tif c, _ := judge(2, 1, true); c != red {\n\t\tt.Fatal(c)\n\t}\n}\n"
	if err := os.WriteFile(filepath.Join(root, "small_test.go"), []byte(test), 0o600); err != nil {
		t.Fatal(err)
	}
	l := &laboratory{root: root, dir: t.TempDir(), most: longest}
	for text, want := range map[string]string{"a >= b && on": "SURVIVED", "a > b && !on": "noticed by own, TestJudge", "a > b && nothing": "does not compile"} {
		begin := strings.Index(source, "a > b && on")
		v, err := l.try(t.Context(), 0, mutant{file: "small.go", begin: begin, end: begin + len("a > b && on"), text: text})
		if err != nil || !strings.HasPrefix(v.String(), want) {
			t.Errorf("%s: got %s, %v, want %s", text, v, err, want)
		}
	}
	if now, err := os.ReadFile(filepath.Join(root, "small.go")); err != nil || string(now) != source {
		t.Errorf("the file was changed: %v", err)
	}
}

// TestChosen: what is chosen is found by its text, and what does not fit the code any more is told.
func TestChosen(t *testing.T) {
	root := small(t)
	file := filepath.Join(root, "chosen.txt")
	text := "# of nobody\n\nsmall.go: on is forgotten\n- if a > b && on {\n+ if a > b {\n\nsmall.go: of yesterday\n- if a > c {\n+ if true {\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all, gone, err := chosen(root, file)
	if err != nil || len(all) != 1 || !slices.Equal(gone, []string{"small.go: of yesterday"}) {
		t.Fatalf("got %v, gone %v, %v", all, gone, err)
	}
	if got, want := all[0].difference([]byte(source)), "- \tif a > b && on {\n+ \tif a > b {\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := all[0].String(); got != "small.go:15: on is forgotten" {
		t.Errorf("got %q", got)
	}
}
