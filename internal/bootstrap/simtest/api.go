// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
)

// podObject is a pod as the API shows it.
type podObject struct {
	ordinal     int
	uid         string
	address     decide.Address
	claim       string
	ready       bool
	terminating bool
}

// state is what the API shows at one instant; states are never changed, only followed by others.
type state struct {
	at       time.Duration
	record   decide.Record
	pods     []podObject
	claims   []int
	replicas int
}

var (
	errConflict = errors.New("the record has changed")
	errUnknown  = errors.New("no answer: nobody knows whether it was done")
	errAway     = errors.New("the API server does not answer")
)

// api is the newest state of the API.
func (w *World) api() *state { return &w.states[len(w.states)-1] }

// change makes a new state of the API, and wakes whoever watches.
func (w *World) change(edit func(*state)) {
	next := *w.api()
	next.at = w.now
	next.pods = slices.Clone(next.pods)
	edit(&next)
	w.states = append(w.states, next)
	for _, p := range w.pods {
		w.in(p.watch.lag+time.Millisecond, func() { w.wakePod(p) })
	}
	for _, s := range w.sentinels {
		w.in(s.watch.lag+time.Millisecond, func() { w.wakeSentinel(s) })
	}
}

// swap writes the record if it is still the version that was seen.
func (w *World) swap(h *host, who *watch, seen decide.Record, next decide.Record) (decide.Record, error) {
	if !w.reachAPI(h) {
		return decide.Record{}, errAway
	}
	now := w.api().record
	if now.Version != seen.Version {
		return decide.Record{}, errConflict
	}
	w.versions++
	next.Known, next.UID, next.Version = true, now.UID, strconv.Itoa(w.versions)
	w.checkRecord(now, next)
	w.change(func(s *state) { s.record = next })
	if who.loseReply {
		who.loseReply = false
		return decide.Record{}, errUnknown
	}
	return next, nil
}

// watch is what one agent has of the API: the past, more or less late.
type watch struct {
	lag time.Duration
	// seen is the newest state that arrived, by its place among the states; negative before the first list.
	seen int
	// learned is a record that was read live or written, where it is newer than the watch.
	learned decide.Record
	// blind is since when the API has not answered; noticed after blindness, because a half-open connection looks well.
	blind     time.Duration
	blindness time.Duration
	live      time.Duration
	wanted    time.Duration
	reading   bool
	loseReply bool
}

const never = time.Duration(-1 << 40)

func newWatch(lag time.Duration) watch {
	return watch{lag: lag, seen: -1, blind: never, live: never, wanted: never}
}

// look lets arrive what has arrived by now, and says whether there ever was something.
func (w *World) look(who *watch, h *host) bool {
	if !w.reachAPI(h) {
		if who.blind == never {
			who.blind, who.blindness = w.now, w.between(0, 20*time.Second)
		}
		return who.seen >= 0
	}
	who.blind = never
	for i := len(w.states) - 1; i > who.seen; i-- {
		if w.states[i].at+who.lag <= w.now || who.seen < 0 && i == 0 {
			who.seen = i
			break
		}
	}
	return who.seen >= 0
}

// record is the newest record that this watcher knows.
func (w *World) recordOf(who *watch) decide.Record {
	r := w.states[who.seen].record
	if newer(who.learned, r) {
		return who.learned
	}
	return r
}

func newer(a, b decide.Record) bool {
	x, _ := strconv.Atoi(a.Version)
	y, _ := strconv.Atoi(b.Version)
	return a.Known && x > y
}

const fresh = 2500 * time.Millisecond

// liveness answers as the agent does whether what it knows of the API is what the API says now.
func (w *World) liveness(p *pod, want bool) bool {
	who := &p.watch
	healthy := who.blind == never || w.now-who.blind < who.blindness
	if !want && healthy {
		who.wanted = never
		return true
	}
	if who.wanted == never {
		who.wanted = w.now
	}
	if !who.reading && w.now-who.live > time.Second {
		who.reading = true
		generation := p.generation
		w.on(p.host, w.between(4*time.Millisecond, 60*time.Millisecond), func() {
			if p.generation != generation {
				return
			}
			who.reading = false
			if w.reachAPI(p.host) {
				if r := w.api().record; newer(r, who.learned) {
					who.learned = r
				}
				who.live = w.now
				w.wakePod(p)
			}
		})
	}
	return w.now-who.live < fresh || healthy && w.now-who.wanted < fresh
}
