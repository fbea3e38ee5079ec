// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/report"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/status"
)

// stage is an agent that has started, with what it sees, its Redis and its record. The journal is what was done, in order.
type stage struct {
	*agent
	view model.View
	// meanwhile happens while everybody is asked.
	meanwhile func()
	newest    model.Record
	self      model.Redis
	refuses   error
	journal   []string
}

func newStage(t *testing.T, v model.View) *stage {
	t.Helper()
	env := testEnvironment(t)
	conf, err := newConfiguration(env, "secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := newKeeper(env.ConfigDir)
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{view: v, newest: v.Record, self: v.Self.Redis}
	pages := status.New(status.Status{}, status.Hooks{})
	s.agent = &agent{
		env: env, conf: conf, kept: kept, pages: pages, leave: newDeparture(func() {}), woken: loop.NewWakeup(), offers: newOffers(),
		report: report.NewRedis(env, nil, pages, func(func(context.Context)) {}), observer: observerOf{s},
		elections: newElections(nil, nil, nil), optionsOf: v.Self.Redis.RunID, swept: time.Now(),
		actor: act.NewRedis(serverOf{stage: s}, recordOf{stage: s}, othersOf{stage: s}, "", time.Now),
	}
	return s
}

func (s *stage) note(what string) { s.journal = append(s.journal, what) }

// did reports whether something was done.
func (s *stage) did(what string) bool { return slices.Contains(s.journal, what) }

// observerOf, serverOf, recordOf and othersOf are what the agent of a stage sees, its Redis, its record and the rest of its group. What
// a test does not expect to be called is missing.
type (
	observerOf struct{ *stage }
	serverOf   struct {
		act.Server
		*stage
	}
	recordOf struct {
		act.Record
		*stage
	}
	othersOf struct {
		act.Others
		*stage
	}
)

func (o observerOf) View(context.Context) model.View {
	v := o.view
	if o.meanwhile != nil {
		o.meanwhile()
	}
	return v
}

func (observerOf) Objection() error { return nil }

func (o observerOf) Sweep(time.Duration) { o.note("sweep") }

func (s serverOf) Ask(context.Context) model.Redis { return s.self }

func (s serverOf) BecomeMaster(_ context.Context, run string) error {
	s.note("promote " + run)
	return nil
}

func (s serverOf) ReplicateFrom(_ context.Context, master model.Address) error {
	s.note("follow " + master.String())
	return nil
}

func (s serverOf) ResumeWrites(context.Context) error { return nil }

func (s serverOf) Tune(context.Context, model.Tuning) error {
	s.note("tune")
	return nil
}

func (s serverOf) SecureUsers(context.Context, string, model.Access, bool, model.Users) (model.Users, error) {
	s.note("secure")
	return model.Users{List: "users", Judged: true}, nil
}

func (s serverOf) AuthenticateAs(context.Context, model.Credential) error { return nil }

func (r recordOf) Newest() model.Record { return r.newest }

func (r recordOf) Swap(_ context.Context, next model.Record, _ model.Reason) error {
	r.note("write for " + next.Holder)
	if r.refuses == nil {
		next.Known = true
		r.newest = next
	}
	return r.refuses
}

func (r recordOf) Say(context.Context, string, string, model.KeyUse, func(string) bool) error {
	r.note("say")
	return nil
}

func (o othersOf) Notify(context.Context, model.Address) {}

func (o othersOf) Elected() bool { return false }

func (o othersOf) MasterService(context.Context) model.Address { return model.Address{} }

func (o othersOf) Prepared(context.Context, model.Address, string) bool {
	o.note("ask the successor")
	return false
}
