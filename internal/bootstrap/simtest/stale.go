// SPDX-License-Identifier: Apache-2.0

package simtest

import "time"

// resource is one of what an agent watches: each has a watch of its own, which can stand still or fail alone.
type resource int

const (
	podWatch resource = iota
	claimWatch
	setWatch
	leaseWatch
	resources
)

func (r resource) String() string { return [...]string{"pods", "claims", "set", "lease"}[r] }

// standstill is a watch that brings nothing any more, until some time.
type standstill struct {
	// at is the state that it brought last, by its place among the states; negative where it never brought one.
	at    int
	until time.Duration
	// fails reports whether its agent is told, because the API answers with an error. Of the others nobody is told.
	fails bool
}

// standStill stops one watch of an agent.
func (w *World) standStill(who *watch, r resource, long time.Duration, fails bool) {
	who.stands[r] = standstill{at: w.seenOf(who, r), until: w.now + long, fails: fails}
}

// seenOf is the newest state of a resource that has arrived, by its place among the states; negative before the first list.
func (w *World) seenOf(who *watch, r resource) int {
	if s := &who.stands[r]; w.now < s.until {
		if s.at < who.seen {
			w.bites["stale-"+r.String()]++
		}
		return s.at
	}
	return who.seen
}

// complete reports whether everything that an agent watches was complete once.
func (w *World) complete(who *watch) bool {
	for r := range resources {
		if w.seenOf(who, r) < 0 {
			return false
		}
	}
	return who.seen >= 0
}

// failing reports whether the API answers with an error to the watch of a resource.
func (w *World) failing(who *watch, r resource) bool {
	return w.now < who.stands[r].until && who.stands[r].fails
}

// anyFailing reports whether one of the watches fails.
func (w *World) anyFailing(who *watch) bool {
	for r := range resources {
		if w.failing(who, r) {
			return true
		}
	}
	return false
}

// rewatch is the watch of an agent that starts. What only stood still is listed anew; what fails goes on failing, and was never
// complete.
func (w *World) rewatch(who watch) watch {
	next := newWatch(who.lag)
	next.disturb = who.disturb
	for r, s := range who.stands {
		if s.fails && w.now < s.until {
			next.stands[r] = standstill{at: -1, until: s.until, fails: true}
		}
	}
	return next
}

// withStaleness adds to the faults that each watch of an agent stands still or fails, by names like "stale-pods" and "failed-claims".
// Of the agent beside a Sentinel the names end so: it watches pods and records.
func withStaleness(all map[string]fault) map[string]fault {
	for r := range resources {
		for prefix, fails := range map[string]bool{"stale-": false, "failed-": true} {
			all[prefix+r.String()] = fault{staleness, func(w *World, who int, long time.Duration) {
				mark(w.podOf(who), func(p *pod) {
					w.standStill(&p.watch, r, 2*long, fails)
					p.disturbed = max(p.disturbed, w.now+4*long)
				})
			}}
			if r == claimWatch || r == setWatch {
				continue
			}
			all[prefix+r.String()+"-sentinel"] = fault{staleness, func(w *World, who int, long time.Duration) {
				s := w.sentinelOf(who)
				w.standStill(&s.watch, r, 2*long, fails)
				s.disturbed = max(s.disturbed, w.now+4*long)
			}}
		}
	}
	return all
}
