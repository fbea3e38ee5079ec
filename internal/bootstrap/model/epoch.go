// SPDX-License-Identifier: Apache-2.0

package model

import "time"

const (
	// EpochStep keeps claims apart from elections: elections count by ones from an older value and never reach the next
	// multiple, so one epoch never has two addresses.
	EpochStep = 1024
	// BelievableAhead is how far ahead of the clock an epoch may be. Beyond it the epoch was made up: at the end of the number
	// range a Sentinel could never elect again.
	BelievableAhead = 24 * time.Hour
)

// Believable reports whether an epoch can have been made honestly by now.
func Believable(epoch uint64, now time.Time) bool {
	return epoch <= uint64(now.Add(BelievableAhead).UnixMilli())
}

// NextEpoch is the smallest multiple of EpochStep above the clock in milliseconds and above every given epoch that is
// Believable. The clock only improves it: with a wrong clock the maximum still holds.
func NextEpoch(now time.Time, seen ...uint64) uint64 {
	top := uint64(now.UnixMilli())
	for _, epoch := range seen {
		if Believable(epoch, now) && epoch > top {
			top = epoch
		}
	}
	return (top/EpochStep + 1) * EpochStep
}
