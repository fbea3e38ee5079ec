// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// find lists every possible mutant of packages, or of single files of them, in the order of the code.
func find(root string, targets []string) ([]mutant, error) {
	only := map[string]bool{}
	var patterns []string
	for _, target := range targets {
		if strings.HasSuffix(target, ".go") {
			only[filepath.Clean(target)] = true
			target = filepath.Dir(target)
		}
		patterns = append(patterns, "./"+filepath.Clean(target))
	}
	mode := packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedExportFile
	loaded, err := packages.Load(&packages.Config{Mode: mode, Dir: root}, patterns...)
	if err != nil {
		return nil, fmt.Errorf("loading packages: %w", err)
	}
	var all []mutant
	for _, pkg := range loaded {
		for _, e := range pkg.Errors {
			return nil, fmt.Errorf("loading %s: %w", pkg.PkgPath, e)
		}
		for i, syntax := range pkg.Syntax {
			path, err := filepath.Rel(root, pkg.CompiledGoFiles[i])
			if err != nil {
				return nil, fmt.Errorf("placing %s: %w", pkg.CompiledGoFiles[i], err)
			}
			if named := slices.ContainsFunc(targets, func(t string) bool { return filepath.Clean(t) == filepath.Dir(path) }); !named && !only[path] {
				continue
			}
			mutants, err := inFile(pkg, syntax, root, path)
			if err != nil {
				return nil, err
			}
			all = append(all, mutants...)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("nothing to mutate")
	}
	return all, nil
}

func inFile(pkg *packages.Package, syntax *ast.File, root, path string) ([]mutant, error) {
	source, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		return nil, fmt.Errorf("reading code: %w", err)
	}
	offset := func(n ast.Node) (begin, end int) {
		return pkg.Fset.Position(n.Pos()).Offset, pkg.Fset.Position(n.End()).Offset
	}
	p := places{info: pkg.TypesInfo, same: constantsOf(pkg.Types), text: func(n ast.Node) string {
		begin, end := offset(n)
		return string(source[begin:end])
	}}
	ast.Inspect(syntax, func(n ast.Node) bool { return n == nil || p.visit(n) })
	var all []mutant
	for _, c := range p.found {
		begin, end := offset(c.at)
		all = append(all, mutant{file: path, line: pkg.Fset.Position(c.at.Pos()).Line, begin: begin, end: end, text: c.text, kind: c.kind})
	}
	return all, nil
}

// constantsOf lists the constants of each named type that a package knows, as its code writes them.
func constantsOf(pkg *types.Package) map[types.Type][]string {
	all := map[types.Type][]string{}
	for _, p := range append([]*types.Package{pkg}, pkg.Imports()...) {
		if module, _, _ := strings.Cut(pkg.Path(), "/internal/"); !strings.HasPrefix(p.Path(), module) {
			continue
		}
		for _, name := range p.Scope().Names() {
			c, is := p.Scope().Lookup(name).(*types.Const)
			if !is || p != pkg && !c.Exported() {
				continue
			}
			if _, is := c.Type().(*types.Named); !is {
				continue
			}
			if p != pkg {
				name = p.Name() + "." + name
			}
			all[c.Type()] = append(all[c.Type()], name)
		}
	}
	return all
}
