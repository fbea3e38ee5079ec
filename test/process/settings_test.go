// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// TestSettingsAreTakenLive: the settings of a group change in its record. Every Sentinel watches by them, and the master counts its replicas
// by the new down-after, without any process being started again, and back.
func TestSettingsAreTakenLive(t *testing.T) {
	oneVersion(t, "redis-7.0.15", func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		run := master.Info(t.Context(), "run_id")
		settle := func(quorum int, downAfter, timeout time.Duration, syncs int) {
			t.Helper()
			set.Resettle(func(g *contract.GroupSettings) {
				g.Quorum, g.DownAfterMs, g.FailoverTimeoutMs, g.ParallelSyncs = quorum, downAfter.Milliseconds(), timeout.Milliseconds(), syncs
			})
			for i, p := range s.Sentinels.Live() {
				want := map[string]string{
					"quorum": fmt.Sprint(quorum), "failover-timeout": fmt.Sprint(timeout.Milliseconds()), "parallel-syncs": fmt.Sprint(syncs),
					// The Sentinels of a set are parted in time, around the one that makes the quorum.
					"down-after-milliseconds": fmt.Sprint(downAfter.Milliseconds() + int64(i-(quorum-1))*400),
				}
				until(s, stalled, fmt.Sprintf("%s to watch by %v", p.Name, want), func(ctx context.Context) string { return watchedBy(ctx, p, set, want) })
			}
			lag := fmt.Sprint(contract.LongestLag(downAfter))
			until(s, stalled, "the master to have a min-replicas-max-lag of "+lag, func(ctx context.Context) string {
				if has, err := master.Redis().ConfigGet(ctx, "min-replicas-max-lag").Result(); err != nil || has["min-replicas-max-lag"] != lag {
					return fmt.Sprintf("it has %v (%v)", has, err)
				}
				return ""
			})
		}
		settle(3, 7*time.Second, 33*time.Second, 2)
		settle(2, lab.DownAfter, 10*time.Second, 1)
		if now := set.WaitFormed(stalled); now != master || now.Info(t.Context(), "run_id") != run {
			t.Errorf("%s leads, or was started again; it was %s", now.Name, master.Name)
		}
	})
}

// watchedBy says what of the settings a Sentinel has otherwise; empty where it has them.
func watchedBy(ctx context.Context, p *lab.Pod, set *lab.Set, want map[string]string) string {
	reply := redis.NewMapStringStringCmd(ctx, "sentinel", "master", set.MasterName())
	if err := p.Redis().Process(ctx, reply); err != nil {
		return err.Error()
	}
	for name, value := range want {
		if got := reply.Val()[name]; got != value {
			return fmt.Sprintf("%s is %q, want %s", name, got, value)
		}
	}
	return ""
}
