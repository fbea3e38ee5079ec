// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"context"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/sentinel"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/status"
)

const (
	// pulseEvery is how often the pages are updated, and pulseAgain the same while the Sentinel does not answer.
	pulseEvery = time.Second
	pulseAgain = 100 * time.Millisecond
	// sweepEvery is how often unused connections are closed.
	sweepEvery = time.Minute
)

// pulse does what belongs to no group: the answer to the probes, groups without a record, unused connections.
func (m *manager) pulse(ctx context.Context) time.Duration {
	now := time.Now()
	if now.Sub(m.orphansAt) >= orphansEvery {
		if orphans, known := m.orphans(ctx); known {
			m.orphansAt = now
			for _, key := range orphans {
				m.add(key)
				m.wake(key)
			}
		}
	}
	if now.Sub(m.swept) >= sweepEvery {
		m.set.Sweep(sweepEvery)
		m.swept = now
	}
	m.lookAtEpoch()
	m.toldToken.Seen(m.env.Log, m.token.Refused())
	answers := redisio.Answers(ctx, m.own)
	m.pages.Set(m.statusNow(answers, now))
	if m.rescue != nil {
		m.rescue.saw(ctx, now, answers)
	}
	if answers {
		return pulseEvery
	}
	return pulseAgain
}

// statusNow is what the pages say of all groups, and whether clients should ask this Sentinel: one whose agent the API does not let in
// answers them as well as any.
func (m *manager) statusNow(answers bool, now time.Time) status.Status {
	s := status.Status{Pod: m.env.PodName, At: now, Ready: true, Sentinel: &status.Sentinel{TokenRefused: m.token.Refused()}}
	var sights []sentinel.Sight
	m.mu.Lock()
	for _, g := range m.groups {
		if g.status.Group != "" { // it has been reconciled once
			s.Groups = append(s.Groups, g.status)
		}
		sights = append(sights, g.sight)
	}
	m.mu.Unlock()
	var cutOff bool
	cutOff, m.cutOffSince = sentinel.CutOff(sights, m.cutOffSince, now)
	reason := model.Agreed
	switch {
	case !answers:
		reason, s.Ready = model.SentinelSilent, false
	case cutOff:
		reason, s.Ready = model.CutOff, false
	case s.Sentinel.TokenRefused:
		reason = model.TokenRefused
	}
	s.Reason, s.Sentence = string(reason), reason.Sentence()
	return s
}
