// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"math"
	"runtime"
	"runtime/debug"
	"time"
)

const (
	// thrifty is how much, in percent of what is in use, the heap may grow before it is collected, at rest: a heap of a few megabytes is
	// collected in no time.
	thrifty = 50
	// hurried is the same in a storm of reviews. A collection takes a core for some milliseconds, and each review that comes meanwhile
	// waits. The memory limit bounds both.
	hurried = 400
	// storm is how long a storm lets collections be apart at most.
	storm = time.Second
	// share of GOMEMLIMIT, one part in so many, is left to what Go does not count and the kernel does: buffers of sockets, and the program
	// itself. The chart sets GOMEMLIMIT to the limit of the container.
	share = 6
)

// PaceCollector trades memory for speed while there is a storm of reviews, and gives it back after it.
func PaceCollector(now func() time.Time) {
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		debug.SetMemoryLimit(limit / share * (share - 1))
	}
	debug.SetGCPercent(thrifty)
	afterCollections(func(last time.Time) time.Time {
		at := now()
		debug.SetGCPercent(percentAfter(at.Sub(last)))
		return at
	}, time.Time{})
}

// percentAfter is how much the heap may grow after a collection that came so long after the one before.
func percentAfter(apart time.Duration) int {
	if apart < storm {
		return hurried
	}
	return thrifty
}

// marker is found to be garbage in the collection after it was made. It has a pointer, so that the allocator does not put it into one
// block with others that live longer.
type marker struct{ _ *marker }

// afterCollections calls a function after each collection, with what it returned the time before.
func afterCollections(f func(time.Time) time.Time, last time.Time) {
	runtime.AddCleanup(new(marker), func(last time.Time) { afterCollections(f, f(last)) }, last)
}
