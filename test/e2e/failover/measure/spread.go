// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"math"
	"slices"
)

// Spread is how a number is spread over rounds.
type Spread struct {
	Count         int
	P50, P95, Max float64
}

// SpreadOf takes percentiles by nearest rank: each is a number that was measured, none is interpolated.
func SpreadOf(numbers []float64) Spread {
	if len(numbers) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(numbers))
	return Spread{Count: len(sorted), P50: rank(sorted, 0.50), P95: rank(sorted, 0.95), Max: sorted[len(sorted)-1]}
}

// rank is the smallest number that is not below the given share of all.
func rank(sorted []float64, share float64) float64 {
	return sorted[max(0, int(math.Ceil(share*float64(len(sorted))))-1)]
}
