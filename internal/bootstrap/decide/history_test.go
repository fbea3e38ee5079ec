// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

const oldestID = "4444444444444444444444444444444444444444"

// TestHistoriesAreOrderedInPart: what cannot be compared is neither behind nor ahead, and the order is the same from both sides.
func TestHistoriesAreOrderedInPart(t *testing.T) {
	at := func(id, before string, offset int64) model.Redis {
		return model.Redis{Answer: model.Up, ReplID: id, ReplID2: before, Offset: offset}
	}
	none := "0000000000000000000000000000000000000000"
	s := situation{View: model.View{Record: model.Record{Lineage: []string{lineageID, otherID, oldestID}}}}
	for name, c := range map[string]struct {
		a, b model.Redis
		want relation
	}{
		"one history, one place":               {at(lineageID, none, 5), at(lineageID, none, 5), equal},
		"one history, less of it":              {at(lineageID, none, 4), at(lineageID, none, 5), behind},
		"it grew out of the other":             {at(thirdID, lineageID, 60), at(lineageID, none, 90), ahead},
		"a newer id of the lineage":            {at(lineageID, none, 1), at(otherID, none, 90), ahead},
		"it grew out of an older one":          {at(thirdID, oldestID, 90), at(otherID, none, 1), behind},
		"both grew out of one":                 {at(thirdID, lineageID, 90), at("5555555555555555555555555555555555555555", lineageID, 60), unknown},
		"a restart lost the id":                {at(thirdID, none, 0), at(lineageID, none, 90), unknown},
		"no former id is not a common history": {at(thirdID, none, 0), at("5555555555555555555555555555555555555555", none, 0), unknown},
	} {
		if got := s.relate(&c.a, &c.b); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
		opposite := map[relation]relation{behind: ahead, ahead: behind, equal: equal, unknown: unknown}[c.want]
		if got := s.relate(&c.b, &c.a); got != opposite {
			t.Errorf("%s, from the other side: %d, want %d", name, got, opposite)
		}
	}
}

// TestHistoryThatWentOnLeads: the record is lost. One pod is back with the old master's snapshot, whose last writes nobody else had;
// another has the history that went on without it, and is at a smaller offset.
func TestHistoryThatWentOnLeads(t *testing.T) {
	old, next := pod(0, data(lineageID, 9000, 10)), pod(1, data(otherID, 6000, 12))
	next.Redis.ReplID2 = lineageID
	for _, v := range []model.View{fresh(old, next), fresh(next, old)} {
		v.Replicas = 2
		if d, _ := Next(v, Memory{}); (d.Action == Claim) != (v.Self.Ordinal == 1) {
			t.Errorf("redis-%d: %s/%s, want redis-1 to claim", v.Self.Ordinal, d.Action, d.Reason)
		}
	}
}

// TestOlderSnapshotIsOfferedNothing: I have the newest id and am fenced, because the answer to an offer was lost. The last holder is
// back from its snapshot under the id before, and the record still calls it in sync.
func TestOlderSnapshotIsOfferedNothing(t *testing.T) {
	v := formed(0, pod(0, data(otherID, 200, 20)), pod(1, data(lineageID, 130, 13)), pod(2, replica(0), linkDown, data(otherID, 200, 20)))
	v.Self.Redis.ReplID2 = lineageID
	v.Record.Lineage = []string{otherID, lineageID}
	v.Record.Members[2] = model.Member{VolumeClaim: "claim-2"}
	if d, _ := Next(v, Memory{SyncedRun: "run-0"}); d.Action == OfferTransfer && d.Successor.Ordinal == 1 {
		t.Errorf("%s/%s to %s: I have more than it, and so has redis-2", d.Action, d.Reason, d.Successor.Name)
	}
}

// TestReplicaThatLagsDoesNotReplaceDataThatComesBack: my process crashed. The only replica's link was up, and it is far behind what my
// volume holds.
func TestReplicaThatLagsDoesNotReplaceDataThatComesBack(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*model.View)
		offset int64 // of the replica, where I went from 0 to 1000 in ten seconds
		offers bool
	}{
		"it lacks nothing":             {nil, 1000, true},
		"it lacks a second":            {nil, 900, true},
		"it lacks five seconds":        {nil, 500, false},
		"my data dies with me":         {func(v *model.View) { v.Self.VolumeClaim = v.Self.UID }, 500, true},
		"I do not write down anything": {func(v *model.View) { v.Self.Redis.AppendOnly = false }, 500, true},
	} {
		var m Memory
		v := formed(0, pod(0, master), pod(1, replica(0)))
		v.Replicas, v.Self.Redis.AppendOnly = 2, true
		delete(v.Record.Members, 2)
		if c.change != nil {
			c.change(&v)
		}
		member := v.Record.Members[0]
		member.VolumeClaim = v.Self.VolumeClaim
		v.Record.Members[0] = member
		for second := range 11 {
			v.Self.Redis.Offset = int64(second) * 100
			v.Peers[0].Redis.Offset = min(v.Self.Redis.Offset, c.offset)
			_, m = Next(moment(v, time.Duration(second)*time.Second), m)
		}
		// The replica's own agent keeps Sentinel from electing it.
		mirrored := formed(0, v.Peers[0], v.Self)
		d, _ := Next(moment(mirrored, 10*time.Second), Memory{SyncedRun: "run-1", Lead: m.Lead})
		if elects := d.Tuning.Priority > 0; elects != c.offers {
			t.Errorf("%s: the replica's priority is %d", name, d.Tuning.Priority)
		}
		v.Self.Redis = model.Redis{Refused: true}
		v.Peers[0] = but(v.Peers[0], linkDown)
		if d, _ := Next(moment(v, 10100*time.Millisecond), m); (d.Action == OfferTransfer) != c.offers {
			t.Errorf("%s: %s/%s, want an offer: %v", name, d.Action, d.Reason, c.offers)
		}
	}
}
