// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// pod is one pod of the group: a Redis and its agent.
type pod struct {
	ordinal int
	uid     string
	host    *host
	server  *server
	watch   watch

	// agent reports whether the agent is running. generation numbers its lives: turns that belong to an older one are void.
	agent      bool
	generation int
	memory     decide.Memory
	actor      *act.Redis
	// acting and deciding are the view and the decision that are being carried out.
	acting   model.View
	deciding decide.Decision
	// carrying reports whether a decision of a turn is being carried out. prepared is the view with the sealed offer that the last turn
	// would accept, and accepted counts how often one was.
	carrying bool
	prepared model.View
	accepted int
	busy     bool
	again    bool
	planned  int
	// ready and down are what the kubelet last told the API. It tells so much later that Redis does not run, or runs again, since when it knows.
	ready, down bool
	late, since time.Duration
	// leads reports whether the last turn found its Redis leading, and yielded whether writes were held back since for a failover.
	leads   bool
	yielded bool
	// electedAt is when its agent last heard that a Sentinel was elected.
	electedAt time.Duration
	leaving   bool
	left      bool
	gone      bool
	// last is what was decided last, and outvoted for how many turns the agent has known better than its Redis is.
	last       decide.Decision
	outvoted   int
	disturbed  time.Duration
	dieBefore  bool
	actTwice   bool
	terminated bool
}

func name(ordinal int) string { return podNames[ordinal] }

// podOf finds the pod that the API shows for an ordinal.
func (w *World) podOf(ordinal int) *pod {
	for _, p := range w.pods {
		if p.ordinal == ordinal && !p.gone {
			return p
		}
	}
	return nil
}

// newAddress returns an address that no server has had.
func (w *World) newAddress() model.Address {
	w.addresses++
	return model.Address{Host: fmt.Sprintf("10.0.%d.%d", w.addresses/250, w.addresses%250+1), Port: 6379}
}

// reconcile is the controller: it makes missing pods, one after the other where the set is ordered.
func (w *World) reconcile() {
	w.in(w.between(200*time.Millisecond, 900*time.Millisecond), w.reconcile)
	if w.apiDown || w.storeRefuses() {
		return
	}
	for o := range w.api().replicas {
		p := w.podOf(o)
		if p == nil {
			w.create(o)
		}
		if w.OrderedReady && (p == nil || !p.ready) {
			return
		}
	}
	if w.rolling > 0 && w.allReady() {
		w.rolling--
		w.remove(w.podOf(w.rolling))
	}
}

func (w *World) allReady() bool {
	for o := range w.api().replicas {
		if p := w.podOf(o); p == nil || !p.ready || p.terminated {
			return false
		}
	}
	return true
}

// create creates the pod of an ordinal, on the disk that the ordinal has.
func (w *World) create(ordinal int) {
	w.uids++
	p := &pod{ordinal: ordinal, uid: fmt.Sprintf("uid-%d", w.uids), host: w.newHost(), electedAt: never, since: never, watch: newWatch(w.between(0, 60*time.Millisecond))}
	if w.chance(20) { // a node that is busy
		p.late = w.between(0, 6*time.Second)
	}
	d := w.disks[ordinal]
	if d == nil || !w.keeps() { // data dies with the pod
		d = &disk{claim: p.uid}
		if w.keeps() {
			d.claim = fmt.Sprintf("claim-%d-%s", ordinal, p.uid)
		}
		w.disks[ordinal] = d
	}
	p.watch.disturb = func(long time.Duration) { p.disturbed = max(p.disturbed, w.now+long) }
	p.server = &server{host: p.host, pod: p, disk: d, address: w.newAddress()}
	w.pods = append(w.pods, p)
	w.servers = append(w.servers, p.server)
	p.disturbed = w.now
	w.change(func(s *state) {
		s.pods = append(s.pods, podObject{ordinal: ordinal, uid: p.uid, address: p.server.address, claim: d.claim})
		if w.keeps() && !slices.Contains(s.claims, ordinal) {
			s.claims = append(slices.Clone(s.claims), ordinal)
		}
	})
	w.on(p.host, w.between(300*time.Millisecond, 2*time.Second), func() {
		w.startAgent(p)
		w.on(p.host, w.between(50*time.Millisecond, 500*time.Millisecond), func() { w.boot(p.server) })
	})
	w.on(p.host, time.Second, func() { w.probe(p) })
}

// probe is the kubelet, which looks every second whether the pod is ready and its Redis runs, and tells the API.
func (w *World) probe(p *pod) {
	if p.gone {
		return
	}
	w.on(p.host, time.Second, func() { w.probe(p) })
	ready, down := p.agent && p.last.Ready, w.toldDown(p)
	if ready == p.ready && down == p.down || !w.reachAPI(p.host) || w.storeRefuses() {
		return
	}
	p.ready, p.down = ready, down
	w.edit(p, func(o *podObject) { o.ready, o.down = ready, down })
}

// toldDown is what the kubelet tells of a pod's Redis at this moment.
func (w *World) toldDown(p *pod) bool {
	switch {
	case p.down == !p.server.alive:
		p.since = never
	case p.since == never:
		p.since = w.now
	}
	if p.since != never && w.now-p.since >= p.late {
		return !p.down
	}
	return p.down
}

// edit changes a pod's object, if the API still has it.
func (w *World) edit(p *pod, edit func(*podObject)) {
	w.change(func(s *state) {
		if i := slices.IndexFunc(s.pods, func(o podObject) bool { return o.uid == p.uid }); i >= 0 {
			edit(&s.pods[i])
		}
	})
}

// remove is kubectl delete pod: the hook first, then SIGTERM, then the pod is gone.
func (w *World) remove(p *pod) {
	if p == nil || p.terminated || p.gone || w.storeRefuses() {
		return
	}
	p.terminated, p.leaving = true, true
	w.edit(p, func(o *podObject) { o.terminating = true })
	w.wakePod(p)
	const budget = 10 * time.Second
	end := w.now + budget
	var wait func()
	wait = func() {
		if p.gone {
			return
		}
		if p.left || w.now >= end || !p.agent {
			// No replica was in sync: there was no successor, and that is not the handover's fault.
			w.noSuccessor = w.noSuccessor || p.server.role == model.Master && p.last.Reason == model.NoSuccessor
			w.end(p)
			return
		}
		w.in(20*time.Millisecond, wait)
	}
	w.in(20*time.Millisecond, wait)
}

// end takes the pod away: its processes and its object.
func (w *World) end(p *pod) {
	if p.gone {
		return
	}
	if p.terminated && w.keeps() && p.server.up(w.now) { // SIGTERM saves
		w.keep(p.server)
	}
	w.stopAgent(p)
	w.die(p.server, p.host.frozen || p.host.zone != 0)
	w.forget(p)
	p.host.gone = true
	w.noteLost()
}

// forget removes the pod's object; its processes go on.
func (w *World) forget(p *pod) {
	p.gone = true
	w.erase(p)
}

// erase removes an object as soon as the API's store takes that.
func (w *World) erase(p *pod) {
	if w.storeRefuses() {
		w.in(w.storeBack-w.now, func() { w.erase(p) })
		return
	}
	w.change(func(s *state) {
		s.pods = slices.DeleteFunc(s.pods, func(o podObject) bool { return o.uid == p.uid })
	})
}

// loseClaim removes the volume claim of an ordinal.
func (w *World) loseClaim(ordinal int) {
	delete(w.disks, ordinal)
	w.lost = true
	w.change(func(s *state) {
		s.claims = slices.DeleteFunc(slices.Clone(s.claims), func(o int) bool { return o == ordinal })
	})
}
