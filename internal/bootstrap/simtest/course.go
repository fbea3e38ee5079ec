// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"iter"
	"time"
)

// course is something that an agent does, which the world goes on beside: it may take time in the middle of code that ships, as a call
// does that waits for its answer.
type course struct {
	// next runs it until it waits again, and says for how long; false where it is done. stop breaks it off.
	next func() (time.Duration, bool)
	stop func()
	wait func(time.Duration) bool
	// alive reports whether who does it lives still: what is left of a course after that does nothing any more.
	alive func() bool
	ended bool
}

// carry does something on a host, and then what comes after it: now, or in a course where something may befall it that takes time.
func (w *World) carry(h *host, alive func() bool, do, after func()) {
	if len(w.mishaps) == 0 {
		do()
		after()
		return
	}
	c := &course{alive: alive}
	c.next, c.stop = iter.Pull(func(wait func(time.Duration) bool) {
		c.wait = wait
		do()
	})
	w.courses[c] = true
	w.goOn(c, h, after)
}

// goOn runs a course until it waits or is done.
func (w *World) goOn(c *course, h *host, after func()) {
	before := w.course
	w.course = c
	wait, waits := c.next()
	w.course = before
	switch {
	case waits:
		w.on(h, wait, func() { w.goOn(c, h, after) })
	default:
		delete(w.courses, c)
		if c.alive() {
			after()
		}
	}
}

// pass lets time pass in a course. It reports whether who waits lives still.
func (w *World) pass(long time.Duration) bool {
	c := w.course
	if c == nil {
		return true
	}
	if !c.ended && !c.wait(long) {
		c.ended = true
	}
	return w.lives()
}

// lives reports whether who does what is being done lives still.
func (w *World) lives() bool { return w.course == nil || !w.course.ended && w.course.alive() }

// breakOff ends what is on its way at the end of a story.
func (w *World) breakOff() {
	for c := range w.courses {
		w.course, c.ended = c, true
		c.stop()
		w.course = nil
	}
	clear(w.courses)
}
