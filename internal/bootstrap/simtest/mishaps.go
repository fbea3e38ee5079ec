// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"slices"
	"time"
)

// deed is one thing that an agent has a server or the API do, by the name that it has in scripts.
type deed string

// What agents of Redis and of Sentinel have done. Securing comes first in each turn, and admitting is the last part of a promotion: writes
// are let in. Sentinels are configured in no story, because what is wanted of them never changes.
const (
	deedSecure       deed = "secure"
	deedFollow       deed = "follow"
	deedAuthenticate deed = "authenticate"
	deedPromote      deed = "promote"
	deedAdmit        deed = "admit"
	deedPause        deed = "pause"
	deedResume       deed = "resume"
	deedNeedNone     deed = "need-none"
	deedDisconnect   deed = "disconnect"
	deedReconnect    deed = "reconnect"
	deedTune         deed = "tune"
	deedWrite        deed = "write"
	deedRead         deed = "read"

	deedInject    deed = "inject"
	deedRecreate  deed = "recreate"
	deedConfigure deed = "configure"
	deedRemove    deed = "remove"
)

// way is how a deed goes wrong.
type way string

const (
	// wayFails: it is not done, and whoever wants it hears so.
	wayFails way = "fails"
	// wayUnheard: it is done, and the answer is lost.
	wayUnheard way = "unheard"
	// wayLate: it is done after a while, and then answered.
	wayLate way = "late"
	// waySlow: it is done at once, and answered after a while.
	waySlow way = "slow"
	// wayOverdue: it is done when nobody waits for it any more. A server does that which hangs between the question whether it is there and
	// the order; and the API with a request that waits in a queue.
	wayOverdue way = "overdue"
)

const (
	// answeredWithin is how long an agent waits for a server's answer, and writtenWithin for the API's.
	answeredWithin = 400 * time.Millisecond
	writtenWithin  = 2 * time.Second
	// lurksFor is for how long a mishap waits for its deed.
	lurksFor = 20 * time.Second
)

// mishap is what befalls one deed of a kind, and no other: the first one after some that go well, whoever does it.
type mishap struct {
	what deed
	how  way
	skip int
	long time.Duration
}

// befall has a mishap wait for its deed.
func (w *World) befall(m mishap) {
	w.mishaps = append(w.mishaps, &m)
	w.in(lurksFor, func() {
		w.mishaps = slices.DeleteFunc(w.mishaps, func(o *mishap) bool { return o == &m })
	})
}

// befalls finds what befalls a deed now; nil where all is well.
func (w *World) befalls(what deed) *mishap {
	for i, m := range w.mishaps {
		switch {
		case m.what != what:
		case m.skip > 0:
			m.skip--
		default:
			w.mishaps = slices.Delete(slices.Clone(w.mishaps), i, i+1)
			return m
		}
	}
	return nil
}

// doing is one deed on its way.
type doing struct {
	what deed
	// most is how long its answer is waited for.
	most time.Duration
	do   func() error
	// later has it done when nobody waits for it any more; nil where nothing would do that.
	later func(long time.Duration)
	// struck is told where something befalls it.
	struck func(long time.Duration)
}

// undertake has something done, well or not.
func (w *World) undertake(d doing) error {
	if !w.lives() {
		return errNoAnswer
	}
	m := w.befalls(d.what)
	if m == nil {
		return d.do()
	}
	w.note("! " + string(m.what) + " " + string(m.how))
	w.bites[string(m.what)+"-"+string(m.how)]++
	d.struck(d.most + m.long)
	switch {
	case m.how == wayFails, m.how == wayOverdue && d.later == nil:
		return errNoAnswer
	case m.how == wayUnheard:
		_ = d.do() // nobody hears of it
		w.pass(d.most)
		return errNoAnswer
	case m.how == wayLate:
		if !w.pass(min(m.long, d.most)) {
			return errNoAnswer
		}
		return d.do()
	case m.how == waySlow:
		err := d.do()
		w.pass(min(m.long, d.most))
		return err
	}
	d.later(m.long)
	w.pass(d.most)
	return errNoAnswer
}

// withMishaps adds to the faults that each deed goes wrong in each way, by names like "promote-unheard".
func withMishaps(all map[string]fault) map[string]fault {
	deeds := []deed{
		deedSecure, deedFollow, deedAuthenticate, deedPromote, deedAdmit, deedPause, deedResume, deedNeedNone, deedDisconnect, deedReconnect, deedTune,
		deedWrite, deedRead, deedInject, deedRecreate, deedRemove,
	}
	for _, what := range deeds {
		for _, how := range []way{wayFails, wayUnheard, wayLate, waySlow, wayOverdue} {
			kind := acts
			if how == wayOverdue { // a server hangs with it, which is no part of a plan
				kind = hangs
			}
			all[string(what)+"-"+string(how)] = fault{kind, func(w *World, who int, long time.Duration) {
				w.befall(mishap{what: what, how: how, skip: who, long: long})
			}}
		}
	}
	return all
}
