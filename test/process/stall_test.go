// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// TestLinkStallsAfterAPartition: a master whose replicas are cut off from it, and from nobody else, takes writes without them soon, because
// Sentinels see it. They make their links anew once it answers again: until then nothing would come over them for as long again
// as the network was broken.
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
		until(s, stalled, "the master to take writes without them", func(ctx context.Context) string {
			if _, err := master.Do(ctx, "set", "alone", "1"); err != nil {
				return err.Error()
			}
			return ""
		})
		if online := field(t.Context(), master, "connected_slaves"); online != len(replicas) {
			t.Errorf("%d replicas are online: it took their links for broken, which takes a minute", online)
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
