// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
)

// TestTiming: what people read of a handover is how long each part took, and for how long clients waited.
func TestTiming(t *testing.T) {
	caughtUp := func(v *View) {
		v.Own, v.Successor = decidetest.Pod(0, decidetest.Master).Redis, decidetest.Pod(1, decidetest.Replica(0)).Redis
	}
	leads := func(v *View) { v.Successor = decidetest.Pod(1, decidetest.Master).Redis }
	const ms = time.Millisecond
	state, now := begun(), decidetest.Clock
	if got := state.Timing(now); got != (Timing{}) {
		t.Errorf("before it begins: %+v", got)
	}
	for i, c := range []struct {
		after time.Duration
		hears func(*View)
		want  Timing
	}{
		{0, func(*View) {}, Timing{}},                         // the offer is on its way
		{10 * ms, func(*View) {}, Timing{Preparing: 10 * ms}}, // it is written
		{20 * ms, func(v *View) { v.Prepared = true }, Timing{Preparing: 30 * ms}},
		{1 * ms, func(*View) {}, Timing{Preparing: 30 * ms, Pause: 1 * ms, CatchingUp: 1 * ms}}, // not caught up
		{2 * ms, caughtUp, Timing{Preparing: 30 * ms, Pause: 3 * ms, CatchingUp: 3 * ms}},
		{4 * ms, func(*View) {}, Timing{Preparing: 30 * ms, Pause: 7 * ms, CatchingUp: 3 * ms}}, // the pause is longer
		{5 * ms, func(*View) {}, Timing{Preparing: 30 * ms, Pause: 12 * ms, CatchingUp: 3 * ms, Claiming: 5 * ms}},
		{6 * ms, leads, Timing{Preparing: 30 * ms, Pause: 18 * ms, CatchingUp: 3 * ms, Claiming: 11 * ms}},
		{7 * ms, func(*View) {}, Timing{Preparing: 30 * ms, Pause: 25 * ms, CatchingUp: 3 * ms, Claiming: 11 * ms, Announcing: 7 * ms}}, // not announced
		{8 * ms, func(v *View) { v.Announced = true }, Timing{Preparing: 30 * ms, Pause: 33 * ms, CatchingUp: 3 * ms, Claiming: 11 * ms, Announcing: 15 * ms}},
	} {
		now = now.Add(c.after)
		v := View{Now: now, Record: decidetest.RecordOf(0)}
		c.hears(&v)
		if _, state = state.Next(v); state.Timing(now) != c.want {
			t.Errorf("step %d: %+v, want %+v", i, state.Timing(now), c.want)
		}
	}
}
