// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// Servers of which the older does not load what the newer has saved.
const (
	olderServer = "redis-7.0.15"
	newerServer = "redis-8.0.2"
)

// TestGoingBackToAnOlderServer: a rollout to an older version stops at its first pod, which says why, and the group goes on without it.
func TestGoingBackToAnOlderServer(t *testing.T) {
	oneVersion(t, newerServer, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		fill(s, set, 100)
		filled(s, set, 100)
		back := set.Replica()
		set.Server = find(s, olderServer)
		back.Delete()
		back = set.Start(back.Ordinal)
		awaitEvent(s, "OlderThanMaster")
		set.Writable(stalled)
		unmoved(s, set, master, 3*time.Second)
		if back.Ready() {
			t.Error("a pod that has nothing is ready, and the rollout goes on")
		}
		set.Server = s.Server
		back.Delete()
		set.Start(back.Ordinal)
		set.WaitFormed(stalled)
		filled(s, set, 100)
	})
}

// TestOlderServerLeadsWhileImagesChange: half of a rollout to a newer version is done, and the master has to go: the mastership goes to the
// pod of the old version, whose data every other pod can load.
func TestOlderServerLeadsWhileImagesChange(t *testing.T) {
	oneVersion(t, olderServer, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		fill(s, set, 100)
		filled(s, set, 100)
		set.Server = find(s, newerServer)
		newer := set.Replica()
		newer.Delete()
		newer = set.Start(newer.Ordinal)
		set.WaitFormed(stalled)
		filled(s, set, 100)
		master.Delete()
		set.Start(master.Ordinal)
		if now := set.WaitFormed(stalled); now == newer || now.Ordinal == newer.Ordinal {
			t.Errorf("%s of the newer version leads, while one of the older is there", now.Name)
		}
		filled(s, set, 100)
		until(s, stalled, "the last pod to be asked", func(ctx context.Context) string {
			for _, p := range set.Live() {
				if p.Info(ctx, "role") == "" {
					return fmt.Sprint(p.Name, " does not answer")
				}
			}
			return ""
		})
	})
}
