// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/handover"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Server is the Redis that an agent runs beside. A command that returns an error may have been carried out or not.
type Server interface {
	// Ask returns what the server says of itself; silence is an answer.
	Ask(ctx context.Context) model.Redis
	ReplicateFrom(ctx context.Context, master model.Address) error
	// BecomeMaster promotes the process run, and no other that has taken its place.
	BecomeMaster(ctx context.Context, run string) error
	DisconnectClients(ctx context.Context) error
	PauseWrites(ctx context.Context, most time.Duration) error
	ResumeWrites(ctx context.Context) error
	// NeedNoReplicas lets it take writes without replicas.
	NeedNoReplicas(ctx context.Context) error
	// EndScript ends the script that keeps the server from answering, or the server.
	EndScript(ctx context.Context) error
	// Reconnect ends its link to its master, which it makes anew at once.
	Reconnect(ctx context.Context) error
	Tune(ctx context.Context, want model.Tuning) error
	// SecureUsers gives the server the users by which others of its group and its Sentinels reach it, and keeps others from
	// publishing what Sentinels believe. It returns the users that the server has then; where it has those that are known, and all
	// were judged, nothing is done.
	SecureUsers(ctx context.Context, group string, access model.Access, selectors bool, known model.Users) (model.Users, error)
	// AuthenticateAs sets what it presents to its master; an empty one means nothing.
	AuthenticateAs(ctx context.Context, as model.Credential) error
	// PlainCredential is what servers of the same template, that have no agent, want of a replica.
	PlainCredential(ctx context.Context) (model.Credential, error)
}

// Record is the record of the agent's group.
type Record interface {
	// Newest is the newest version that is known.
	Newest() model.Record
	// Swap writes next if the record still has the version in it, and returns record.ErrConflict if it does not.
	Swap(ctx context.Context, next model.Record, why model.Reason) error
	// Still returns nil where a live read shows that the record has this epoch.
	Still(ctx context.Context, epoch uint64) error
	// Say writes which keys somebody uses into the record of a version, and keeps of what others said what is kept.
	Say(ctx context.Context, version, who string, use model.KeyUse, kept func(who string) bool) error
}

// Others are the servers and agents that an agent asks and wakes, but never commands.
type Others interface {
	// Ask returns what another Redis of the group that a view shows says of itself.
	Ask(ctx context.Context, v *model.View, address model.Address) model.Redis
	// Announced reports whether all Sentinels that answer, and a majority, name an address.
	Announced(ctx context.Context, master model.Address) bool
	// MasterService is the Service by which clients find the master, with no host where none is known.
	MasterService(ctx context.Context) model.Address
	// Through returns the run id of the process that answers through a Service, which leads to a pod of the group that a view shows or
	// will; empty where nobody answers soon.
	Through(ctx context.Context, v *model.View, service, pod model.Address) string
	// Prepared reports whether the agent at a pod's address would accept the offer with a seal. It may wait a moment for that.
	Prepared(ctx context.Context, pod model.Address, seal string) bool
	// Tell gives that agent the word for the offer, and says for how long writes have been held back. Nil means that its Redis leads, ErrNotAccepted that it will not by this word, and any
	// other error that it may.
	Tell(ctx context.Context, pod model.Address, word string, held time.Duration) error
	// Elected reports whether a Sentinel has said lately that it was elected to replace my Redis.
	Elected() bool
	// Notify asks the agent at a pod's address to observe at once. A lost notice costs a tick.
	Notify(ctx context.Context, pod model.Address)
}

// Redis acts for the agent of a Redis pod: on its own Redis and on the record of its group, and on nothing else.
type Redis struct {
	own    Server
	record Record
	others Others
	// user is the replication user that my Redis presents to its master.
	user string
	// now is a clock that never jumps.
	now func() time.Time
	// next is the step machine of a handover.
	next func(handover.State, handover.View) (handover.Step, handover.State)
	// word makes the word of an offer.
	word func() string

	handed    Handed
	secured   secured
	presented presented
}

