// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
)

// newActor is the shipped actor of a pod's agent, in this world.
func (w *World) newActor(p *pod) *act.Redis {
	writes := leases{w: w, host: p.host, who: &p.watch, sends: func() func(before, after model.Record) {
		seen, decided := p.acting, p.deciding
		return func(before, after model.Record) { w.noteWrite(p, seen, decided, before, after) }
	}}
	var kept act.Record = record.NewStore(writes, known{w, &p.watch}, func() time.Time { return begin.Add(w.now) })
	if w.Deciders.Record != nil {
		kept = w.Deciders.Record(kept, known{w, &p.watch})
	}
	a := act.NewRedis(ownRedis{w, p}, kept, others{w, p}, "the group's", func() time.Time { return begin.Add(w.now) })
	if w.Deciders.Handover != nil {
		a.SetHandover(w.Deciders.Handover)
	}
	a.SetWords(func() string {
		w.words++
		return fmt.Sprintf("word-%d", w.words)
	})
	return a
}

// noteWrite judges what an agent wrote by what it saw and decided, at the moment when the API accepted it.
func (w *World) noteWrite(p *pod, seen model.View, decided decide.Decision, before, after model.Record) {
	if after.PodUID == p.uid && after.Epoch > before.Epoch && decided.Action == decide.Claim {
		w.checkClaim(p, seen, decided)
	}
}

var (
	errGone  = errors.New("the server is not running")
	errHangs = errors.New("the server does not answer")
	errFull  = errors.New("the server takes no more connections")
)

// ownRedis is the Redis of a pod as its own agent commands it.
type ownRedis struct {
	w *World
	p *pod
}

func (o ownRedis) Ask(context.Context) model.Redis {
	return o.w.asks(o.p.caller(), o.p.host, o.p.server)
}

// do has the server told something, which may go wrong. One that hangs is told nothing: it is asked first whether it answers. What it
// does not do before its process ends it never does.
func (o ownRedis) do(what deed, command func(s *server)) error {
	s, w := o.p.server, o.w
	run := s.run
	tell := func() error {
		switch {
		case !s.alive || s.run != run:
			return errGone
		case w.now < s.hung, w.now < s.busy:
			return errHangs
		case w.refuses(o.p.caller(), o.p.host, s):
			return errFull
		default:
			command(s)
			return nil
		}
	}
	return w.undertake(doing{what: what, most: answeredWithin, do: tell, struck: o.p.watch.disturb, later: func(long time.Duration) {
		if s.alive {
			w.hang(s, max(s.hung-w.now, answeredWithin+long))
			s.inbox = append(s.inbox, func() { command(s) })
		}
	}})
}

// takes reports whether the server would carry out now what it is told.
func (o ownRedis) takes() bool {
	return o.p.server.alive && o.w.now >= o.p.server.hung && o.w.now >= o.p.server.busy
}

func (o ownRedis) ReplicateFrom(_ context.Context, master model.Address) error {
	if o.takes() {
		o.w.checkFollow(o.p, master, o.p.deciding.Reason)
	}
	return o.do(deedFollow, func(s *server) { o.w.point(s, master, true) })
}

func (o ownRedis) BecomeMaster(_ context.Context, run string) error {
	s, seen := o.p.server, o.p.acting
	if s.run != run {
		return model.ErrAnotherProcess
	}
	promote := func() {
		o.w.checkPromotion(o.p, seen)
		s.tuning.MinReplicas = model.NoWrites
		o.w.promote(s, true)
	}
	if s.alive && o.w.chance(50) && o.w.whenItGoesOn(s, promote) { // it hung after it had said which process it is
		return errHangs
	}
	began := o.w.now
	if err := o.do(deedPromote, func(*server) { promote() }); err != nil || o.w.now-began >= answeredWithin { // it is all one order
		return cmp.Or(err, errHangs)
	}
	return o.do(deedAdmit, func(s *server) {
		if s.run == run { // the connection ended with the process
			s.tuning.MinReplicas, s.paused = 0, 0
			o.w.letGo(s)
		}
	})
}

func (o ownRedis) DisconnectClients(context.Context) error {
	return o.do(deedDisconnect, func(s *server) {
		o.w.checkDisconnect(o.p)
		s.dropClients()
		o.w.leave(s)
		s.full = nil // there is room again
	})
}

func (o ownRedis) PauseWrites(_ context.Context, most time.Duration) error {
	return o.do(deedPause, func(s *server) { o.w.pause(s, most) })
}

func (o ownRedis) ResumeWrites(context.Context) error {
	return o.do(deedResume, func(s *server) {
		o.w.checkResume(o.p)
		s.paused = 0
		o.w.letGo(s)
	})
}

func (o ownRedis) NeedNoReplicas(context.Context) error {
	return o.do(deedNeedNone, func(s *server) { s.tuning.MinReplicas = 0 })
}

func (o ownRedis) Reconnect(context.Context) error {
	return o.do(deedReconnect, func(s *server) {
		if m := s.link; m != nil {
			s.link, s.dial = nil, s.dial+1
			o.w.countGood(m)
			o.w.connect(s)
		}
	})
}

func (o ownRedis) EndScript(context.Context) error {
	if s := o.p.server; s.alive && o.w.now < s.busy {
		o.w.killRedis(o.p, 500*time.Millisecond)
	}
	return nil
}

