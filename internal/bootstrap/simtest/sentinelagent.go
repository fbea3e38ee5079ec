// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	decidesentinel "github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/sentinel"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
)

// ids and names are asked for many times in each turn.
var (
	sentinelIDs = [...]string{newSentinelID(0), newSentinelID(1), newSentinelID(2), newSentinelID(3), newSentinelID(4)}
	podNames    = [...]string{"redis-0", "redis-1", "redis-2", "redis-3", "redis-4"}
)

func newSentinelID(ordinal int) string { return fmt.Sprintf("%040d", 9000+ordinal) }

func sentinelID(ordinal int) string { return sentinelIDs[ordinal] }

// startSentinelAgent starts the agent; it boots a Sentinel that has no process, from its file or, where there is none, from the
// API as soon as that answers.
func (w *World) startSentinelAgent(s *sentinel) {
	if s.agent {
		return
	}
	s.agent, s.busy, s.memory, s.watch = true, false, decidesentinel.Memory{}, w.rewatch(s.watch)
	s.agreed = 0
	s.generation++
	w.planSentinel(s, 0)
}

func (w *World) crashSentinelAgent(s *sentinel, after time.Duration) {
	s.agent, s.busy, s.disturbed = false, false, w.now+after
	s.generation++
	w.on(s.host, after, func() { w.startSentinelAgent(s) })
}

// seed starts a blank Sentinel as the agent's file makes it: groups and epochs from the API, no votes.
func (w *World) seed(s *sentinel) {
	if s.alive {
		return
	}
	if !w.reachAPI(s.host) {
		w.on(s.host, time.Second, func() { w.seed(s) })
		return
	}
	w.bootSentinel(s, true)
	r := w.api().record
	s.current = model.NextEpoch(w.clockOf(s.host), r.Epoch)
	s.votedIn, s.votedFor = s.current, nil
	s.want = w.wanted(s)
	if !r.HasHolder() || !model.Recordable(r.Epoch, w.clockOf(s.host)) {
		return
	}
	w.monitor(s, r.Address, r.Epoch)
	for _, p := range w.api().pods {
		if p.address != r.Address {
			s.replicas = append(s.replicas, newInstance(p.address, w.now))
		}
	}
}

func (w *World) wakeSentinel(s *sentinel) {
	if s.agent && !s.busy {
		w.planSentinel(s, shortest)
	}
}

func (w *World) planSentinel(s *sentinel, after time.Duration) {
	s.planned++
	plan, generation := s.planned, s.generation
	w.on(s.host, after, func() {
		if s.agent && s.generation == generation && s.planned == plan && !s.busy {
			w.sentinelTurn(s)
		}
	})
}

func (w *World) sentinelTurn(s *sentinel) {
	s.busy = true
	generation := s.generation
	if w.hurrySentinel(s) {
		return
	}
	v, slow := w.sentinelView(s)
	took := w.between(time.Millisecond, 10*time.Millisecond)
	if slow {
		took = deadline
	}
	w.on(s.host, took, func() {
		if s.generation != generation {
			return
		}
		w.lateAnswers(s, &v)
		d, memory := w.Deciders.Sentinel(v, s.memory)
		s.memory, s.agreed = memory, v.Own.ConfigEpoch
		w.carrySentinel(s, d, func(err error) {
			after := d.Recheck
			if err != nil && !errors.Is(err, record.ErrConflict) {
				after = max(after, 100*time.Millisecond)
			}
			if err != nil {
				after = min(after, time.Second)
			}
			w.planSentinel(s, max(after, shortest))
		})
	})
}

// carrySentinel carries out a decision, and then says what became of it.
func (w *World) carrySentinel(s *sentinel, d decidesentinel.Decision, after func(error)) {
	generation := s.generation
	var err error
	w.carry(s.host, func() bool { return s.generation == generation }, func() { err = w.doSentinel(s, d) }, func() {
		s.busy = false
		after(err)
	})
}

// disturb notes for how long a fault keeps its agent from what it wants.
func (s *sentinel) disturb(w *World) func(time.Duration) {
	return func(long time.Duration) { s.disturbed = max(s.disturbed, w.now+long) }
}

// hurrySentinel takes a turn by a glimpse, if that is enough.
func (w *World) hurrySentinel(s *sentinel) bool {
	if !w.receive(&s.watch, s.host) || w.recordOf(&s.watch).Epoch <= s.agreed {
		return false
	}
	v, _ := w.sentinelView(s)
	for i := range v.Pods {
		p := &v.Pods[i]
		p.Redis = model.Redis{}
		if p.UID == v.Record.PodUID {
			p.Redis = w.asks(s.watcher(), s.host, w.listeners[p.Address])
		}
	}
	w.askOwnSentinel(s, &v)
	d, memory, enough := decidesentinel.Hurry(v, s.memory)
	if !enough {
		return false
	}
	s.memory = memory
	w.carrySentinel(s, d, func(error) { w.planSentinel(s, max(d.Recheck, shortest)) }) // what came of it, the next turn sees
	return true
}

