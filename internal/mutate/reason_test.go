// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"testing"

	"sigs.k8s.io/yaml"
)

// elsewhere are the reasons that no single object of the corpus can show, with the test that does.
var elsewhere = map[Reason]string{
	AlreadyInjected: "TestInjectingTwiceIsInjectingOnce",
	Repaired:        "TestWhatAnotherWebhookTookAwayComesBack",
	DeniedMalformed: "TestGarbageIsRefused",
}

// TestEveryReasonIsAnAnswerOfTheCorpus keeps the set closed on both sides: no reason without an object that is answered
// so, and no answer that the set does not have.
func TestEveryReasonIsAnAnswerOfTheCorpus(t *testing.T) {
	answered := map[Reason]bool{}
	wants, err := filepath.Glob("testdata/*/*/want.yaml")
	if err != nil || len(wants) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, path := range wants {
		var want caseWant
		if err := yaml.Unmarshal(read(t, path), &want); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		answered[want.Reason] = true
	}
	for _, reason := range declaredReasons(t) {
		if _, ok := elsewhere[reason]; answered[reason] == ok {
			t.Errorf("%s: answered by the corpus: %t, by another test: %t; want one of them", reason, answered[reason], ok)
		}
		delete(answered, reason)
	}
	for reason := range answered {
		t.Errorf("%s is an answer of the corpus, and is not declared", reason)
	}
}

// declaredReasons are the constants of reason.go.
func declaredReasons(t *testing.T) []Reason {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var out []Reason
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			t.Fatalf("%s is not a plain word", spec.Names[0])
		}
		word, err := strconv.Unquote(literal.Value)
		if err != nil || word != spec.Names[0].Name {
			t.Errorf("%s is the word %s: want the same", spec.Names[0], literal.Value)
		}
		out = append(out, Reason(word))
		return true
	})
	return out
}
