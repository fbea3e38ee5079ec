// SPDX-License-Identifier: Apache-2.0

// Package docs holds that the documentation speaks of things that exist.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var root = filepath.Join("..", "..")

// TestPromisesNameTestsThatExist reads docs/promises.md.
func TestPromisesNameTestsThatExist(t *testing.T) {
	text := read(t, "docs", "promises.md")
	folder, found := "", 0
	for _, match := range regexp.MustCompile("`(?:([a-z0-9/]+): )?(Test[A-Za-z]+)`").FindAllStringSubmatch(text, -1) {
		if match[1] != "" {
			folder = match[1]
		}
		found++
		if !declares(t, folder, match[2]) {
			t.Errorf("%s has no %s", folder, match[2])
		}
	}
	if found < 20 {
		t.Errorf("only %d tests are named: the pattern of this test does not fit the page", found)
	}
	for _, item := range regexp.MustCompile(`(?m)^\d+\. `).Split(text, -1)[1:] {
		if !strings.Contains(item, "`Test") && !strings.Contains(item, ": Test") {
			t.Errorf("a promise without a test: %s", item)
		}
	}
}

// TestLinksLeadSomewhere follows the relative links of all pages.
func TestLinksLeadSomewhere(t *testing.T) {
	pages := []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "charts/redis-sentinel-webhook/README.md"}
	for _, folder := range []string{"docs", filepath.Join("docs", "adr"), filepath.Join("docs", "bench")} {
		found, err := filepath.Glob(filepath.Join(root, folder, "*.md"))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s has no page: %v", folder, err)
		}
		for _, page := range found {
			relative, err := filepath.Rel(root, page)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, relative)
		}
	}
	for _, page := range pages {
		for _, match := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(read(t, page), -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(page), match[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

// TestMakeTargetsOfTheDocumentationExist: what a page tells to run can be run.
func TestMakeTargetsOfTheDocumentationExist(t *testing.T) {
	makefile := read(t, "Makefile")
	for _, page := range []string{"README.md", "CONTRIBUTING.md"} {
		for _, match := range regexp.MustCompile("(?m)(?:`|^)make ([a-z0-9-]+)").FindAllStringSubmatch(read(t, page), -1) {
			if !strings.Contains(makefile, "\n"+match[1]+":") {
				t.Errorf("%s: make %s is no target", page, match[1])
			}
		}
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
