// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"strconv"
	"strings"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// waitGap is how long a wait may be interrupted; after a longer gap it counts as a new one.
const waitGap = 5 * time.Second

// whileMissing is what the clock of a wait does while a candidate has no pod.
type whileMissing int

const (
	// clockStops is for waits in which a missing pod is on its way.
	clockStops whileMissing = iota
	// clockRuns is for waits without a leader, in which some pod has to begin.
	clockRuns
)

// keepWaiting keeps the clock of the wait for candidates: it starts over at each sign of progress of any of them, and after a
// time in which nothing was waited for. It does not run while the recorded holder is loading, or any candidate while there is
// no holder: a large data set takes its time.
func (s *situation) keepWaiting(missing whileMissing) {
	var seen strings.Builder
	absent, loading := false, false
	for _, o := range s.candidates() {
		p, exists := s.podOf(o)
		if !exists {
			p, absent = &model.Pod{}, true
		}
		loading = loading || p.Redis.Answer == model.Loading && (p.Name == s.Record.Holder || !s.Record.HasHolder())
		seen.WriteString(strconv.Itoa(o) + p.UID + strconv.Itoa(int(p.Redis.Answer)) + ";")
	}
	m := &s.memory
	if s.Now.Sub(m.WaitedAt) > waitGap || m.Progress != seen.String() || absent && missing == clockStops || loading {
		m.WaitingSince, m.Progress = s.Now, seen.String()
	}
	m.WaitedAt = s.Now
}

// waited is how long the candidates have been waited for.
func (s *situation) waited() time.Duration { return s.Now.Sub(s.memory.WaitingSince) }

// budgetSpent reports whether the candidates have been waited for as long as the group can afford.
func (s *situation) budgetSpent() bool { return s.waited() > s.Config.RecoveryTimeout }

// mustWait reports whether a candidate has not answered, and still has time to do so.
func (s *situation) mustWait() bool { return !s.allHeard() && !s.budgetSpent() }
