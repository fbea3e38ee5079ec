// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"time"
)

// timeline prints lines with the seconds since its start in front.
type timeline struct {
	out   io.Writer
	start time.Time
}

// begin makes now the zero of the timeline.
func (t *timeline) begin() { t.start = time.Now() }

// say prints one event with its time.
func (t *timeline) say(format string, arguments ...any) {
	fmt.Fprintf(t.out, "%7.1f s  %s\n", time.Since(t.start).Seconds(), fmt.Sprintf(format, arguments...))
}

// note prints a line that is not an event.
func (t *timeline) note(format string, arguments ...any) {
	fmt.Fprintf(t.out, "           %s\n", fmt.Sprintf(format, arguments...))
}
