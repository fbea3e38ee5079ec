// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// besidePackages are directories that a reader looks for and that hold no package of this module.
var besidePackages = []string{"charts", "examples", "test/cluster", "tools"}

// TestArchitectureListsEveryPackage: each directory has exactly one row in docs/architecture.md, and each row a directory.
func TestArchitectureListsEveryPackage(t *testing.T) {
	var listed []string
	for _, cells := range table(t, read(t, "docs", "architecture.md"), "| directory | what is in it |") {
		if len(cells) != 2 || cells[1] == "" {
			t.Errorf("not a directory and what is in it: %q", cells)
		}
		listed = append(listed, strings.Trim(cells[0], "`"))
	}
	want := slices.Concat(packages(t), besidePackages)
	slices.Sort(want)
	slices.Sort(listed)
	for i, d := range listed {
		if i > 0 && listed[i-1] == d {
			t.Errorf("%s has two rows", d)
		}
		if !slices.Contains(want, d) {
			t.Errorf("%s has a row, and is no package", d)
		}
	}
	for _, d := range want {
		if !slices.Contains(listed, d) {
			t.Errorf("%s has no row", d)
		}
		if _, err := os.Stat(filepath.Join(root, d)); err != nil {
			t.Error(err)
		}
	}
}

// packages are the directories of this module with Go files in them.
func packages(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		relative, relErr := filepath.Rel(root, path)
		switch {
		case err != nil || relErr != nil:
			return err
		case entry.IsDir() && relative != ".":
			_, err := os.Stat(filepath.Join(path, "go.mod"))
			if err == nil || entry.Name() == "testdata" || relative == "bin" || strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_") {
				return fs.SkipDir // of another module, or of none
			}
		case strings.HasSuffix(path, ".go"):
			if d := filepath.ToSlash(filepath.Dir(relative)); !slices.Contains(found, d) {
				found = append(found, d)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestArchitectureDrawsImports: an arrow between two of the agent's packages is an import.
func TestArchitectureDrawsImports(t *testing.T) {
	_, drawing, _ := strings.Cut(read(t, "docs", "architecture.md"), "\nflowchart TD\n")
	drawing, _, _ = strings.Cut(drawing, "```")
	arrows := regexp.MustCompile(`(?m)^ +([a-z/]+) --> ([a-z/]+)$`).FindAllStringSubmatch(drawing, -1)
	if len(arrows) < 15 || len(arrows) != strings.Count(drawing, "-->") {
		t.Fatalf("%d arrows were read of %d", len(arrows), strings.Count(drawing, "-->"))
	}
	folder := func(name string) string { return strings.TrimSuffix("internal/bootstrap/"+name, "/bootstrap") }
	for _, arrow := range arrows {
		from, to := folder(arrow[1]), folder(arrow[2])
		if !imports(t, from, to) {
			t.Errorf("%s does not import %s", from, to)
		}
	}
}

// imports reports whether the code of one directory imports that of another; tests do not count.
func imports(t *testing.T, from, to string) bool {
	t.Helper()
	for name, file := range parseFolder(t, from) {
		for _, i := range file.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err == nil && !strings.HasSuffix(name, "_test.go") && strings.HasSuffix(path, "/"+to) {
				return true
			}
		}
	}
	return false
}