// NewRedis makes an actor. User is the replication user of its group.
func NewRedis(own Server, record Record, others Others, user string, now func() time.Time) *Redis {
	return &Redis{own: own, record: record, others: others, user: user, now: now, next: handover.State.Next, word: rand.Text}
}

// SetHandover replaces the step machine by a wrong one: the simulation shows that it would be noticed.
func (a *Redis) SetHandover(next func(handover.State, handover.View) (handover.Step, handover.State)) {
	a.next = next
}

// SetWords replaces what makes the words of offers, so that a simulation is the same each time.
func (a *Redis) SetWords(word func() string) { a.word = word }

// keptTrueWithin bounds a write by which a master keeps the record true. Whether it may take writes is asked again afterwards.
const keptTrueWithin = time.Second

// Do carries out the decision. The next observation shows what came of it.
func (a *Redis) Do(ctx context.Context, v model.View, d decide.Decision) error {
	if d.Action == decide.Handover { // afterwards the role is another one: the next turn tunes for it
		return a.handOver(ctx, v, d)
	}
	if d.Action == decide.Retain { // whether a master takes writes does not wait for the API
		err := a.sendAndTune(ctx, v, d)
		writing, cancel := context.WithTimeout(ctx, keptTrueWithin)
		defer cancel()
		return errors.Join(err, a.writeAndNotify(writing, d.Record, d.Successor.Address, d.Reason))
	}
	if err := a.writeAndNotify(ctx, d.Record, d.Successor.Address, d.Reason); err != nil {
		return err
	}
	return a.sendAndTune(ctx, v, d)
}

func (a *Redis) sendAndTune(ctx context.Context, v model.View, d decide.Decision) error {
	if err := a.send(ctx, v, d.Commands); err != nil {
		return err
	}
	if v.Self.Redis.Answer != model.Up || d.Reason == model.RecordUnknown && v.Self.Redis.Role != model.Master {
		return nil
	}
	return a.own.Tune(ctx, d.Tuning)
}

// writeAndNotify writes the record, and wakes the agent that it concerns: its watch would do so too, a little later.
func (a *Redis) writeAndNotify(ctx context.Context, next *model.Record, pod model.Address, why model.Reason) error {
	if next == nil {
		return nil
	}
	if err := a.record.Swap(ctx, *next, why); err != nil {
		return err
	}
	if pod != (model.Address{}) {
		a.others.Notify(ctx, pod)
	}
	return nil
}

// send sends commands in their order until one fails. A failure to disconnect clients is not a reason to stop.
func (a *Redis) send(ctx context.Context, v model.View, commands []decide.Command) error {
	var failed error
	for _, c := range commands {
		err := a.sendOne(ctx, v, c)
		if failed = errors.Join(failed, err); err != nil && c.Do != decide.DisconnectClients {
			break
		}
	}
	return failed
}

func (a *Redis) sendOne(ctx context.Context, v model.View, c decide.Command) error {
	switch c.Do {
	case decide.ReplicateFrom:
		if c.OnlyFrom != (model.Address{}) && !a.stillFollows(ctx, c.OnlyFrom) {
			return nil
		}
		if err := a.authenticate(ctx, v, c.Master); err != nil {
			return err
		}
		return a.own.ReplicateFrom(ctx, c.Master)
	case decide.BecomeMaster:
		return a.own.BecomeMaster(ctx, c.Run)
	case decide.DisconnectClients:
		return a.own.DisconnectClients(ctx)
	case decide.PauseWrites:
		return a.own.PauseWrites(ctx, c.For)
	case decide.ResumeWrites:
		return a.own.ResumeWrites(ctx)
	case decide.NeedNoReplicas:
		return a.own.NeedNoReplicas(ctx)
	case decide.EndScript:
		return a.own.EndScript(ctx)
	case decide.Reconnect:
		return a.own.Reconnect(ctx)
	}
	return nil
}

// stillFollows asks my Redis once more which address it follows.
func (a *Redis) stillFollows(ctx context.Context, master model.Address) bool {
	r := a.own.Ask(ctx)
	return r.Answer == model.Up && r.Role == model.Replica && r.Following == master
}
