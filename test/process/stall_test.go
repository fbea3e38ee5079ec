// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// TestLinkStalls: nothing comes over the links of replicas any more, as after a network that was broken, and their master answers. They make
// them anew.
func TestLinkStalls(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		replicas := replicasOf(set, master)
		// The master may have one that its replica ended for a while.
		links := func(ctx context.Context) map[netip.Addr][]netip.AddrPort {
			said, err := master.Do(ctx, "client", "list", "type", "replica")
			if err != nil {
				return nil
			}
			at := map[netip.Addr][]netip.AddrPort{}
			for _, word := range strings.Fields(fmt.Sprint(said)) {
				if address, ok := strings.CutPrefix(word, "addr="); ok {
					if a, err := netip.ParseAddrPort(address); err == nil {
						at[a.Addr()] = append(at[a.Addr()], a)
					}
				}
			}
			return at
		}
		before := links(t.Context())
		for _, p := range replicas {
			for _, link := range before[p.Address] {
				must(t, p.Deafen(link.Port()))
			}
		}
		until(s, stalled, "both to make their links anew", func(ctx context.Context) string {
			now := links(ctx)
			for _, p := range replicas {
				if !slices.ContainsFunc(now[p.Address], func(link netip.AddrPort) bool { return !slices.Contains(before[p.Address], link) }) {
					return p.Name + " has not"
				}
			}
			return ""
		})
		if now := set.WaitFormed(stalled); now != master {
			t.Errorf("%s leads, %s did", now.Name, master.Name)
		}
	})
}

// TestReplicasOutOfSight: a master whose replicas are cut off from it, and from nobody else, takes writes without them, because Sentinels see
// it, long before it takes their links for broken.
func TestReplicasOutOfSight(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		replicas := replicasOf(set, master)
		for _, p := range replicas {
			must(t, master.CutFrom(p.Address))
			must(t, p.CutFrom(master.Address))
		}
		for _, p := range replicas {
			until(s, stalled, p.Name+" to hear nothing of its master", func(ctx context.Context) string {
				if idle, err := strconv.Atoi(p.Info(ctx, "master_last_io_seconds_ago")); err != nil || idle < 8 {
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
		if online := master.Info(t.Context(), "connected_slaves"); online != strconv.Itoa(len(replicas)) {
			t.Errorf("%s replicas are online: it took their links for broken, which takes a minute", online)
		}
		for _, p := range replicas {
			must(t, master.HealFrom(p.Address))
			must(t, p.HealFrom(master.Address))
		}
		if now := set.WaitFormed(stalled); now != master {
			t.Errorf("%s leads, %s did", now.Name, master.Name)
		}
	})
}

// replicasOf are the pods of a set but for its master.
func replicasOf(set *lab.Set, master *lab.Pod) []*lab.Pod {
	return slices.DeleteFunc(set.Live(), func(p *lab.Pod) bool { return p == master })
}
