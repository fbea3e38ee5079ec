// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// clock is how log lines of the product show the time of day.
const clock = "15:04:05.000"

// String is one line for a person, and where the client met errors or had to wait, one more for each kind of error and for each
// address that it connected to.
func (w Written) String() string {
	line := fmt.Sprintf("%d writes acknowledged, %d lost, %d errors at the client, longest gap %d ms", len(w.Acks), len(w.Lost), len(w.Errors), w.LongestGap.Milliseconds())
	if w.LongestGap >= time.Second {
		line += " from " + w.GapAt.UTC().Format(clock)
	}
	if len(w.Errors) == 0 && w.LongestGap < time.Second {
		return line
	}
	var failed, dialed spans
	for _, one := range w.Errors {
		failed.add(portOfClient.ReplaceAllString(one.Err.Error(), "->"), one.At)
	}
	for _, one := range w.Dials {
		outcome := "connected to " + one.Address
		if one.Err != nil {
			outcome = "could not connect to " + one.Address
		}
		dialed.add(outcome, one.At)
	}
	return line + failed.String() + dialed.String()
}

// portOfClient differs from error to error of one kind.
var portOfClient = regexp.MustCompile(`[0-9.]+:[0-9]+->`)

// spans counts what happens again and again, and when it was first and last, in the order of the first times.
type spans []span

type span struct {
	what        string
	count       int
	first, last time.Time
}

func (s *spans) add(what string, at time.Time) {
	for i := range *s {
		if known := &(*s)[i]; known.what == what {
			known.count, known.last = known.count+1, at
			return
		}
	}
	*s = append(*s, span{what: what, count: 1, first: at, last: at})
}

func (s spans) String() string {
	var text strings.Builder
	for _, one := range s {
		fmt.Fprintf(&text, "\n%5d × from %s to %s: %s", one.count, one.first.UTC().Format(clock), one.last.UTC().Format(clock), one.what)
	}
	return text.String()
}
