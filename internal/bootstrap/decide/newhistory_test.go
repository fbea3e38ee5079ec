// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"maps"
	"slices"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestNewHistoryForgetsTheOldOne: where a group begins anew, what comes back of its former data must not pass for its own, and be
// overwritten. Any other claim goes on with the history that there is.
func TestNewHistoryForgetsTheOldOne(t *testing.T) {
	withoutData := pod(0, recreated, data(otherID, 0, 0))
	foreigner := func(n int) model.Pod {
		return edited(pod(n, data(otherID, 5, 3)), func(p *model.Pod) { p.VolumeClaim = "from elsewhere" })
	}
	for name, c := range map[string]struct {
		view    model.View
		reason  model.Reason
		lineage []string
		members []int
	}{
		"all data is gone":                    {formed(0, but(inPlace(0), data(otherID, 0, 0)), pod(1), pod(2)), model.DataGone, []string{otherID}, []int{0, 1, 2}},
		"it is gone for the next holder, too": {formed(0, withoutData, pod(1), pod(2)), model.DataGone, []string{otherID}, []int{0, 1, 2}},
		"a person chose data of elsewhere": {
			with(formed(0, foreigner(0), foreigner(1), foreigner(2)), func(v *model.View) { v.Config.InitialMaster = "redis-0" }),
			model.Chosen,
			[]string{otherID},
			[]int{0},
		},
		"the holder is back with its data": {
			with(formed(0, but(inPlace(0), data(otherID, 0, 10))), func(v *model.View) { v.Replicas = 1 }),
			model.RestartedInPlace,
			[]string{otherID, lineageID},
			[]int{0, 1, 2, 7},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.view.Record.Members = maps.Clone(c.view.Record.Members)
			c.view.Record.Members[7] = model.Member{VolumeClaim: "of a pod that may be created again"}
			d, _ := Next(c.view, Memory{})
			if d.Action != Claim || d.Reason != c.reason {
				t.Fatalf("%s/%s, want a claim for %s", d.Action, d.Reason, c.reason)
			}
			if members := slices.Sorted(maps.Keys(d.Record.Members)); !slices.Equal(d.Record.Lineage, c.lineage) || !slices.Equal(members, c.members) {
				t.Errorf("lineage %v of members %v, want %v of %v", d.Record.Lineage, members, c.lineage, c.members)
			}
		})
	}
}

// TestDetachingTakesNothingFromASentinel: between the view and the command a Sentinel may have pointed my Redis at a new master.
func TestDetachingTakesNothingFromASentinel(t *testing.T) {
	v := formed(0, pod(1, replica(0), linkDown), pod(2, replica(0)))
	v.PodsListed = true
	d, _ := Next(v, Memory{SyncedRun: "run-1"})
	if want := []Command{{Do: ReplicateFrom, Master: model.FenceAddress, OnlyFrom: at(0)}}; d.Reason != model.MasterAddressGone || !slices.Equal(d.Commands, want) {
		t.Errorf("%s/%s by %v, want %v", d.Action, d.Reason, d.Commands, want)
	}
}
