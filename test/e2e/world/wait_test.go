// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestAnswerThatTheLimitCutOffIsNone: a question that could not be asked any more finds nothing missing.
func TestAnswerThatTheLimitCutOffIsNone(t *testing.T) {
	_, err := Until(t.Context(), 20*time.Millisecond, "something", func(ctx context.Context) string {
		<-ctx.Done()
		return ""
	})
	if err == nil || !strings.Contains(err.Error(), "something") {
		t.Errorf("got %v, want that it was waited for in vain", err)
	}
}

func TestUntilNothingIsMissing(t *testing.T) {
	asked := 0
	_, err := Until(t.Context(), time.Minute, "the second time", func(context.Context) string {
		if asked++; asked < 2 {
			return "not yet"
		}
		return ""
	})
	if err != nil || asked != 2 {
		t.Errorf("asked %d times: %v", asked, err)
	}
}
