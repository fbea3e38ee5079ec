// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"context"
	"errors"
	"strconv"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/report"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/status"
)

const (
	// sweepAfter is how long a connection to a server may be unused.
	sweepAfter = time.Minute
	// afterFailure is the least time from an act that failed to the next turn.
	afterFailure = 100 * time.Millisecond
)

// agent is one agent with everything that its turns need, and what it remembers between them.
type agent struct {
	env    environment.Environment
	client kubernetes.Interface
	crew   *loop.Crew
	woken  loop.Wakeup
	leave  *departure
	pages  *status.Pages
	report *report.Redis

	// These are set once the API has answered.
	observer *observe.Observer
	server   redisio.Server
	actor    *act.Redis

	memory decide.Memory
	swept  time.Time
	// optionsOf is the process whose options are set.
	optionsOf string
}

// turn is one round of the loop.
func (a *agent) turn(ctx context.Context) time.Duration {
	began := time.Now()
	view := a.observer.View(ctx)
	decision, memory := decide.Next(view, a.memory)
	a.memory = memory
	err := a.actor.Prepare(ctx, view)
	if err == nil {
		err = a.actor.Do(ctx, view, decision)
	}
	a.setOptions(ctx, view)
	a.report.Decided(view, decision, err)
	a.pages.Metrics().Turn(a.env.Settings.StatefulSet, decision.Action.String(), string(decision.Reason), time.Since(began), err)
	if view.Leaving && decision.Action != decide.Handover {
		a.leave.done()
	}
	if time.Since(a.swept) > sweepAfter {
		a.observer.Sweep(sweepAfter)
		a.swept = time.Now()
	}
	if err != nil && !errors.Is(err, record.ErrConflict) {
		return max(decision.Recheck, afterFailure)
	}
	return decision.Recheck
}

// setOptions sets, once for each process, what a configuration file cannot say for all versions of Redis.
func (a *agent) setOptions(ctx context.Context, v model.View) {
	if v.Self.Redis.Answer != model.Up || a.optionsOf == v.Self.Redis.RunID {
		return
	}
	err := a.server.SetWhereKnown(ctx, "shutdown-timeout", "5")
	if lag := a.env.Settings.Redis.MinReplicasMaxLag; err == nil && lag > 0 {
		err = a.server.SetWhereKnown(ctx, "min-replicas-max-lag", strconv.Itoa(lag))
	}
	if err == nil {
		a.optionsOf = v.Self.Redis.RunID
	}
}
