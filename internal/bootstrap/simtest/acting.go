// SPDX-License-Identifier: Apache-2.0

package simtest

import (
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
	writes := leases{w: w, host: p.host, who: &p.watch, accepted: func(before, after model.Record) { w.noteWrite(p, before, after) }}
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

// noteWrite judges what an agent wrote, at the moment when the API accepted it.
func (w *World) noteWrite(p *pod, before, after model.Record) {
	if after.PodUID == p.uid && after.Epoch > before.Epoch && p.deciding.Action == decide.Claim {
		w.checkClaim(p, p.acting, p.deciding)
	}
}

var (
	errGone  = errors.New("the server is not running")
	errHangs = errors.New("the server does not answer")
)

// ownRedis is the Redis of a pod as its own agent commands it.
type ownRedis struct {
	w *World
	p *pod
}

func (o ownRedis) Ask(context.Context) model.Redis { return o.w.info(o.p.host, o.p.server) }

// do carries out what the server is told. One that hangs is told nothing: it is asked first whether it answers.
func (o ownRedis) do(command func(s *server)) error {
	switch s := o.p.server; {
	case !s.alive:
		return errGone
	case o.w.now < s.hung, o.w.now < s.busy:
		return errHangs
	default:
		command(s)
		return nil
	}
}

func (o ownRedis) ReplicateFrom(_ context.Context, master model.Address) error {
	return o.do(func(s *server) {
		o.w.checkFollow(o.p, master, o.p.deciding.Reason)
		o.w.point(s, master, true)
	})
}

func (o ownRedis) BecomeMaster(_ context.Context, run string) error {
	s := o.p.server
	if s.run != run {
		return model.ErrAnotherProcess
	}
	promote := func() {
		o.w.checkPromotion(o.p, o.p.acting)
		s.tuning.MinReplicas = model.NoWrites
		o.w.promote(s, true)
	}
	if s.alive && o.w.chance(50) && o.w.whenItGoesOn(s, promote) { // it hung after it had said which process it is
		return errHangs
	}
	err := o.do(func(*server) { promote() })
	if err != nil {
		return err
	}
	return o.do(func(s *server) {
		s.tuning.MinReplicas, s.paused = 0, 0
		o.w.letGo(s)
	})
}

func (o ownRedis) DisconnectClients(context.Context) error {
	return o.do(func(s *server) {
		o.w.checkDisconnect(o.p)
		s.dropClients()
		o.w.leave(s)
	})
}

func (o ownRedis) PauseWrites(_ context.Context, most time.Duration) error {
	return o.do(func(s *server) { o.w.pause(s, most) })
}

func (o ownRedis) ResumeWrites(context.Context) error {
	return o.do(func(s *server) {
		o.w.checkResume(o.p)
		s.paused = 0
		o.w.letGo(s)
	})
}

func (o ownRedis) NeedNoReplicas(context.Context) error {
	return o.do(func(s *server) { s.tuning.MinReplicas = 0 })
}

func (o ownRedis) Reconnect(context.Context) error {
	return o.do(func(s *server) {
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
	return o.do(func(s *server) {
		if want.MinReplicas == model.AsItIs {
			want.MinReplicas = s.tuning.MinReplicas
		}
		s.tuning = want
	})
}

// Users are no part of this world, but that a foreign server knows none of the group (connect).

func (o ownRedis) SecureUsers(context.Context, string, model.Access, bool, model.Users) (model.Users, error) {
	return model.Users{}, o.do(func(*server) {})
}

func (o ownRedis) AuthenticateAs(context.Context, model.Credential) error {
	return o.do(func(*server) {})
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
	return o.w.info(o.p.host, o.w.listeners[a])
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
	if err := w.accept(p, word); err != nil || !w.chance(10) {
		return err
	}
	return errNoAnswer
}

func (w *World) tellLater(p *pod, after time.Duration, word string) {
	generation := p.generation
	w.on(p.host, after, func() {
		switch {
		case p.generation != generation:
		case p.carrying:
			w.tellLater(p, time.Millisecond, word)
		default:
			_ = w.accept(p, word)
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

func (o ownSentinel) do(command func()) error {
	if !o.s.alive {
		return fmt.Errorf("commanding Sentinel %d: %w", o.s.ordinal, errGone)
	}
	command()
	return nil
}

func (o ownSentinel) Inject(_ context.Context, _ model.Peer, m model.Announcement) error {
	return o.do(func() {
		o.w.checkEpoch(m.Epoch, m.Master)
		o.w.hearHello(o.s, m.Master, m.Epoch, m.Epoch)
	})
}

func (o ownSentinel) Recreate(_ context.Context, m model.Announcement, watching model.Watching, _ []model.Peer) error {
	return o.do(func() {
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
	return o.do(func() { o.s.want = watching })
}

func (o ownSentinel) Remove(context.Context, string) error {
	return o.do(func() { o.s.monitors = false })
}
