// SPDX-License-Identifier: Apache-2.0

package decidetest

import (
	"slices"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestTablesNameEveryRow: a row of the protocol without a line is a promise that nothing checks.
func TestTablesNameEveryRow(t *testing.T) {
	named := map[string]bool{}
	for _, l := range append(ReadTable(t, RedisTable, RedisCells), ReadTable(t, SentinelTable, SentinelCells)...) {
		named[l.heading] = true
	}
	for _, row := range slices.Concat(Rows, RowsBeside) {
		if !named[row] {
			t.Errorf("no line in the tables is under %q", row)
		}
	}
}

// TestTablesGiveEveryReason: a reason that no situation gives is a dead word in the closed list. That a Sentinel is cut off is decided
// of all its groups at once, in no table of one group.
func TestTablesGiveEveryReason(t *testing.T) {
	given := map[model.Reason]bool{model.CutOff: true}
	for _, l := range append(ReadTable(t, RedisTable, RedisCells), ReadTable(t, SentinelTable, SentinelCells)...) {
		given[model.Reason(l.Reason())] = true
	}
	for _, r := range model.Reasons() {
		if !given[r] {
			t.Errorf("no line in the tables is answered with %s", r)
		}
	}
}
