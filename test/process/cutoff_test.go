// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// TestSentinelThatIsCutOff: a Sentinel that reaches no other Sentinel is ready as long as it reaches the master. One that does not reach
// that either says so by its readiness, so that clients ask another; the others serve all the time, and it comes back by itself.
func TestSentinelThatIsCutOff(t *testing.T) {
	oneVersion(t, "redis-7.0.15", func(t *testing.T, s *lab.Scene) {
		set, _ := group(s, lab.Options{})
		sentinels := s.Sentinels.Live()
		others, cut := sentinels[:2], sentinels[2]
		for _, p := range others {
			must(t, cut.CutFrom(p.Address))
		}
		if err := world.Holds(t.Context(), 3*lab.DownAfter, "all Sentinels to be ready while they reach the master", func(context.Context) string {
			return notReady(sentinels)
		}); err != nil {
			t.Fatal(err)
		}
		for _, p := range set.Live() {
			must(t, cut.CutFrom(p.Address))
		}
		until(s, stalled, cut.Name+" to say that it is cut off", func(ctx context.Context) string {
			if reason := cut.Reason(ctx); cut.Ready() || reason != string(model.CutOff) {
				return "it says " + reason
			}
			return notReady(others)
		})
		for _, p := range append(others, set.Live()...) {
			must(t, cut.HealFrom(p.Address))
		}
		until(s, stalled, cut.Name+" to be ready again", func(context.Context) string { return notReady(sentinels) })
		set.WaitFormed(stalled)
	})
}

// TestLastSentinelOfASet: two of three Sentinels are gone, and the master with them. The last one may send
// clients away, who would get a dead address from it; it is ready and names a replica that leads, which the agents choose without Sentinels.
func TestLastSentinelOfASet(t *testing.T) {
	oneVersion(t, "redis-7.0.15", func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		fill(s, set, 100)
		last := s.Sentinels.Live()[0]
		for _, p := range s.Sentinels.Live()[1:] {
			must(t, p.Cut())
		}
		must(t, master.Cut())
		began := time.Now()
		until(s, stalled, "a replica to lead, and the last Sentinel to be ready and to name it", func(ctx context.Context) string {
			named := last.Named(ctx, set)
			if !last.Ready() || named == "" || named == master.Address.String() {
				return "it names " + named
			}
			return ""
		})
		s.T.Logf("after %.1f s", time.Since(began).Seconds())
		filled(s, set, 100)
	})
}

// notReady names the first of the pods that is not ready; empty where all are.
func notReady(pods []*lab.Pod) string {
	for _, p := range pods {
		if !p.Ready() {
			return p.Name + " is not ready"
		}
	}
	return ""
}
