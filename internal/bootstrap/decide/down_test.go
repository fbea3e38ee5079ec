// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestDownByAListOfThisMoment: a watch may show for long that a Redis is down which runs again; so a list is wanted, and nobody claims before it.
func TestDownByAListOfThisMoment(t *testing.T) {
	gone := edited(pod(0, silent), func(p *model.Pod) { p.Down, p.Redis.Refused = true, true })
	v := formed(0, pod(1, replica(0), linkDown), gone, pod(2, replica(0), linkDown))
	for _, c := range []struct {
		change func(*model.View)
		wants  bool
	}{
		{func(*model.View) {}, true},
		{func(v *model.View) { v.Peers[0].Redis.Refused = false }, false},
		{func(v *model.View) { v.Peers[0].Down = false }, false},
	} {
		seen := v
		seen.Peers = slices.Clone(v.Peers)
		c.change(&seen)
		seen.PodsListed = false
		if got := WantsPodList(seen); got != c.wants {
			t.Errorf("a list is wanted: %v, not %v", got, c.wants)
		}
		if d, _ := Next(seen, Memory{SyncedRun: "run-1"}); d.Action != Wait {
			t.Errorf("without a list: %s/%s", d.Action, d.Reason)
		}
	}
	if d, _ := Next(v, Memory{SyncedRun: "run-1"}); d.Action != Claim {
		t.Errorf("with a list: %s/%s", d.Action, d.Reason)
	}
}

// TestMasterThatIsDownAndReturns: a replica that lacks more than may be lost waits for a master whose append-only file is on a volume.
func TestMasterThatIsDownAndReturns(t *testing.T) {
	gone := edited(pod(0, silent), func(p *model.Pod) { p.Down, p.Redis.Refused = true, true })
	v := formed(0, pod(1, replica(0), linkDown), gone, pod(2, replica(0), linkDown))
	for _, returns := range []bool{true, false} {
		m := Memory{SyncedRun: "run-1", Lead: Lead{Returns: returns, Past: Position{ReplID: lineageID, Offset: 200}}}
		if d, _ := Next(v, m); (d.Action == Wait) != returns {
			t.Errorf("its data is back: %v: %s/%s", returns, d.Action, d.Reason)
		}
	}
}
