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
