// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// TestTokenIsToldWhenItChanges, in both directions.
func TestTokenIsToldWhenItChanges(t *testing.T) {
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, nil))
	var token Token
	for i, step := range []struct {
		refused bool
		want    string
	}{{false, ""}, {true, "refuses"}, {true, ""}, {false, "again"}, {false, ""}, {true, "refuses"}} {
		said.Reset()
		token.Seen(log, step.refused)
		if got := said.String(); (got == "") != (step.want == "") || !strings.Contains(got, step.want) {
			t.Errorf("step %d: %q, want %q", i, got, step.want)
		}
	}
}
