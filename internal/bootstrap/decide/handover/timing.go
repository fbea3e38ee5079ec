// SPDX-License-Identifier: Apache-2.0

package handover

import "time"

// Timing is how long the parts of a handover took. A part that it did not come to is zero.
type Timing struct {
	// Preparing is the time before the pause, and Pause that for which writes were held back, of which are: CatchingUp, the time until the
	// successor had everything; Claiming, until it led; and Announcing, until Sentinels named it.
	Preparing, Pause, CatchingUp, Claiming, Announcing time.Duration
}

// Timing returns how long everything took until now.
func (h State) Timing(now time.Time) Timing {
	between := func(from, to stage) time.Duration {
		switch begin, end := h.began[from], h.began[to]; {
		case begin.IsZero():
			return 0
		case end.IsZero():
			return now.Sub(begin)
		default:
			return end.Sub(begin)
		}
	}
	t := Timing{Preparing: between(offering, catchingUp), CatchingUp: between(catchingUp, extending), Claiming: between(telling, announcing)}
	if begin := h.began[catchingUp]; !begin.IsZero() {
		t.Pause = now.Sub(begin)
	}
	t.Announcing = between(announcing, ending)
	return t
}
