// SPDX-License-Identifier: Apache-2.0

package provision

import (
	"strings"
	"testing"
)

// TestListedIsBounded: an Event that is too long would be refused by the API, and nobody would read it.
func TestListedIsBounded(t *testing.T) {
	if got := listed([]string{"redis-0", "redis-1", "redis-2"}); got != "redis-0, redis-1, redis-2" {
		t.Errorf("three names became %q", got)
	}
	many := make([]string, 100)
	for i := range many {
		many[i] = strings.Repeat("x", 66)
	}
	got := listed(many)
	if len(got) > namesLong+20 || !strings.HasSuffix(got, " and 96 more") {
		t.Errorf("a hundred long names became %q", got)
	}
}
