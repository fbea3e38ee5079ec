// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"math"
	"runtime"
	"runtime/debug"
	"sync"
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
	(&pace{now: now}).arm()
}

// pace is that of the collector.
type pace struct {
	now func() time.Time

	mu sync.Mutex
	// last is when a collection ended.
	last time.Time
}

// marker is found to be garbage in the collection after it was made. It has a pointer, so that the allocator does not put it into one
// block with others that live longer.
type marker struct{ _ *marker }

// arm has the next collection told.
func (p *pace) arm() {
	runtime.AddCleanup(new(marker), func(p *pace) { p.collected(); p.arm() }, p)
}

func (p *pace) collected() {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.now()
	apart := at.Sub(p.last)
	if p.last = at; apart >= storm {
		debug.SetGCPercent(thrifty)
		return
	}
	debug.SetGCPercent(hurried)
	time.AfterFunc(2*storm, func() { p.rest(at) })
}

// rest gives memory back where nothing was collected since: the next collection may be minutes away.
func (p *pace) rest(since time.Time) {
	p.mu.Lock()
	over := p.last.Equal(since)
	p.mu.Unlock()
	if over {
		debug.SetGCPercent(thrifty)
		debug.FreeOSMemory()
	}
}
