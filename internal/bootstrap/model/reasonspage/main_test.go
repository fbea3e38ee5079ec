// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestPageOfReasonsIsCurrent: the page is written from the code, and nobody forgot to.
func TestPageOfReasonsIsCurrent(t *testing.T) {
	file := filepath.Join("..", "..", "..", "..", "docs", "reasons.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != page() {
		t.Error("docs/reasons.md is not what the code says: run `make generate`")
	}
}
