// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestQuorumSeesAMasterDownInTime: fewer Sentinels than a quorum have less patience, the one that makes the quorum has what was asked for,
// and no two have the same.
func TestQuorumSeesAMasterDownInTime(t *testing.T) {
	for _, c := range []struct {
		downAfter, size, quorum int
		want                    []int64 // by ordinal
	}{
		{5000, 3, 2, []int64{4600, 5000, 5400}},
		{5000, 3, 1, []int64{5000, 5400, 5800}},
		{5000, 3, 3, []int64{4200, 4600, 5000}},
		{5000, 5, 3, []int64{4200, 4600, 5000, 5400, 5800}},
		{5000, 1, 1, []int64{5000}},
		{2000, 5, 4, []int64{1500, 1500, 1600, 2000, 2400}}, // pings are a second apart: less would be no patience at all
	} {
		s := contract.GroupSettings{DownAfterMs: int64(c.downAfter), Quorum: c.quorum, Sentinels: contract.SentinelSet{Replicas: c.size}}
		for ordinal, want := range c.want {
			env := testEnvironment(t)
			env.PodName = fmt.Sprintf("%s-%d", env.Settings.StatefulSet, ordinal)
			if got := staggered(env, s).DownAfter.Milliseconds(); got != want {
				t.Errorf("Sentinel %d of %d, quorum %d, down-after %d ms: it waits %d ms, want %d", ordinal, c.size, c.quorum, c.downAfter, got, want)
			}
		}
	}
}

// TestOneOfASetWritesFirst: what any agent of a set may write, the first ordinal writes at once, and each other only if nobody has
// written it meanwhile.
func TestOneOfASetWritesFirst(t *testing.T) {
	now := time.Now()
	for ordinal := range 3 {
		env := testEnvironment(t)
		env.PodName = fmt.Sprintf("%s-%d", env.Settings.StatefulSet, ordinal)
		m, g := &manager{env: env}, &group{}
		turn := time.Duration(ordinal) * inTurn
		if got := m.myTurn(g, true, now); got != turn {
			t.Errorf("%d: it waits %s, want %s", ordinal, got, turn)
		}
		if got := m.myTurn(g, true, now.Add(turn)); got != 0 {
			t.Errorf("%d: it waits %s more when it is its turn", ordinal, got)
		}
		if got := m.myTurn(g, false, now.Add(turn)); got != 0 {
			t.Errorf("%d: it waits %s for nothing", ordinal, got)
		}
		if got := m.myTurn(g, true, now.Add(time.Hour)); got != turn {
			t.Errorf("%d: for something new it waits %s, want %s", ordinal, got, turn)
		}
	}
}
