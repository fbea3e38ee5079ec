// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/sentinel"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
)

// reconcileGroup observes one group, decides and acts.
func (m *manager) reconcileGroup(ctx context.Context, g *group) (recheck time.Duration, done bool) {
	began := time.Now()
	lease, settings := m.set.Lease(g.key)
	if lease != nil && serves(m.env, g.key.Namespace, settings) { // also where it came into care without a record
		m.set.WatchPods(g.key.Namespace)
	}
	if err := m.rename(ctx, g, lease); err != nil {
		return afterFailure, false
	}
	var recorded model.Record
	if lease != nil {
		recorded, _ = record.Decode(lease) // what is unreadable is left out
	}
	want := staggered(m.env, settings)
	var presents string
	presents, want.As = m.presenting(g, recorded, settings)
	complete := func(v *model.SentinelView) {
		v.Own.Watching.As = g.told
		v.CurrentEpoch = currentEpoch(m.env)
		v.NameTaken = lease != nil && m.set.NameTaken(g.key, lease, m.serves)
		v.Elsewhere = lease != nil && settings.Sentinels.Name != "" && !serves(m.env, g.key.Namespace, settings)
	}
	view, decision, ok := m.look(ctx, g, recorded.Epoch, look{
		glimpse: func(ctx context.Context) model.SentinelView { return m.set.Glimpse(ctx, g.key, lease, want, want.As) },
		view:    func(ctx context.Context) model.SentinelView { return m.set.View(ctx, g.key, lease, want, want.As) },
		rest:    complete,
	})
	if !ok {
		return loop.Shortest, false
	}
	store := record.NewStore(m.client.CoordinationV1().Leases(g.key.Namespace), m.set.Copy(g.key, lease), time.Now)
	failed := m.actor.Do(ctx, g.key.MasterName, store, decision)
	later, err := m.writeInTurn(ctx, g, lease, settings.MasterService, view.Record, decision, failed)
	if failed == nil {
		g.noteTold(decision, want.As, presents)
		err = errors.Join(err, m.say(ctx, g, lease, recorded, settings.Sentinels.Replicas))
	}
	m.pages.Metrics().Turn(g.key.Label(), decision.Action.String(), string(decision.Reason), time.Since(began), err)
	said := g.report.Decided(m.env.Log, g.key.MasterName, g.key.Label(), view, decision, errors.Join(err, objection(lease)))
	m.mu.Lock()
	g.status = said
	m.mu.Unlock()
	if err != nil {
		return afterError(decision.Recheck, err), false
	}
	if later > 0 {
		return min(decision.Recheck, later), false
	}
	return decision.Recheck, decision.Reason == model.GroupAbsent && lease == nil
}

// afterError is when a group is looked at again whose decision could not be carried out. Decisions that are acted on want a look at once: where
// the API refuses records for an hour, each Sentinel would write each group's a hundred times a second. A record that has changed meanwhile
// is looked at as the decision says.
func afterError(recheck time.Duration, err error) time.Duration {
	if !errors.Is(err, record.ErrConflict) {
		recheck = max(recheck, soonestAfterFailure)
	}
	return min(recheck, afterFailure)
}

// noteTold remembers what the Sentinel presents, which it never says itself.
func (g *group) noteTold(d sentinel.Decision, as model.Credential, id string) {
	if d.Command == nil {
		return
	}
	switch d.Command.Do {
	case sentinel.Recreate, sentinel.Configure:
		g.told, g.presents = as, id
	case sentinel.Remove:
		g.told, g.presents = model.Credential{}, ""
	case sentinel.Wait, sentinel.Inject, sentinel.Adopt, sentinel.Reissue: // these change nothing of it
	}
}

// serves reports whether this set watches the group of a record.
func (m *manager) serves(lease *coordinationv1.Lease) bool {
	settings, ok := record.Settings(lease)
	return ok && serves(m.env, lease.Namespace, settings)
}

// rename follows a record that asks for another name than before: the Sentinel forgets the old one first, or nobody would ever
// take it away.
func (m *manager) rename(ctx context.Context, g *group, lease *coordinationv1.Lease) error {
	if lease == nil {
		return nil
	}
	key, ok := m.set.KeyOf(lease)
	if !ok || key == g.key {
		return nil
	}
	if !m.set.NameUsed(g.key) {
		if err := m.actor.Forget(ctx, g.key.MasterName); err != nil {
			return err
		}
	}
	m.mu.Lock()
	g.key = key // read under the lock by whoever wakes groups by name
	m.mu.Unlock()
	g.memory = sentinel.Memory{}
	return nil
}

// objection is what is wrong with a record; nil where there is none.
func objection(lease *coordinationv1.Lease) error {
	if lease == nil {
		return nil
	}
	return record.Objection(lease)
}

// label corrects the role labels, after a live read of the record.
func (m *manager) label(ctx context.Context, key observe.GroupKey, lease *coordinationv1.Lease, epoch uint64, labels map[string]string) error {
	if lease == nil || len(labels) == 0 {
		return nil
	}
	var errs []error
	confirmed := false
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		pod := m.set.Pod(key, name)
		if pod == nil || act.Labelled(pod, labels[name]) {
			continue
		}
		if !confirmed && !m.set.StillEpoch(ctx, key, epoch) {
			return nil
		}
		confirmed = true
		errs = append(errs, m.actor.Label(ctx, pod, labels[name], epoch))
	}
	return errors.Join(errs...)
}
