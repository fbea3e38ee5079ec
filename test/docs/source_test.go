// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// source is what the Go files of one directory declare, those of its tests apart from the others.
type source struct{ code, tests map[string]bool }

var (
	sources   = map[string]source{}
	sourcesMu sync.Mutex
)

// sourceOf parses the Go files of a directory of this module, once. A directory without any declares nothing.
func sourceOf(t *testing.T, folder string) source {
	t.Helper()
	sourcesMu.Lock()
	defer sourcesMu.Unlock()
	if s, known := sources[folder]; known {
		return s
	}
	s := source{code: map[string]bool{}, tests: map[string]bool{}}
	for name, file := range parseFolder(t, folder) {
		into := s.code
		if strings.HasSuffix(name, "_test.go") {
			into = s.tests
		}
		for _, d := range file.Decls {
			for _, name := range namesOf(d) {
				into[name] = true
			}
		}
	}
	sources[folder] = s
	return s
}

// parseFolder parses the Go files of a directory, by their names.
func parseFolder(t *testing.T, folder string) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	entries, err := os.ReadDir(filepath.Join(root, folder))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, folder, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = file
	}
	return files
}

// namesOf are the names of the functions, methods and types of a declaration.
func namesOf(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return []string{d.Name.Name}
	case *ast.GenDecl:
		var names []string
		for _, spec := range d.Specs {
			if s, ok := spec.(*ast.TypeSpec); ok {
				names = append(names, s.Name.Name)
			}
		}
		return names
	}
	return nil
}

// declares reports whether a directory's tests declare a test.
func declares(t *testing.T, folder, name string) bool {
	t.Helper()
	return sourceOf(t, folder).tests[name]
}
