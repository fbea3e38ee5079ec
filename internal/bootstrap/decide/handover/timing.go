// SPDX-License-Identifier: Apache-2.0

package handover

import "time"

// Timing is how long the parts of a handover took. A part that it did not come to is zero.
type Timing struct {
	// Preparing is the time before the pause, and Pause that for which writes were held back, of which are: CatchingUp, the time until the
	// successor had everything; Claiming, until it led; and Announcing, until Sentinels named it. Clients are sent there then. Rerouting
	// is how much longer those waited that came back, because the Service still led to my Redis.
	Preparing, Pause, CatchingUp, Claiming, Announcing, Rerouting time.Duration
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
		t.Pause = h.sentAwayBy(now).Sub(begin)
	}
	if t.Announcing = between(announcing, ending); !h.began[rerouting].IsZero() {
		t.Announcing, t.Rerouting = between(announcing, rerouting), between(rerouting, ending)
	}
	return t
}

// sentAwayBy is when clients were first sent away, or now.
func (h State) sentAwayBy(now time.Time) time.Time {
	for _, at := range []time.Time{h.sentAway, h.began[parting]} {
		if !at.IsZero() {
			return at
		}
	}
	return now
}
