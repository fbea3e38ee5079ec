// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// withoutMaster takes the master's pod away while a client writes, waits until the group is whole again under another master, and
// returns what became of the writes.
func withoutMaster(t *testing.T, w *world.World, group world.Group, away func(ctx context.Context, namespace, pod string) error) world.Written {
	t.Helper()
	before, _ := formed(t, w, group)
	master := mustNode(t, before)
	writer := writing(t, w, group, world.Writes{Confirm: true})
	acknowledged(t, writer, 100)
	must(t, away(t.Context(), group.Namespace, master.Pod))
	after, took, err := w.WaitView(t.Context(), group, generous, master.Pod+" to be back", func(view world.View) string {
		if node, there := view.Node(master.Pod); !there || node.UID == master.UID {
			return "its successor is not there yet"
		}
		return view.Missing()
	})
	must(t, err)
	acknowledged(t, writer, 100)
	written := stopped(t, writer)
	now := mustNode(t, after)
	t.Logf("%s was master, %s is (reason %s); the group is whole after %.1f s", master.Pod, now.Pod, after.Record.Reason, took.Seconds())
	if now.Pod == master.Pod {
		t.Errorf("%s went as master and leads again", now.Pod)
	}
	return written
}
