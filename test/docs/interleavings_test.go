// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestInterleavingsNameTestsThatExist reads docs/interleavings.md: all numbers are there, in order, and each row names tests.
func TestInterleavingsNameTestsThatExist(t *testing.T) {
	next, folder := 1, ""
	for line := range strings.Lines(read(t, "docs", "interleavings.md")) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		number := strings.TrimPrefix(cells[0], "| ")
		if len(cells) != 4 || !regexp.MustCompile(`^(\d+|K-[A-Z]\d+)$`).MatchString(number) {
			continue
		}
		if !strings.HasPrefix(number, "K") {
			if number != strconv.Itoa(next) {
				t.Errorf("row %s stands where %d should", number, next)
			}
			next++
		}
		folder = ""
		tests := regexp.MustCompile("`(?:([a-z0-9/]+): )?(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(cells[3], -1)
		if len(tests) == 0 || strings.Count(cells[3], "`Test")+strings.Count(cells[3], ": Test") != len(tests) {
			t.Errorf("%s: no test, or one that cannot be read: %s", number, cells[3])
		}
		for _, test := range tests {
			if test[1] != "" {
				folder = test[1]
			}
			if !declares(t, folder, test[2]) {
				t.Errorf("%s: %s has no %s", number, folder, test[2])
			}
		}
	}
	if next != 27 {
		t.Errorf("the last number is %d, want 26", next-1)
	}
}
