// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestMasterThatOutlivesItsPod: its pod was deleted by force, and a process answers where it was. As long as that may be the group's
// master, Sentinels and clients have their time; otherwise nothing is waited for.
func TestMasterThatOutlivesItsPod(t *testing.T) {
	v := formed(0, pod(1, replica(0), linkDown), pod(2, replica(0), linkDown))
	lives := pod(0, master).Redis
	for name, c := range map[string]struct {
		ghost   model.Redis
		atOnce  bool
		idle    time.Duration
		linkUp  bool
		follows model.Address
	}{
		"nothing answers":                          {model.Redis{}, true, 0, false, at(0)},
		"it lives":                                 {lives, false, 0, false, at(0)},
		"something there lets nobody in":           {model.Redis{Denied: "WRONGPASS"}, false, 0, false, at(0)},
		"something there has no room":              {model.Redis{Full: true}, false, 0, false, at(0)},
		"a replica is there":                       {pod(0, replica(1)).Redis, true, 0, false, at(0)},
		"a foreign master is there":                {func() model.Redis { r := lives; r.ReplID, r.ReplID2 = otherID, ""; return r }(), true, 0, false, at(0)},
		"it loads":                                 {func() model.Redis { r := lives; r.Answer = model.Loading; return r }(), true, 0, false, at(0)},
		"nothing answers, and the other hears it":  {model.Redis{}, false, 0, true, at(0)},
		"its link is up, and nothing came over it": {model.Redis{}, true, 5 * time.Second, true, at(0)},
		"the other hears another":                  {model.Redis{}, true, 0, true, at(7)},
	} {
		t.Run(name, func(t *testing.T) {
			seen := v
			seen.Ghost = c.ghost
			other := v.Peers[0]
			other.Redis.LinkUp, other.Redis.LinkIdle, other.Redis.Following = c.linkUp, c.idle, c.follows
			seen.Peers = []model.Pod{other}
			if s := newSituation(seen, Memory{}); s.nobodyHearsLeader() != c.atOnce {
				t.Error("nobody hears it")
			}
			if d, _ := Next(seen, Memory{SyncedRun: "run-1"}); (d.Action == Claim) != c.atOnce {
				t.Errorf("%s/%s", d.Action, d.Reason)
			}
		})
	}
}
