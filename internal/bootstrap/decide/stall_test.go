// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestLinkThatStalls: a replica makes its link anew where its master answers and has more, and nothing of it comes.
func TestLinkThatStalls(t *testing.T) {
	for name, c := range map[string]struct {
		idle   time.Duration
		change func(own, master *model.Redis)
		want   bool
	}{
		"it stalls":                            {stallsAfter, func(_, master *model.Redis) { master.Offset++ }, true},
		"something came a moment ago":          {stallsAfter - time.Second, func(_, master *model.Redis) { master.Offset++ }, false},
		"there is nothing to send":             {time.Minute, func(_, _ *model.Redis) {}, false},
		"the master began another history":     {time.Minute, func(_, master *model.Redis) { master.Offset, master.ReplID = master.Offset+1, decidetest.OtherID }, false},
		"the link is down, and is being made":  {0, func(own, master *model.Redis) { own.LinkUp, master.Offset = false, master.Offset+1 }, false},
		"the master is silent: it cannot send": {time.Minute, func(_, master *model.Redis) { master.Offset++; master.Answer = model.Silent }, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := decidetest.Formed(0, decidetest.Pod(1, decidetest.Replica(0)), decidetest.Pod(0, decidetest.Master))
			v.Self.Redis.LinkIdle = c.idle
			c.change(&v.Self.Redis, &v.Peers[0].Redis)
			d, _ := Next(v, Memory{SyncedRun: v.Self.Redis.RunID})
			if got := slices.ContainsFunc(d.Commands, func(c Command) bool { return c.Do == Reconnect }); got != c.want {
				t.Errorf("%s %s, reconnects: %t, want %t", d.Action, d.Reason, got, c.want)
			}
		})
	}
}

// TestReplicasThatAreNotHeardOf: a master whose replicas are online, and say nothing, refuses writes while it may be the one that is lost, and
// while the record counts on them. Afterwards they are lost, and it goes on without.
func TestReplicasThatAreNotHeardOf(t *testing.T) {
	for name, c := range map[string]struct {
		change func(v *model.View)
		want   int
	}{
		"they are heard of":               {func(*model.View) {}, 1},
		"neither is":                      {func(v *model.View) { v.Self.Redis.HeardReplicas = 0 }, 0},
		"one is":                          {func(v *model.View) { v.Self.Redis.HeardReplicas = 1 }, 0},
		"Sentinels do not see the master": {func(v *model.View) { v.Self.Redis.HeardReplicas, v.Sentinels = 0, decidetest.SilentSentinels() }, 1},
		"the record counts on one that is silent": {func(v *model.View) { v.Self.Redis.HeardReplicas, v.Peers[0].Redis = 0, model.Redis{} }, 1},
		"it counts on one that has no pod at all": {func(v *model.View) { v.Self.Redis.HeardReplicas, v.Peers = 0, v.Peers[1:] }, 1},
		"one is silent on which it does not count": {func(v *model.View) {
			v.Self.Redis.HeardReplicas, v.Peers[0].Redis = 0, model.Redis{}
			v.Record.Members[1] = model.Member{}
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			v := decidetest.Formed(0, decidetest.Pod(0, decidetest.Master), decidetest.Pod(1, decidetest.Replica(0)), decidetest.Pod(2, decidetest.Replica(0)))
			v.Config.MinReplicas = 1
			c.change(&v)
			if d, _ := Next(v, Memory{AnsweredRun: v.Self.Redis.RunID}); d.Tuning.MinReplicas != c.want {
				t.Errorf("%s %s: min-replicas %d, want %d", d.Action, d.Reason, d.Tuning.MinReplicas, c.want)
			}
		})
	}
}

// TestRecordCountsOnNobodyWhoIsNotHeardOf: who is silent, and is not heard of by the master either, gets no writes.
func TestRecordCountsOnNobodyWhoIsNotHeardOf(t *testing.T) {
	for heard, inSync := range map[int]bool{2: true, 1: true, 0: false} {
		v := decidetest.Formed(0, decidetest.Pod(0, decidetest.Master), decidetest.Pod(1, decidetest.Replica(0)), decidetest.Pod(2, decidetest.Replica(0)))
		v.Peers[0].Redis, v.Peers[1].Redis, v.Self.Redis.HeardReplicas = model.Redis{}, model.Redis{}, heard
		d, _ := Next(v, Memory{AnsweredRun: v.Self.Redis.RunID})
		record := v.Record
		if d.Record != nil {
			record = *d.Record
		}
		if got := record.Members[1].InSync && record.Members[2].InSync; got != inSync {
			t.Errorf("%d are heard of: %v, in sync: %t, want %t (%s)", heard, record.Members, got, inSync, d.Reason)
		}
	}
}
