// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"context"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/sentinel"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
)

// look is how a group is observed: at a glimpse, or whole; rest adds what nobody has to be asked for.
type look struct {
	glimpse, view func(context.Context) model.SentinelView
	rest          func(*model.SentinelView)
}

// look observes a group whose record has an epoch, and decides. A new record is acted on by a glimpse, if that is enough. It reports
// false where the record changed meanwhile: what was asked is out of date, and clients may wait for what comes next.
func (m *manager) look(ctx context.Context, g *group, epoch uint64, how look) (model.SentinelView, sentinel.Decision, bool) {
	if epoch > g.agreed {
		v := how.glimpse(ctx)
		how.rest(&v)
		if d, memory, enough := sentinel.Hurry(v, g.memory); enough {
			g.memory = memory
			return v, d, true
		}
	}
	asking, stop := context.WithCancel(ctx)
	defer stop()
	m.interruptible(g, epoch, stop)
	v := how.view(asking)
	m.interruptible(g, 0, nil)
	if asking.Err() != nil && ctx.Err() == nil {
		return v, sentinel.Decision{}, false
	}
	how.rest(&v)
	d, memory := sentinel.Next(v, g.memory)
	g.memory = memory
	if v.Own.Answered {
		g.agreed = v.Own.ConfigEpoch
		m.mu.Lock()
		g.sight = sentinel.SightOf(v)
		m.mu.Unlock()
	}
	return v, d, true
}

// interruptible says how the questions about a group are ended that were made for a record of an epoch; nil where none is under way.
func (m *manager) interruptible(g *group, epoch uint64, stop context.CancelFunc) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g.asksFor, g.stop = epoch, stop
}

// interrupt ends questions about a group that were made for an older record.
func (m *manager) interrupt(key observe.GroupKey) {
	m.mu.Lock()
	g := m.groups[nameOf(key)]
	asking := g != nil && g.stop != nil
	m.mu.Unlock()
	if !asking {
		return
	}
	lease, _ := m.set.Lease(key)
	if lease == nil {
		return
	}
	now, _ := record.Decode(lease) // what is unreadable is left out
	m.mu.Lock()
	defer m.mu.Unlock()
	if g.stop != nil && now.Epoch > g.asksFor {
		g.stop()
	}
}
