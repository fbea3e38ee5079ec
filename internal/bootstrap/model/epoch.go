// SPDX-License-Identifier: Apache-2.0

package model

import "time"

const (
	// EpochStep keeps claims apart from elections: elections count by ones from an older value and never reach the next
	// multiple, so one epoch never has two addresses.
	EpochStep = 1024
	// BelievableAhead is how far ahead of my clock an epoch may be that somebody else says: a Sentinel, or a hello. Whoever can
	// publish on a watched Redis can make a Sentinel say any number. Beyond it the epoch was made up: at the end of the number
	// range a Sentinel could never elect again.
	BelievableAhead = 5 * time.Minute
	// RecordedAhead is the same for the record. It is more, so that the rightful master always gets above what others made
	// Sentinels believe: the epoch that the record is given for that lies above BelievableAhead, and its readers must take it.
	RecordedAhead = 2 * BelievableAhead
)

// Believable reports whether an epoch that a Sentinel says can have been made honestly by now.
func Believable(epoch uint64, now time.Time) bool { return !ahead(epoch, now, BelievableAhead) }

// Recordable reports whether an epoch can honestly stand in a record by now.
func Recordable(epoch uint64, now time.Time) bool { return !ahead(epoch, now, RecordedAhead) }

func ahead(epoch uint64, now time.Time, limit time.Duration) bool {
	return epoch > uint64(now.Add(limit).UnixMilli())
}

// NextEpoch is the smallest multiple of EpochStep above the clock in milliseconds, above the record's epoch if it is Recordable,
// and above every epoch heard that is Believable. The clock only improves it: with a wrong clock the maximum still holds.
func NextEpoch(now time.Time, recorded uint64, heard ...uint64) uint64 {
	top := uint64(now.UnixMilli())
	if Recordable(recorded, now) {
		top = max(top, recorded)
	}
	for _, epoch := range heard {
		if Believable(epoch, now) {
			top = max(top, epoch)
		}
	}
	return EpochAbove(top)
}

// EpochAbove is the smallest epoch of a claim above another epoch.
func EpochAbove(epoch uint64) uint64 { return (epoch/EpochStep + 1) * EpochStep }