func (w *World) sentinelView(s *sentinel) (model.SentinelView, bool) {
	v := model.SentinelView{Now: w.clockOf(s.host), Want: w.wanted(s), CurrentEpoch: s.current}
	for _, t := range w.sentinels {
		if t != s {
			v.Peers = append(v.Peers, model.Peer{ID: sentinelID(t.ordinal), Address: sentinelAddress(t)})
		}
	}
	if !w.receive(&s.watch, s.host) {
		return v, false
	}
	v.PodsKnown = (s.watch.blind == never || w.now-s.watch.blind < s.watch.blindness) && !w.failing(&s.watch, podWatch)
	v.Record = w.recordOf(&s.watch)
	slow := false
	for _, o := range w.states[w.seenOf(&s.watch, podWatch)].pods {
		p := model.Pod{Name: name(o.ordinal), Ordinal: o.ordinal, UID: o.uid, Address: o.address, Injected: true, Ready: o.ready, Terminating: o.terminating}
		if t := w.serverOf(o.uid); t != nil && !w.reach(s.host, t.host) {
			slow = true
		}
		if w.chance(50) {
			p.Redis = w.asks(s.watcher(), s.host, w.listeners[o.address])
		}
		v.Pods = append(v.Pods, p)
	}
	return v, slow
}

func sentinelAddress(s *sentinel) model.Address {
	return model.Address{Host: fmt.Sprintf("10.9.0.%d", s.ordinal+1), Port: 26379}
}

func (w *World) lateAnswers(s *sentinel, v *model.SentinelView) {
	for i := range v.Pods {
		if v.Pods[i].Redis.Answer == model.Silent {
			v.Pods[i].Redis = w.asks(s.watcher(), s.host, w.listeners[v.Pods[i].Address])
		}
	}
	w.askOwnSentinel(s, v)
	w.foreignServers(s, v)
	if v.PodsKnown && len(v.Pods) == 0 && w.complete(&s.watch) {
		v.RecordGone = w.reachAPI(s.host) && len(w.api().pods) == 0
	}
}

func (w *World) askOwnSentinel(s *sentinel, v *model.SentinelView) {
	v.Own.Sentinel = w.askSentinel(s.host, s)
	if s.monitors {
		v.Own.Watching = s.want
		for _, in := range s.replicas {
			v.Own.Replicas = append(v.Own.Replicas, model.SeenReplica{
				Address: in.address, Down: w.now-in.pong > s.want.DownAfter, Priority: in.priority,
			})
		}
		v.Own.Peers = v.Peers
	}
}

// foreignServers asks at the addresses that are named and that no pod has.
func (w *World) foreignServers(s *sentinel, v *model.SentinelView) {
	named := []model.Address{v.Record.Address}
	if v.Own.Monitors && v.Own.Address != v.Record.Address {
		named = append(named, v.Own.Address)
	}
	for _, r := range v.Own.Replicas {
		named = append(named, r.Address)
	}
	for _, a := range named {
		ours := slices.ContainsFunc(v.Pods, func(p model.Pod) bool { return p.Address == a })
		// The API is asked whether that is so now, because a watch may lag.
		ours = ours || slices.ContainsFunc(w.api().pods, func(o podObject) bool { return o.address == a })
		r := w.asks(s.watcher(), s.host, w.listeners[a])
		history := r.Answer == model.Up && (slices.Contains(v.Record.Lineage, r.ReplID) || slices.Contains(v.Record.Lineage, r.ReplID2))
		if v.PodsKnown && !ours && w.reachAPI(s.host) && (r.Answer != model.Silent || r.Denied != "") && !history {
			v.ForeignServers = append(v.ForeignServers, a)
		}
	}
}

// doSentinel carries out a decision with the code that ships.
func (w *World) doSentinel(s *sentinel, d decidesentinel.Decision) error {
	writes := leases{w: w, host: s.host, who: &s.watch, sends: func() func(before, after model.Record) { return func(_, _ model.Record) {} }}
	actor := act.NewSentinel(ownSentinel{w, s}, nil) // there are no labels in this world
	err := actor.Do(w.ctx, "group", record.NewStore(writes, known{w, &s.watch}, func() time.Time { return begin.Add(w.now) }), d)
	if now := w.api().record; err == nil && d.Leads && w.reachAPI(s.host) && !w.storeRefuses() && now.Epoch == w.recordOf(&s.watch).Epoch {
		w.leadService(now.PodUID, now.Epoch)
	}
	return err
}

// reset is SENTINEL RESET.
func (w *World) reset(s *sentinel) {
	s.replicas, s.phase, s.odown, s.downSince, s.started = nil, noFailover, false, never, never
}

// wanted is how a Sentinel watches the group: each a little more patient than the one before.
func (w *World) wanted(s *sentinel) model.Watching {
	return model.Watching{
		Quorum: len(w.sentinels)/2 + 1, ParallelSyncs: 1, FailoverTimeout: failoverTimeout,
		DownAfter: downAfter + time.Duration(s.ordinal)*400*time.Millisecond,
	}
}

// names counts the Sentinels that name an address.
func (w *World) names(a model.Address) int {
	n := 0
	for _, s := range w.sentinels {
		if s.alive && s.monitors && s.address() == a {
			n++
		}
	}
	return n
}

// ordinals are those of the pods that the API shows.
func (w *World) ordinals() []int {
	var all []int
	for _, o := range w.api().pods {
		all = append(all, o.ordinal)
	}
	slices.Sort(all)
	return all
}
