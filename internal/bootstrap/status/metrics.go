// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"sync"
	"time"
)

// Metrics are what the agent counts; render.go writes it down, with what it saw last. The client library of Prometheus would add a tenth to
// an image that every Redis pod pulls, and nothing here needs more than counters, gauges, and sums with their count.
type Metrics struct {
	mu        sync.Mutex
	decisions map[series]uint64
	// switches are the changes of master to this pod, and pauses those for which this pod held writes back.
	switches map[change]*sum
	pauses   map[change]*sum
	turns    uint64
	seconds  float64
	failures uint64
}

// series is one line of the decisions: the label of a group, and two words of closed lists.
type series struct{ group, action, reason string }

// mostSeries bounds what groups that come and go leave behind; what is beyond counts without a name.
const mostSeries = 4096

// change is one kind of change of master: the label of a group, and a word of a closed list.
type change struct{ group, cause string }

// Why writes were held back.
const (
	// PauseForHandover is a handover that this agent made.
	PauseForHandover = "handover"
	// PauseForFailover is a failover for which a Sentinel was elected, whatever came of it.
	PauseForFailover = "failover"
)

// sum is how often something took time, and how long in all.
type sum struct {
	n       uint64
	seconds float64
}

func newMetrics() *Metrics {
	return &Metrics{decisions: map[series]uint64{}, switches: map[change]*sum{}, pauses: map[change]*sum{}}
}

// Switched counts a change of master to this pod, and for how long there was no master that took writes; negative where that is not
// known.
func (m *Metrics) Switched(group, cause string, without time.Duration) {
	m.add(m.switches, change{group, cause}, max(0, without))
}

// Paused counts that this pod held writes back for a change of master, and for how long.
func (m *Metrics) Paused(group, cause string, long time.Duration) {
	m.add(m.pauses, change{group, cause}, long)
}

func (m *Metrics) add(sums map[change]*sum, c change, long time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if sums[c] == nil {
		sums[c] = &sum{}
	}
	sums[c].n++
	sums[c].seconds += long.Seconds()
}

// Turn counts one round: what was decided for which group, how long it took, and whether acting failed.
func (m *Metrics) Turn(group, action, reason string, took time.Duration, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := series{group, action, reason}
	if _, known := m.decisions[s]; !known && len(m.decisions) >= mostSeries {
		s.group = ""
	}
	m.decisions[s]++
	m.turns++
	m.seconds += took.Seconds()
	if err != nil {
		m.failures++
	}
}

// Forget drops the name of a group that is gone; what it counted stays, without a name.
func (m *Metrics) Forget(group string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for s, n := range m.decisions {
		if s.group == group && group != "" {
			m.decisions[series{"", s.action, s.reason}] += n
			delete(m.decisions, s)
		}
	}
}

// counted are the decisions as a reader may see them: with the names of groups, or in sum.
func (m *Metrics) counted(named bool) map[string]uint64 {
	lines := map[string]uint64{}
	for s, n := range m.decisions {
		labels := fmt.Sprintf("action=%q,reason=%q", s.action, s.reason)
		if named {
			labels = fmt.Sprintf("group=%q,", s.group) + labels
		}
		lines[labels] += n
	}
	return lines
}
