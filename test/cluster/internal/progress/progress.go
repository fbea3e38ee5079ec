// SPDX-License-Identifier: Apache-2.0

// Package progress tells the user what happens: one line for each step, with
// the seconds since the start.
package progress

import (
	"fmt"
	"io"
	"time"
)

// Log writes the steps of one command.
type Log struct {
	out   io.Writer
	now   func() time.Time
	start time.Time
}

// New returns a Log that counts seconds from now() on.
func New(out io.Writer, now func() time.Time) *Log {
	return &Log{out: out, now: now, start: now()}
}

// Step writes one line.
func (l *Log) Step(format string, args ...any) {
	fmt.Fprintf(l.out, "%6.1fs  %s\n", l.now().Sub(l.start).Seconds(), fmt.Sprintf(format, args...))
}
