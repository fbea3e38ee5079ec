// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// decision is the form of a page in docs/adr: `# N. Title`, then its date and status.
var decision = regexp.MustCompile(`^# (\d+)\. \S.*\n\nDate: \d{4}-\d{2}-\d{2} · Status: (proposed|accepted|superseded by \[ADR \d+\]\(\d{4}-[a-z0-9-]+\.md\))\n\n## `)

// TestDecisionsHaveOneForm: their numbers are those of their files and have no gap, and each page has the three sections, not empty.
func TestDecisionsHaveOneForm(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "docs", "adr", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no decisions: %v", err)
	}
	for i, file := range files {
		name := filepath.Base(file)
		if !regexp.MustCompile(fmt.Sprintf(`^%04d-[a-z0-9-]+\.md$`, i+1)).MatchString(name) {
			t.Errorf("%s: want %04d-some-words.md", name, i+1)
		}
		text := read(t, "docs", "adr", name)
		head := decision.FindStringSubmatch(text)
		if head == nil || head[1] != fmt.Sprint(i+1) {
			t.Errorf("%s begins otherwise than `# %d. Title`, `Date: YYYY-MM-DD · Status: accepted`:\n%s", name, i+1, text[:min(len(text), 120)])
		}
		var sections []string
		for _, part := range strings.Split(text, "\n## ")[1:] {
			title, body, _ := strings.Cut(part, "\n")
			sections = append(sections, title)
			if strings.TrimSpace(body) == "" {
				t.Errorf("%s: nothing stands under %s", name, title)
			}
		}
		if want := []string{"Context", "Decision", "Consequences"}; !slices.Equal(sections, want) {
			t.Errorf("%s has the sections %q, want %q", name, sections, want)
		}
	}
}