func (o ownRedis) Tune(_ context.Context, want model.Tuning) error {
	return o.do(deedTune, func(s *server) {
		if want.MinReplicas == model.AsItIs {
			want.MinReplicas = s.tuning.MinReplicas
		}
		s.tuning = want
	})
}

// Users are no part of this world, but that a foreign server knows none of the group (connect).

func (o ownRedis) SecureUsers(context.Context, string, model.Access, bool, model.Users) (model.Users, error) {
	return model.Users{}, o.do(deedSecure, func(*server) {})
}

func (o ownRedis) AuthenticateAs(context.Context, model.Credential) error {
	return o.do(deedAuthenticate, func(*server) {})
}

func (o ownRedis) PlainCredential(context.Context) (model.Credential, error) {
	return model.Credential{}, nil
}

// others is everything else, as the agent of a pod reaches it.
type others struct {
	w *World
	p *pod
}

func (o others) Ask(_ context.Context, _ *model.View, a model.Address) model.Redis {
	return o.w.asks(o.p.caller(), o.p.host, o.w.listeners[a])
}

func (o others) Announced(_ context.Context, master model.Address) bool {
	names, differ := 0, 0
	for _, s := range o.w.sentinels {
		switch a := o.w.askSentinel(o.p.host, s); {
		case a.Monitors && a.Address == master:
			names++
		case a.Monitors:
			differ++
		}
	}
	return differ == 0 && names > len(o.w.sentinels)/2
}

// agentAt finds the pod whose agent can be reached at an address.
func (o others) agentAt(where model.Address) *pod {
	i := slices.IndexFunc(o.w.pods, func(p *pod) bool { return !p.gone && p.server.address == where })
	if i < 0 || !o.w.pods[i].agent || !o.w.reach(o.p.host, o.w.pods[i].host) {
		return nil
	}
	return o.w.pods[i]
}

func (o others) Prepared(_ context.Context, where model.Address, seal string) bool {
	p := o.agentAt(where)
	if p == nil {
		return false
	}
	if offer := p.prepared.Record.Offer; offer != nil && offer.Seal == seal {
		return true
	}
	o.w.readLive(p)
	return false
}

// errNoAnswer is what a caller hears where an answer was lost, or the question.
var errNoAnswer = errors.New("no answer came")

// Tell may be heard late, or not at all, and so may its answer.
func (o others) Tell(_ context.Context, where model.Address, word string, _ time.Duration) error {
	w, p := o.w, o.agentAt(where)
	w.given[model.SealOf(word)] = true
	switch {
	case p == nil:
		return errNoAnswer
	case w.chance(10):
		w.tellLater(p, w.between(0, 3*time.Second), word)
		return errNoAnswer
	case p.carrying: // the turn that acts is waited for, and the answer is seen by its effect
		w.tellLater(p, time.Millisecond, word)
		return errNoAnswer
	}
	err, answered := errNoAnswer, false
	w.carry(p.host, w.lifeOf(p), func() { err = w.accept(p, word) }, func() { answered = true })
	for waited := time.Duration(0); !answered; waited += time.Millisecond {
		if waited >= toldWithin || !w.pass(time.Millisecond) {
			return errNoAnswer
		}
	}
	if err != nil || !w.chance(10) {
		return err
	}
	return errNoAnswer
}

// toldWithin is how long the claim and the promotion of another agent are waited for.
const toldWithin = time.Second

func (w *World) tellLater(p *pod, after time.Duration, word string) {
	generation := p.generation
	w.on(p.host, after, func() {
		switch {
		case p.generation != generation:
		case p.carrying:
			w.tellLater(p, time.Millisecond, word)
		default:
			w.carry(p.host, w.lifeOf(p), func() { _ = w.accept(p, word) }, func() {})
		}
	})
}

func (o others) Elected() bool { return o.w.now-o.p.electedAt < decide.YieldMost }

func (o others) Notify(_ context.Context, where model.Address) {
	if p := o.agentAt(where); p != nil {
		o.w.wakePod(p)
	}
}

// ownSentinel is a Sentinel as its own agent commands it.
type ownSentinel struct {
	w *World
	s *sentinel
}

func (o ownSentinel) do(what deed, command func()) error {
	return o.w.undertake(doing{what: what, most: answeredWithin, struck: o.s.watch.disturb, do: func() error {
		if !o.s.alive {
			return fmt.Errorf("commanding Sentinel %d: %w", o.s.ordinal, errGone)
		}
		command()
		return nil
	}})
}

func (o ownSentinel) Inject(_ context.Context, _ model.Peer, m model.Announcement) error {
	return o.do(deedInject, func() {
		o.w.checkEpoch(m.Epoch, m.Master)
		o.w.hearHello(o.s, m.Master, m.Epoch, m.Epoch)
	})
}

func (o ownSentinel) Recreate(_ context.Context, m model.Announcement, watching model.Watching, _ []model.Peer) error {
	return o.do(deedRecreate, func() {
		w, s := o.w, o.s
		w.checkEpoch(m.Epoch, m.Master)
		if w.Deciders.UseReset { // everything is forgotten, and nothing is told again
			w.reset(s)
			return
		}
		w.monitor(s, m.Master, m.Epoch)
		s.current, s.want = max(s.current, m.Epoch), watching
	})
}

func (o ownSentinel) Configure(_ context.Context, _ string, watching model.Watching) error {
	return o.do(deedConfigure, func() { o.s.want = watching })
}

func (o ownSentinel) Remove(context.Context, string) error {
	return o.do(deedRemove, func() { o.s.monitors = false })
}
