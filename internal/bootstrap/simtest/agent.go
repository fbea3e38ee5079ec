// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"errors"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
)

const (
	// deadline is how long an agent waits for servers that do not answer.
	deadline = 500 * time.Millisecond
	// shortest is the least time between two turns.
	shortest = 5 * time.Millisecond
)

func (w *World) startAgent(p *pod) {
	if p.agent || p.gone {
		return
	}
	p.agent, p.memory, p.busy, p.carrying, p.prepared, p.watch = true, decide.Memory{Kept: p.memory.Kept}, false, false, model.View{}, w.rewatch(p.watch)
	p.actor = w.newActor(p)
	p.generation++
	w.plan(p, 0)
}

func (w *World) stopAgent(p *pod) {
	p.agent, p.busy = false, false
	p.generation++
	p.disturbed = w.now
}

// wakePod begins a turn now, or after the one that runs.
func (w *World) wakePod(p *pod) {
	if p == nil || !p.agent {
		return
	}
	if p.busy {
		p.again = true
		return
	}
	w.plan(p, shortest)
}

// plan sets the next turn; an earlier plan is void.
func (w *World) plan(p *pod, after time.Duration) {
	p.planned++
	plan, generation := p.planned, p.generation
	w.on(p.host, after, func() {
		if p.agent && p.generation == generation && p.planned == plan && !p.busy {
			w.turn(p)
		}
	})
}

// turn observes: some answers are from its beginning and some from its end, as happens with real answers.
func (w *World) turn(p *pod) {
	if p.carrying { // what is being done for an offer is waited for
		w.plan(p, shortest)
		return
	}
	p.busy, p.again = true, false
	generation, accepted, began := p.generation, p.accepted, w.now
	v, slow := w.earlyView(p)
	took := w.between(time.Millisecond, 10*time.Millisecond)
	if !p.server.alive {
		took += 50 * time.Millisecond // its own Redis is asked three times before it counts as gone
	}
	if slow {
		took = deadline
	}
	w.on(p.host, took, func() {
		if p.generation != generation {
			return
		}
		v.Took = w.now - began // with the time for which its machine stood still
		w.addLateAnswers(p, &v)
		if p.accepted != accepted || p.carrying { // what it saw is older than what it did meanwhile
			p.busy = false
			w.plan(p, shortest)
			return
		}
		p.prepared = model.View{}
		if w.Deciders.Prepared(v, p.memory) != "" {
			p.prepared = v
		}
		d, memory := w.Deciders.Redis(v, p.memory)
		w.checkDecision(p, v, p.memory, d)
		if p.dieBefore {
			p.dieBefore = false
			w.crashAgent(p, time.Second)
			return
		}
		p.memory, p.carrying = memory, true
		w.on(p.host, w.between(0, 4*time.Millisecond), func() {
			if p.generation == generation {
				w.act(p, v, d)
			}
		})
	})
}

// earlyView makes the view as far as the API and the early answers go. It reports whether some server will not answer.
func (w *World) earlyView(p *pod) (model.View, bool) {
	v := model.View{
		Now:  w.clockOf(p.host),
		Self: model.Pod{Name: name(p.ordinal), Ordinal: p.ordinal, UID: p.uid, Address: p.server.address, Injected: true},
	}
	v.HelloEpoch, v.Leaving, v.Grace, v.Config = p.server.hello, p.leaving, 30*time.Second, w.config()
	v.Yielded, p.yielded = p.yielded, false
	if w.receive(&p.watch, p.host) {
		w.facts(p, &v)
	}
	slow := w.now < p.server.hung
	if w.chance(50) {
		v.Self.Redis = w.askOwn(p)
	}
	for i := range v.Peers {
		peer := &v.Peers[i]
		if s := w.serverOf(peer.UID); s != nil && (!w.reach(p.host, s.host) || w.now < s.hung) {
			slow = true
		}
		if w.chance(50) {
			peer.Redis = w.askPeer(p, peer)
		}
	}
	v.Sentinels = make([]model.Sentinel, len(w.sentinels))
	for i, s := range w.sentinels {
		slow = slow || !w.reach(p.host, s.host)
		if w.chance(50) {
			v.Sentinels[i] = w.askSentinel(p.host, s)
		}
	}
	return v, slow
}

// addLateAnswers adds the late answers.
func (w *World) addLateAnswers(p *pod, v *model.View) {
	if v.Self.Redis.Answer == model.Silent {
		v.Self.Redis = w.askOwn(p)
	}
	for i := range v.Peers {
		if v.Peers[i].Redis.Answer == model.Silent {
			v.Peers[i].Redis = w.askPeer(p, &v.Peers[i])
		}
	}
	w.askGhost(p, v)
	for i, s := range w.sentinels {
		if !v.Sentinels[i].Answered {
			v.Sentinels[i] = w.askSentinel(p.host, s)
		}
	}
	if w.complete(&p.watch) {
		v.Record = w.recordOf(&p.watch)
		v.API = w.liveness(p, decide.WantsLiveRecord(*v))
		v.PodsListed = w.listed(p, decide.WantsPodList(*v))
	}
}

// askGhost asks at the recorded address, where no pod that the view shows has it.
func (w *World) askGhost(p *pod, v *model.View) {
	if !w.complete(&p.watch) || len(v.Peers) == 0 {
		return
	}
	a := w.recordOf(&p.watch).Address
	if a != v.Self.Address && !slices.ContainsFunc(v.Peers, func(q model.Pod) bool { return q.Address == a }) {
		v.Ghost = w.asks(p.caller(), p.host, w.listeners[a])
	}
}

