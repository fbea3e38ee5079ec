// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// TestLinkStallsAfterAPartition: replicas that were cut off from their master, and from nobody else, make their links anew once it answers
// again. Until then nothing would come over them for as long again as the network was broken.
func TestLinkStallsAfterAPartition(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		field := func(ctx context.Context, p *lab.Pod, name string) int {
			n, err := strconv.Atoi(p.Info(ctx, name))
			if err != nil {
				return -1
			}
			return n
		}
		var replicas []*lab.Pod
		for _, p := range set.Live() {
			if p != master {
				replicas = append(replicas, p)
				must(t, master.CutFrom(p.Address))
				must(t, p.CutFrom(master.Address))
			}
		}
		for _, p := range replicas {
			until(s, stalled, p.Name+" to hear nothing of its master", func(ctx context.Context) string {
				if idle := field(ctx, p, "master_last_io_seconds_ago"); idle < 8 {
					return fmt.Sprint(idle, " s")
				}
				return ""
			})
		}
		before := field(t.Context(), master, "sync_partial_ok")
		for _, p := range replicas {
			must(t, master.HealFrom(p.Address))
			must(t, p.HealFrom(master.Address))
		}
		until(s, stalled, "both to make their links anew", func(ctx context.Context) string {
			if made := field(ctx, master, "sync_partial_ok") - before; made < len(replicas) {
				return fmt.Sprint(made, " have")
			}
			return ""
		})
		if now := set.WaitFormed(stalled); now != master {
			t.Errorf("%s leads, %s did", now.Name, master.Name)
		}
	})
}
