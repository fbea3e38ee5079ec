// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestPageOfReasonsIsCurrent: the page is generated from the code, and was generated again after the last change.
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