// askOwn asks the Redis of a pod as its own agent does, which can tell that nothing listens.
func (w *World) askOwn(p *pod) model.Redis {
	r := w.asks(p.caller(), p.host, p.server)
	r.Refused, r.Busy = !p.server.alive, w.now < p.server.busy
	return r
}

// askPeer asks the Redis of another pod. A kernel refuses a connection where nothing listens, and so do some firewalls where something does.
func (w *World) askPeer(p *pod, peer *model.Pod) model.Redis {
	r := w.asks(p.caller(), p.host, w.listeners[peer.Address])
	if s := w.serverOf(peer.UID); s != nil && r.Answer == model.Silent && !r.Full {
		apart := w.blocked[pair{p.host.id, s.host.id}] || w.blocked[pair{s.host.id, p.host.id}]
		r.Refused = !s.alive && w.reach(p.host, s.host) || apart && w.rejects
	}
	return r
}

// facts fills in what the API says, as late as this agent's watch.
func (w *World) facts(p *pod, v *model.View) {
	s := &w.states[w.seenOf(&p.watch, setWatch)]
	v.Config.Handover, v.Config.HandoverFrom = s.handover, s.from
	v.Replicas, v.OrderedReady, v.VolumeClaims = s.replicas, w.OrderedReady, w.states[w.seenOf(&p.watch, claimWatch)].claims
	p.watch.used = p.watch.listedAt
	for _, o := range w.states[max(w.seenOf(&p.watch, podWatch), p.watch.listed)].pods {
		q := model.Pod{
			Name: name(o.ordinal), Ordinal: o.ordinal, UID: o.uid, Address: o.address, VolumeClaim: o.claim, Injected: true,
			Ready: o.ready, Terminating: o.terminating, Down: o.down, Updated: true,
		}
		if o.ordinal != p.ordinal {
			v.Peers = append(v.Peers, q)
			continue
		}
		v.UIDByName = o.uid
		v.Self.Ready, v.Self.Terminating, v.Self.VolumeClaim = q.Ready, q.Terminating, q.VolumeClaim
	}
}

func (w *World) serverOf(uid string) *server {
	for _, p := range w.pods {
		if p.uid == uid {
			return p.server
		}
	}
	return nil
}

// act carries out a decision with the code that ships, and plans the next turn.
func (w *World) act(p *pod, v model.View, d decide.Decision) {
	p.acting, p.deciding = v, d
	var err error
	w.carry(p.host, w.lifeOf(p), func() {
		if err = p.actor.Prepare(w.ctx, v); err != nil || d.Action == decide.Handover {
			return
		}
		err = p.actor.Do(w.ctx, v, d)
		if p.actTwice {
			p.actTwice = false
			_ = p.actor.Do(w.ctx, v, d) // what came of it, the next turn sees
		}
	}, func() {
		if err == nil && d.Action == decide.Handover {
			w.takeStep(p, p.actor.BeginHandover(v, d), p.generation)
			return
		}
		w.finish(p, err)
	})
}

// lifeOf reports later whether the agent that lives now lives still.
func (w *World) lifeOf(p *pod) func() bool {
	generation := p.generation
	return func() bool { return p.generation == generation }
}

// accept has an agent given the word for an offer, with the code that ships, while no turn acts.
func (w *World) accept(p *pod, word string) error {
	v := p.prepared
	if v.Record.Offer == nil || !v.Record.Offer.Stands(word) {
		return act.ErrNotAccepted
	}
	if p.dieBefore {
		p.dieBefore = false
		w.crashAgent(p, time.Second)
		return errNoAnswer
	}
	v.Now, v.Word, p.carrying = w.clockOf(p.host), word, true
	generation := p.generation
	memory, err := p.actor.Accept(w.ctx, v, p.memory, func(v model.View, m decide.Memory) (decide.Decision, decide.Memory) {
		d, after := w.Deciders.Redis(v, m)
		p.acting, p.deciding = v, d
		w.checkDecision(p, v, m, d)
		return d, after
	})
	if p.generation != generation {
		return errNoAnswer
	}
	p.memory, p.prepared, p.carrying = memory, model.View{}, false
	p.accepted++
	w.wakePod(p)
	return err
}

// takeStep takes a step of a handover and plans the next one. A dead agent takes none.
func (w *World) takeStep(p *pod, h *act.Handover, generation int) {
	if p.generation != generation {
		return
	}
	var wait time.Duration
	var done bool
	var err error
	w.carry(p.host, w.lifeOf(p), func() { wait, done, err = h.Step(w.ctx) }, func() {
		if done {
			w.finish(p, err)
			return
		}
		w.on(p.host, wait, func() { w.takeStep(p, h, generation) })
	})
}

func (w *World) finish(p *pod, err error) {
	d := p.deciding
	p.memory = p.memory.After(d, err)
	p.last, p.busy, p.carrying = d, false, false
	if d.Reason != model.NotRunning && d.Reason != model.ScriptRunning {
		p.leads = d.Action == decide.Retain
	}
	if p.acting.Leaving && !d.MayGiveAway() {
		p.left = true
	}
	after := d.Recheck
	if err != nil && !errors.Is(err, record.ErrConflict) {
		after = max(after, 100*time.Millisecond)
	}
	if p.again {
		after = shortest
	}
	w.plan(p, max(after, shortest))
}

// crashAgent ends the agent's process; the kubelet starts another.
func (w *World) crashAgent(p *pod, after time.Duration) {
	w.stopAgent(p)
	w.on(p.host, after, func() { w.startAgent(p) })
}
