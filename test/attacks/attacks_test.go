// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/casebook"
)

const module = "../.."

// TestAttacksNameTestsThatExist, against the real thing, and say everything that the page has a column for.
func TestAttacksNameTestsThatExist(t *testing.T) {
	for _, a := range table {
		for _, one := range a.tests {
			if there, err := casebook.Declared(module, one); err != nil || !there {
				t.Errorf("%s: there is no test %s", a.name, one)
			}
			if !strings.HasPrefix(one.Name, "TestAttack") {
				t.Errorf("%s: %s would run twice in make test: attacks are called TestAttack…", a.name, one)
			}
		}
		if a.finding == "" || a.name == "" || a.rights == "" || a.then == "" || a.now == "" || a.checked == "" || len(a.tests) == 0 {
			t.Errorf("%s %s is incomplete", a.finding, a.name)
		}
	}
	for _, finding := range []string{"A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8"} {
		if !slices.ContainsFunc(table, func(a attack) bool { return a.finding == finding }) {
			t.Errorf("nothing tries %s again", finding)
		}
	}
}

// TestEveryAttackIsInTheTable: make test leaves the tests of that name to make attacks, which runs those of the table.
func TestEveryAttackIsInTheTable(t *testing.T) {
	declared := regexp.MustCompile(`(?m)^func (TestAttack\w+)\(`)
	found := 0
	for _, folder := range []string{"test/process", "test/apiserver", "test/e2e"} {
		files, err := filepath.Glob(filepath.Join(module, folder, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range declared.FindAllStringSubmatch(string(text), -1) {
				found++
				one := casebook.Test{Folder: folder, Name: match[1]}
				if !slices.ContainsFunc(table, func(a attack) bool { return slices.Contains(a.tests, one) }) {
					t.Errorf("%s is in no row of the table, and would never run in make test", one)
				}
			}
		}
	}
	if found == 0 {
		t.Error("no attack was found")
	}
}

func TestPageOfAttacksIsUpToDate(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(module, "docs", "attacks.md"))
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != page() {
		t.Error("docs/attacks.md is not what the table says: make generate")
	}
}

// TestOneAttackThatSucceedsIsAFailure, and so is one that was not tried.
func TestOneAttackThatSucceedsIsAFailure(t *testing.T) {
	results := map[casebook.Test]casebook.Result{}
	for _, a := range table {
		for _, one := range a.tests {
			results[one] = casebook.Result{Word: "pass"}
		}
	}
	var out strings.Builder
	if !report(&out, results) || !strings.Contains(out.String(), "--- PASS: ") {
		t.Errorf("every test passed, and the report is\n%s", &out)
	}
	for _, word := range []string{"fail", "skip", ""} {
		results[table[len(table)-1].tests[0]] = casebook.Result{Word: word}
		if report(io.Discard, results) {
			t.Errorf("a test is %q, and the report is a success", word)
		}
	}
}
