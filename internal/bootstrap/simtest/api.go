// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
)

// podObject is a pod as the API shows it.
type podObject struct {
	ordinal     int
	uid         string
	address     model.Address
	claim       string
	ready       bool
	terminating bool
	// down reports whether the kubelet has said that its Redis does not run.
	down bool
}

// state is what the API shows at one instant; states are never changed, only followed by others.
type state struct {
	at       time.Duration
	lease    *coordinationv1.Lease
	record   model.Record // what the Lease says
	pods     []podObject
	claims   []int
	replicas int
	// handover is to whom a person wants the mastership given, and from who led when any was asked for.
	handover, from string
}

// api is the newest state of the API.
func (w *World) api() *state { return &w.states[len(w.states)-1] }

// change makes a new state of the API, and wakes every watcher.
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

// leases is the API's record as one agent writes and reads it.
type leases struct {
	w    *World
	host *host
	who  *watch
	// sends is told that a write is sent, and what it returns is told when the API took it.
	sends func() (accepted func(before, after model.Record))
}

var leaseResource = schema.GroupResource{Group: coordinationv1.GroupName, Resource: "leases"}

// Update is a compare-and-swap. The request may be lost on its way, and so may the answer.
func (l leases) Update(_ context.Context, lease *coordinationv1.Lease, _ metav1.UpdateOptions) (written *coordinationv1.Lease, err error) {
	accepted := l.sends()
	err = l.undertake(deedWrite, func() error {
		written, err = l.update(lease.DeepCopy(), accepted)
		return err
	}, func(long time.Duration) {
		l.w.in(writtenWithin+long, func() { _, _ = l.update(lease.DeepCopy(), accepted) })
	})
	if err != nil {
		return nil, err
	}
	return written, nil
}

// undertake has the API do something, which may go wrong.
func (l leases) undertake(what deed, do func() error, later func(time.Duration)) error {
	return l.w.undertake(doing{what: what, most: writtenWithin, do: do, later: later, struck: l.who.disturb})
}

func (l leases) update(lease *coordinationv1.Lease, accepted func(before, after model.Record)) (*coordinationv1.Lease, error) {
	w := l.w
	if !w.reachAPI(l.host) {
		return nil, errors.New("the API server does not answer")
	}
	if err := w.refusal(); err != nil {
		return nil, err
	}
	if l.who.loseRequest {
		l.who.loseRequest = false
		return nil, apierrors.NewTimeoutError("the request was lost", 1)
	}
	now := w.api()
	if lease.ResourceVersion != now.lease.ResourceVersion {
		return nil, apierrors.NewConflict(leaseResource, lease.Name, errors.New("it has changed"))
	}
	w.versions++
	lease.ResourceVersion = strconv.Itoa(w.versions)
	next, err := record.Decode(lease)
	if err != nil {
		w.breaks(OneClaim, "an agent wrote an unreadable record: %v", err)
	}
	w.checkRecord(now.record, next)
	accepted(now.record, next)
	w.change(func(s *state) { s.lease, s.record = lease, next })
	if l.who.loseReply {
		l.who.loseReply, l.who.loseRead = false, w.chance(50)
		return nil, apierrors.NewTimeoutError("the answer was lost", 1)
	}
	return lease, nil
}

// Get is a live read.
func (l leases) Get(context.Context, string, metav1.GetOptions) (read *coordinationv1.Lease, err error) {
	err = l.undertake(deedRead, func() error {
		if !l.w.reachAPI(l.host) || l.who.loseRead {
			l.who.loseRead = false
			return apierrors.NewTimeoutError("the API server does not answer", 1)
		}
		read = l.w.api().lease
		return nil
	}, nil)
	if err != nil {
		return nil, err
	}
	return read, nil
}

// known is the newest record that an agent knows, from its watch, a live read or its own write.
type known struct {
	w   *World
	who *watch
}

// Lease is nil before the first list arrived.
func (k known) Lease() *coordinationv1.Lease {
	i := k.w.seenOf(k.who, leaseWatch)
	if i < 0 {
		return k.who.learned
	}
	if seen := k.w.states[i].lease; k.who.learned == nil || newer(seen, k.who.learned) {
		return seen
	}
	return k.who.learned
}

