// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/casebook"
)

const module = "../.."

// TestIncidentsNameTestsThatExist: a row without a test is a claim.
func TestIncidentsNameTestsThatExist(t *testing.T) {
	for _, s := range table {
		here := 0
		for _, one := range s.tests {
			if there, err := casebook.Declared(module, one); err != nil || !there {
				t.Errorf("incident %d: there is no test %s", s.number, one)
			}
			if !one.NeedsCluster() {
				here++
			}
		}
		if here == 0 {
			t.Errorf("incident %d is shown by no test that runs without a cluster", s.number)
		}
		if s.name == "" || s.where == "" || s.there == "" || s.here == "" {
			t.Errorf("incident %d is incomplete", s.number)
		}
	}
}

func TestPageIsUpToDate(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(module, "docs", "incidents.md"))
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != page() {
		t.Error("docs/incidents.md is not what the table says: make generate")
	}
}

// TestResetIsNeverUsed: SENTINEL RESET makes a Sentinel forget its replicas and restarts the clock by which it takes a master for down.
func TestResetIsNeverUsed(t *testing.T) {
	found := 0
	for _, folder := range []string{"internal/bootstrap", "cmd"} {
		err := filepath.WalkDir(filepath.Join(module, folder), func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.IsDir() && entry.Name() == "simtest" {
				return filepath.SkipDir // there a meddling person sends it
			}
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			found++
			if strings.Contains(strings.ToLower(string(text)), `"reset"`) {
				t.Errorf("%s sends RESET", path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 20 {
		t.Errorf("only %d files were read", found)
	}
}
