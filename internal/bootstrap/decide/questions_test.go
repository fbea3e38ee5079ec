// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestQuestionsChangeNothing reads the package: a method that returns a bool alone is a question, and no question writes into the
// memory, itself or by what it calls. A decision whose questions change it would depend on the order in which they are asked.
func TestQuestionsChangeNothing(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	writes, calls, questions := map[string]bool{}, map[string][]string{}, map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range parsed.Decls {
			f, ok := declared.(*ast.FuncDecl)
			if !ok || f.Recv == nil {
				continue
			}
			name := f.Name.Name
			writes[name] = writes[name] || writesMemory(f.Body)
			calls[name] = append(calls[name], called(f.Body)...)
			if r := f.Type.Results; r != nil && len(r.List) == 1 {
				kind, ok := r.List[0].Type.(*ast.Ident)
				questions[name] = questions[name] || ok && kind.Name == "bool"
			}
		}
	}
	for more := true; more; {
		more = false
		for name, others := range calls {
			if !writes[name] && slices.ContainsFunc(others, func(other string) bool { return writes[other] }) {
				writes[name], more = true, true
			}
		}
	}
	if !writes["recovery"] || !writes["keepWaiting"] || writes["allHeard"] || len(questions) < 20 {
		t.Fatalf("the source is not read as it is meant: writers %v, questions %v", writes, questions)
	}
	for _, name := range slices.Sorted(maps.Keys(questions)) {
		if questions[name] && writes[name] {
			t.Errorf("%s is a question, and changes the memory", name)
		}
	}
}

// writesMemory reports whether a body assigns to s.memory, or takes its address.
func writesMemory(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			found = found || slices.ContainsFunc(n.Lhs, isMemory)
		case *ast.UnaryExpr:
			found = found || n.Op == token.AND && isMemory(n.X)
		}
		return true
	})
	return found
}

// isMemory reports whether an expression is s.memory, or a part of it.
func isMemory(e ast.Expr) bool {
	for {
		selector, ok := e.(*ast.SelectorExpr)
		switch {
		case !ok:
			return false
		case selector.Sel.Name == "memory":
			return true
		}
		e = selector.X
	}
}

// called are the names of the methods that a body calls or hands on.
func called(body *ast.BlockStmt) []string {
	var names []string
	ast.Inspect(body, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			names = append(names, selector.Sel.Name)
		}
		return true
	})
	return names
}