// Learn takes over a newer one.
func (k known) Learn(lease *coordinationv1.Lease) {
	if k.who.learned == nil || newer(lease, k.who.learned) {
		k.who.learned = lease
		k.who.reads, _ = record.Decode(lease) // what agents write can be read
	}
}

// watch is what one agent has of the API: the past, more or less late.
type watch struct {
	lag time.Duration
	// seen is the newest state that arrived, by its place among the states; negative before the first list. Of a watch that stands
	// still it was the last.
	seen   int
	stands [resources]standstill
	// disturb is told for how long a fault keeps its agent from what it wants.
	disturb func(long time.Duration)
	// learned is a record that was read live or written, where it is newer than the watch.
	learned *coordinationv1.Lease
	// reads is what learned says.
	reads model.Record
	// blind is when the API stopped answering. The agent notices after blindness, because a half-open connection looks healthy.
	blind     time.Duration
	blindness time.Duration
	live      time.Duration
	wanted    time.Duration
	reading   bool
	// listed is the state in which the pods were listed last, by its place among the states, and listedAt when; used is the list
	// that the view of this turn has.
	listed   int
	listedAt time.Duration
	used     time.Duration
	listing  bool
	// loseRequest, loseReply and loseRead are faults of the next write: it never arrives, its answer is lost, and so is the
	// answer to the read that should find out what became of it.
	loseRequest bool
	loseReply   bool
	loseRead    bool
}

const never = time.Duration(-1 << 40)

func newWatch(lag time.Duration) watch {
	return watch{lag: lag, seen: -1, blind: never, live: never, wanted: never, listed: -1, listedAt: never, used: never}
}

// receive delivers what has arrived by now, and reports whether anything ever did.
func (w *World) receive(who *watch, h *host) bool {
	if !w.reachAPI(h) {
		if who.blind == never {
			who.blind, who.blindness = w.now, w.between(0, 20*time.Second)
		}
		return w.complete(who)
	}
	who.blind = never
	for i := len(w.states) - 1; i > who.seen; i-- {
		if w.states[i].at+who.lag <= w.now || who.seen < 0 && i == 0 {
			who.seen = i
			break
		}
	}
	return w.complete(who)
}

// recordOf is the newest record that this watcher knows.
func (w *World) recordOf(who *watch) model.Record {
	lease, i := known{w, who}.Lease(), w.seenOf(who, leaseWatch)
	if i >= 0 && lease == w.states[i].lease {
		return w.states[i].record
	}
	return who.reads
}

func newer(a, b *coordinationv1.Lease) bool {
	x, _ := strconv.Atoi(a.ResourceVersion)
	y, _ := strconv.Atoi(b.ResourceVersion)
	return x > y
}

const fresh = 2500 * time.Millisecond

// liveness reports, as the agent does, whether what it knows of the API is what the API says now.
func (w *World) liveness(p *pod, want bool) bool {
	who := &p.watch
	healthy := (who.blind == never || w.now-who.blind < who.blindness) && !w.anyFailing(who)
	if !want && healthy {
		who.wanted = never
		return true
	}
	if who.wanted == never {
		who.wanted = w.now
	}
	w.readLive(p)
	return w.now-who.live < fresh || healthy && w.now-who.wanted < fresh
}

// readLive has the record read beside the turns, at most once a second.
func (w *World) readLive(p *pod) {
	who := &p.watch
	if w.now-who.live <= time.Second {
		return
	}
	w.askAPI(p, &who.reading, func() {
		known{w, who}.Learn(w.api().lease)
		who.live = w.now
	})
}

// listed reports, as the agent does, whether the pods of this view are from a list of this moment.
func (w *World) listed(p *pod, want bool) bool {
	who := &p.watch
	if want && w.now-who.listedAt > time.Second && !w.failing(who, podWatch) {
		w.askAPI(p, &who.listing, func() { who.listed, who.listedAt = len(w.states)-1, w.now })
	}
	return w.now-who.used < fresh
}

// askAPI asks the API something beside the turns of an agent, once at a time, and wakes it with the answer.
func (w *World) askAPI(p *pod, asking *bool, answered func()) {
	if *asking {
		return
	}
	*asking = true
	generation := p.generation
	w.on(p.host, w.between(4*time.Millisecond, 60*time.Millisecond), func() {
		if p.generation != generation {
			return
		}
		*asking = false
		if w.reachAPI(p.host) {
			answered()
			w.wakePod(p)
		}
	})
}
