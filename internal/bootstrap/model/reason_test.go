// SPDX-License-Identifier: Apache-2.0

package model

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// TestEveryReasonIsExplainedOnce reads the constants from the source: a new one without a sentence would be an empty word in an
// Event.
func TestEveryReasonIsExplainedOnce(t *testing.T) {
	lines := map[Reason]int{}
	for _, r := range Reasons() {
		lines[r]++
	}
	declared := declaredReasons(t)
	for _, r := range declared {
		if lines[r] != 1 {
			t.Errorf("%s has %d lines in the tables of explanations, want 1", r, lines[r])
		}
		if s := r.Sentence(); !strings.HasSuffix(s, ".") || strings.Contains(s, "|") || strings.Contains(r.Advice(), "|") {
			t.Errorf("%s: %q is not a sentence", r, s)
		}
	}
	if len(declared) != len(lines) {
		t.Errorf("%d reasons are declared and %d explained", len(declared), len(lines))
	}
}

func declaredReasons(t *testing.T) []Reason {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []Reason
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		value, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		word, err := strconv.Unquote(value.Value)
		if err != nil || word != spec.Names[0].Name {
			t.Errorf("constant %s is the word %s", spec.Names[0].Name, value.Value)
		}
		all = append(all, Reason(word))
		return true
	})
	if len(all) < 50 {
		t.Fatalf("only %d reasons found: this test does not read the source any more", len(all))
	}
	return all
}
