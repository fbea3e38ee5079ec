// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"context"
	"errors"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/sentinel"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// inTurn is how much later than the ordinal before it a Sentinel's agent writes what any of them may: where the master's Service leads,
// and role labels. Each looks first whether there is anything left to write. Were they to write at once, two of three writes would be
// refused, in the moment in which clients connect anew.
const inTurn = 250 * time.Millisecond

// writeInTurn writes what any agent of the set may write, when it is my turn, and nothing where the decision could not be carried out. It returns
// for how long it is left to others.
func (m *manager) writeInTurn(ctx context.Context, g *group, lease *coordinationv1.Lease, service string, r model.Record, d sentinel.Decision, failed error) (time.Duration, error) {
	later := m.myTurn(g, m.pending(g, service, r, d), time.Now())
	if later > 0 || failed != nil {
		return later, failed
	}
	unled := m.lead(ctx, g, service, r, d.Leads) // labels do not wait for a Service that cannot be written
	return 0, errors.Join(m.label(ctx, g.key, lease, r.Epoch, d.Labels), unled)
}

// pending reports whether something of a decision is to be written that every agent of the set may write.
func (m *manager) pending(g *group, service string, r model.Record, d sentinel.Decision) bool {
	if d.Leads && service != "" && g.led != (led{service, r.PodUID, r.Epoch}) {
		return true
	}
	for name, role := range d.Labels {
		if pod := m.set.Pod(g.key, name); pod != nil && !act.Labelled(pod, role) {
			return true
		}
	}
	return false
}

// myTurn returns for how long my agent leaves what is pending to others; 0 where it is its turn.
func (m *manager) myTurn(g *group, pending bool, now time.Time) time.Duration {
	if !pending {
		g.pendingSince = time.Time{}
		return 0
	}
	if g.pendingSince.IsZero() {
		g.pendingSince = now
	}
	return max(0, time.Duration(myOrdinal(m.env))*inTurn-now.Sub(g.pendingSince))
}
