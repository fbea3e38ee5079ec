// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
)

// TestMasterPodDeleted ends the master's pod as a drain does, three times, while a client writes: the mastership is handed
// over before Redis gets its signal, and no acknowledged write is lost, whether a replica had confirmed it or not.
func TestMasterPodDeleted(t *testing.T) {
	const times = 3
	w := connect(t)
	group := apply(t, w, namespace(t, w, nil), plain("redis", labelled))
	for i := range times {
		before, _ := formed(t, w, group)
		master, _ := before.Master()
		writer := writing(t, w, group, world.Writes{})
		acknowledged(t, writer, 100)
		must(t, w.DeletePod(t.Context(), group.Namespace, master.Pod))
		after, _, err := w.WaitView(t.Context(), group, generous, master.Pod+" to be back", func(view world.View) string {
			if node, there := view.Node(master.Pod); !there || node.UID == master.UID {
				return "its successor is not there yet"
			}
			return view.Missing()
		})
		must(t, err)
		acknowledged(t, writer, 100)
		written := stopped(t, writer)
		now, _ := after.Master()
		t.Logf("deletion %d: %s was master, %s is (reason %s); %s", i+1, master.Pod, now.Pod, after.Record.Reason, written)
		if now.Pod == master.Pod {
			t.Errorf("%s was deleted as master and leads again: it was not handed over", now.Pod)
		}
		// An election counts by ones, a claim is a multiple of 1024: the successor accepted an offer and no election was
		// needed.
		if after.Record.Epoch%1024 != 0 {
			t.Errorf("%s was elected by Sentinels at epoch %d: it was not handed over\n%s", now.Pod, after.Record.Epoch, w.Describe(t.Context(), group.Namespace))
		}
		if len(written.Lost) > 0 {
			t.Errorf("%d acknowledged writes were lost, the first is number %d", len(written.Lost), written.Lost[0].Number)
		}
	}
}
