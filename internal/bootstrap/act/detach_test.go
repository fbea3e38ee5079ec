// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// obedient is a server that does what it is told, and says what a test wants.
type obedient struct {
	Server
	says    model.Redis
	fails   map[string]error
	journal []string
}

func (o *obedient) note(what string) error {
	o.journal = append(o.journal, what)
	return o.fails[what]
}

func (o *obedient) Ask(context.Context) model.Redis { return o.says }

func (o *obedient) ReplicateFrom(context.Context, model.Address) error { return o.note("follow") }
func (o *obedient) DisconnectClients(context.Context) error            { return o.note("disconnect") }
func (o *obedient) ResumeWrites(context.Context) error                 { return o.note("resume") }
func (o *obedient) EndScript(context.Context) error                    { return o.note("end script") }
func (o *obedient) Tune(context.Context, model.Tuning) error           { return o.note("tune") }

func (o *obedient) AuthenticateAs(context.Context, model.Credential) error { return nil }

// TestDetachingLeavesWhatASentinelHasSet: between the view and the command it may have pointed my Redis elsewhere, or promoted it.
func TestDetachingLeavesWhatASentinelHasSet(t *testing.T) {
	gone, other := model.Address{Host: "10.0.0.9", Port: 6379}, model.Address{Host: "10.0.0.8", Port: 6379}
	detach := decide.Decision{Action: decide.Fence, Commands: []decide.Command{{Do: decide.ReplicateFrom, Master: model.FenceAddress, OnlyFrom: gone}}}
	for name, c := range map[string]struct {
		says model.Redis
		want bool
	}{
		"it follows the gone one still": {model.Redis{Answer: model.Up, Role: model.Replica, Following: gone}, true},
		"it follows another":            {model.Redis{Answer: model.Up, Role: model.Replica, Following: other}, false},
		"it was promoted":               {model.Redis{Answer: model.Up, Role: model.Master, Following: gone}, false},
		"it does not answer":            {model.Redis{Following: gone}, false},
	} {
		own := &obedient{says: c.says}
		a := NewRedis(own, nil, nil, "user", time.Now)
		v := model.View{Self: model.Pod{UID: "uid", Redis: model.Redis{Answer: model.Up, Role: model.Replica, Following: gone}}, UIDByName: "uid"}
		if err := a.Do(t.Context(), v, detach); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(own.journal, "follow") != c.want {
			t.Errorf("%s: %v", name, own.journal)
		}
	}
}

// TestCommandsEndWithTheFirstThatFails, because each rests on the one before; but clients that cannot be sent away keep nothing else
// from being done.
func TestCommandsEndWithTheFirstThatFails(t *testing.T) {
	d := decide.Decision{Commands: []decide.Command{
		{Do: decide.EndScript}, {Do: decide.ReplicateFrom, Master: model.FenceAddress}, {Do: decide.DisconnectClients}, {Do: decide.ResumeWrites},
	}}
	failure := errors.New("no answer")
	all := []string{"end script", "follow", "disconnect", "resume"}
	for fails, done := range map[string][]string{"end script": all[:1], "follow": all[:2], "disconnect": all, "resume": all} {
		own := &obedient{fails: map[string]error{fails: failure}}
		a := NewRedis(own, nil, nil, "user", time.Now)
		err := a.Do(t.Context(), model.View{Self: model.Pod{Redis: model.Redis{Answer: model.Up}}}, d)
		if !errors.Is(err, failure) || !slices.Equal(own.journal, done) {
			t.Errorf("%s fails: %v, %v, want %v and no tuning", fails, own.journal, err, done)
		}
	}
}

// TestWhoIsTuned: a server that answers, once it is known what it shall be. A master is, also while the record is not: it may have to
// refuse writes.
func TestWhoIsTuned(t *testing.T) {
	for _, c := range []struct {
		says model.Redis
		why  model.Reason
		want bool
	}{
		{model.Redis{Answer: model.Up, Role: model.Replica}, model.Synced, true},
		{model.Redis{Answer: model.Up, Role: model.Master}, model.Incumbent, true},
		{model.Redis{Answer: model.Up, Role: model.Master}, model.RecordUnknown, true},
		{model.Redis{Answer: model.Up, Role: model.Replica}, model.RecordUnknown, false},
		{model.Redis{Answer: model.Loading, Role: model.Replica}, model.LoadingData, false},
		{model.Redis{}, model.NotRunning, false},
	} {
		own := &obedient{says: c.says}
		a := NewRedis(own, nil, nil, "user", time.Now)
		if err := a.Do(t.Context(), model.View{Self: model.Pod{Redis: c.says}}, decide.Decision{Reason: c.why}); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(own.journal, "tune") != c.want {
			t.Errorf("%+v, %s: %v", c.says, c.why, own.journal)
		}
	}
}

// unwritable is a record whose API answers nothing until it is not waited for any more.
type unwritable struct {
	Record
	server *obedient
	asked  time.Duration
}

func (u *unwritable) Swap(ctx context.Context, _ model.Record, _ model.Reason) error {
	_ = u.server.note("write")
	began := time.Now()
	<-ctx.Done()
	u.asked = time.Since(began)
	return ctx.Err()
}

// TestMasterIsTunedWhateverTheAPIDoes: it may have to refuse writes, or to let them go on without a replica, and it does not wait with that
// for a record that cannot be written; nor does its next turn wait for long.
func TestMasterIsTunedWhateverTheAPIDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := &obedient{}
		record := &unwritable{server: own}
		v := model.View{Self: model.Pod{Redis: model.Redis{Answer: model.Up, Role: model.Master}}}
		d := decide.Decision{Action: decide.Retain, Record: &model.Record{}, Commands: []decide.Command{{Do: decide.ResumeWrites}}}
		if err := NewRedis(own, record, nil, "user", time.Now).Do(t.Context(), v, d); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if want := []string{"resume", "tune", "write"}; !slices.Equal(own.journal, want) || record.asked > time.Second {
			t.Errorf("%v, and waited %s for the API; want %v", own.journal, record.asked, want)
		}
		own.journal = nil
		d.Action = decide.Claim
		if err := NewRedis(own, &unwritable{server: own}, nil, "user", time.Now).Do(contextOf(t, time.Minute), v, d); err == nil || !slices.Equal(own.journal, []string{"write"}) {
			t.Errorf("a claim that is not written: %v, %v", own.journal, err)
		}
	})
}

func contextOf(t *testing.T, long time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	t.Cleanup(cancel)
	return ctx
}
