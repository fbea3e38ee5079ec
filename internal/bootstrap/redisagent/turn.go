// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/report"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/status"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

const (
	// sweepAfter is how long a connection to a server may be unused.
	sweepAfter = time.Minute
	// afterFailure is the least time from an act that failed to the next turn.
	afterFailure = 100 * time.Millisecond
)

// observer is what a turn begins with.
type observer interface {
	// View asks everybody at once.
	View(ctx context.Context) model.View
	// Objection is what is wrong with the record; nil is nothing.
	Objection() error
	// Sweep closes connections to servers that were not used for some time.
	Sweep(unused time.Duration)
}

// agent is one agent with everything that its turns need, and what it remembers between them.
type agent struct {
	env    environment.Environment
	client kubernetes.Interface
	token  *environment.Token
	crew   *loop.Crew
	woken  loop.Wakeup
	leave  *departure
	pages  *status.Pages
	report *report.Redis

	// conf writes the files that Redis starts from, and clients knows the clients' password; nil where no Secret has it.
	conf    *configuration
	clients *clientPassword
	kept    *keeper

	// These are set once the API has answered.
	observer  observer
	server    server
	actor     *act.Redis
	elections *elections
	writes    *writes

	// offers are what the accepting of an offer needs. It happens beside the turns: acting is held by whoever decides and acts, and
	// accepted counts how often an offer was, because a turn may not act on what it saw before that.
	offers   *offers
	acting   sync.Mutex
	accepted int

	memory decide.Memory
	swept  time.Time
	// optionsOf is the process whose options are set.
	optionsOf string
}

// turn is one round of the loop.
func (a *agent) turn(ctx context.Context) time.Duration {
	began := time.Now()
	changed, unread := a.conf.follow()
	if changed {
		a.report.Unsuitable(a.conf.user.objections)
	}
	accepted := a.acceptedSoFar()
	view := a.observer.View(ctx)
	a.acting.Lock()
	defer a.acting.Unlock()
	if a.accepted != accepted {
		return 0
	}
	a.leave.sees(view.Self.Redis.RunID)
	a.offers.prepare(decide.Prepared(view, a.memory), view)
	decision, memory := decide.Next(view, a.memory)
	a.memory = memory
	a.elections.decided(decision)
	unkept := a.kept.keep(memory.Kept) // before anything is done that the next agent would have to know of
	aside, err := a.secure(ctx, view)
	if err == nil {
		err = a.actor.Do(ctx, view, decision)
	}
	a.memory = a.memory.After(decision, err)
	a.tellPauses(decision, err)
	if err == nil && decision.Record == nil {
		err = a.actor.Say(ctx, view)
	}
	a.setOptions(ctx, view)
	a.writes.look(ctx, &view)
	a.report.Decided(view, decision, errors.Join(err, aside, unkept, unread))
	a.report.Unfit(a.observer.Objection())
	a.pages.Metrics().Turn(a.env.GroupLabel(), decision.Action.String(), string(decision.Reason), time.Since(began), err)
	if view.Leaving && !decision.MayGiveAway() {
		a.leave.done()
	}
	a.endUnheard(ctx, &view, decision)
	if time.Since(a.swept) > sweepAfter {
		a.observer.Sweep(sweepAfter)
		a.swept = time.Now()
	}
	if err != nil && !errors.Is(err, record.ErrConflict) {
		return max(decision.Recheck, afterFailure)
	}
	return decision.Recheck
}

// endUnheard ends a server that a shell stands before, which does not pass the kubelet's SIGTERM on, as that would have: it saves what it is
// told to save. Nothing is left to give away by then.
func (a *agent) endUnheard(ctx context.Context, v *model.View, d decide.Decision) {
	if v.Self.Redis.Answer != model.Up || d.MayGiveAway() || !a.leave.unheard(time.Now()) {
		return
	}
	a.env.Log.Info("the server did not get the kubelet's SIGTERM, most likely because a shell stands before it: it is asked to end")
	if err := a.server.Shutdown(ctx); err != nil {
		a.env.Log.Info("asking the server to end failed", "error", err.Error())
	}
}

// tellPauses reports for how long clients waited for a change of master that a turn was about, or that was over in it.
func (a *agent) tellPauses(d decide.Decision, err error) {
	if d.Action == decide.Handover {
		a.report.HandedOver(a.actor.Handed(), err)
	}
	if long, over := a.elections.holding.turn(d, err == nil, time.Now()); over {
		a.report.Yielded(long)
	}
}

// acceptedSoFar is how many offers have been accepted, once what is being done for one is done.
func (a *agent) acceptedSoFar() int {
	a.acting.Lock()
	defer a.acting.Unlock()
	return a.accepted
}

// secure brings users and passwords to what they shall be: in the files that Redis starts from first, then in Redis. What failed aside
// keeps the agent from nothing: a disk that is full must not cost a group its master.
func (a *agent) secure(ctx context.Context, v model.View) (aside, err error) {
	aside = a.conf.write(v.Access)
	if v.Self.Redis.Answer == model.Up {
		aside = errors.Join(aside, a.followACLFile(ctx))
	}
	if err = a.actor.Prepare(ctx, v); errors.Is(err, model.ErrPartly) {
		aside, err = errors.Join(aside, err), nil
	}
	var keptOut []string
	if v.Access.PasswordRequired {
		keptOut = redisconf.KeptOut(a.actor.Users())
	}
	a.report.Openness(v, keptOut, a.conf.clients.missing())
	a.report.Overlap(v)
	return aside, err
}

// followACLFile tells Redis what it does not have of the user's own file with users. What Redis did not hear is told again; what it
// refuses is not.
func (a *agent) followACLFile(ctx context.Context) error {
	users := a.conf.users
	if users == nil || a.actor.Users() == "" { // which users the server has is known from the end of the first turn on
		return nil
	}
	c, objections, changed := users.changed(names(a.actor.Users()))
	a.report.Unsuitable(objections)
	if !changed {
		return nil
	}
	a.env.Log.Info("the file with users changed, or was not told yet", "file", users.path, "told", len(c.set), "deleted", len(c.deleted))
	if err := a.conf.rewrite(); err != nil {
		return err
	}
	refused, err := a.server.ChangeUsers(ctx, a.conf.withSecrets(c.set), c.deleted)
	if err != nil {
		return err
	}
	if users.tell(c, slices.Sorted(maps.Keys(refused))) {
		a.report.RefusedUsers(users.path, errors.Join(slices.Collect(maps.Values(refused))...))
		return a.conf.rewrite()
	}
	return nil
}

// names are the users of a list, as ACL LIST writes it.
func names(list string) []string {
	var all []string
	for line := range strings.Lines(list) {
		all = append(all, redisconf.UserName(line))
	}
	return all
}

// setOptions sets, once for each process, what a configuration file cannot say for all versions of Redis.
func (a *agent) setOptions(ctx context.Context, v model.View) {
	if v.Self.Redis.Answer != model.Up || a.optionsOf == v.Self.Redis.RunID {
		return
	}
	err := a.server.SetWhereKnown(ctx, "shutdown-timeout", "5")
	if err == nil {
		a.optionsOf = v.Self.Redis.RunID
	}
}
