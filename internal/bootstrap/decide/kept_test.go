// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestWhoFellBehindIsKept: while my Redis leads, and the record cannot be told or has not been yet.
func TestWhoFellBehindIsKept(t *testing.T) {
	behind := func(n int) map[int]string { return map[int]string{n: pod(n).VolumeClaim} }
	for name, c := range map[string]struct {
		view model.View
		want Kept
	}{
		"all are in sync":                     {formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0))), Kept{Epoch: holderAt}},
		"one has lost its link":               {formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0), linkDown)), Kept{Epoch: holderAt, Behind: behind(2)}},
		"one is silent, which says nothing":   {formed(0, pod(0, master), pod(1, replica(0)), pod(2, silent)), Kept{Epoch: holderAt}},
		"one is gone":                         {formed(0, pod(0, master), pod(1, replica(0))), Kept{Epoch: holderAt, Behind: behind(2)}},
		"the record says so already":          {with(formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0), linkDown)), recordBehind(2)), Kept{Epoch: holderAt}},
		"another pod's data stands there now": {formed(0, pod(0, master), pod(1, replica(0)), edited(pod(2, replica(0)), func(p *model.Pod) { p.VolumeClaim = "new" })), Kept{Epoch: holderAt}},
	} {
		t.Run(name, func(t *testing.T) {
			c.view.API = false
			if _, m := Next(c.view, Memory{Kept: Kept{Epoch: holderAt, Behind: behind(1)}}); !m.Kept.Equal(c.want) {
				t.Errorf("kept %+v, want %+v", m.Kept, c.want)
			}
		})
	}
}

// recordBehind makes the record say that a member is not in sync.
func recordBehind(n int) func(*model.View) {
	return func(v *model.View) {
		members := map[int]model.Member{}
		for ordinal, m := range v.Record.Members {
			members[ordinal] = model.Member{VolumeClaim: m.VolumeClaim, InSync: m.InSync && ordinal != n}
		}
		v.Record.Members = members
	}
}

// TestKeptIsBelieved where it is of this mastership and of this data: who was behind is offered nothing.
func TestKeptIsBelieved(t *testing.T) {
	v := formed(0, inPlace(0), pod(1, replica(0), linkDown), pod(2, replica(0), linkDown))
	claim := pod(1).VolumeClaim
	for name, c := range map[string]struct {
		kept Kept
		want string
	}{
		"nothing is kept":        {Kept{}, "uid-1"},
		"the first was behind":   {Kept{Epoch: holderAt, Behind: map[int]string{1: claim}}, "uid-2"},
		"in a mastership before": {Kept{Epoch: holderAt - 1024, Behind: map[int]string{1: claim}}, "uid-1"},
		"that was other data":    {Kept{Epoch: holderAt, Behind: map[int]string{1: "older"}}, "uid-1"},
		"that was no member's":   {Kept{Epoch: holderAt, Behind: map[int]string{7: "older"}}, "uid-1"},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(v.Record.Members)
			d, _ := Next(v, Memory{Kept: c.kept})
			if d.Action != OfferTransfer || offerOf(d).PodUID != c.want {
				t.Fatalf("%s/%s to %s, want %s", d.Action, d.Reason, offerOf(d).PodUID, c.want)
			}
			if len(v.Record.Members) != before || len(d.Record.Members) != before || !v.Record.Members[1].InSync {
				t.Errorf("members %+v, and of the caller %+v", d.Record.Members, v.Record.Members)
			}
		})
	}
}
