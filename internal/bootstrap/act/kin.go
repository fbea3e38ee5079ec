// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
)

// acquaintAgain is how often the group's user is made again: who reloads the users from a file of his own takes it away.
const acquaintAgain = 30 * time.Second

// kin is what is known of the group's user in my Redis.
type kin struct {
	// run is the process that presents itself as unnamed says: as nobody, or as the group's user.
	run     string
	unnamed bool
	// acquainted is the process that was given the user, and when.
	acquainted string
	at         time.Time
}

// Prepare makes my Redis one of its group, before anything else is done to it, and keeps it so.
func (a *Redis) Prepare(ctx context.Context, v decide.View) error {
	r := v.Self.Redis
	if r.Answer != decide.Up || r.TooOld { // one that is too old may know no users, and joins nothing
		return nil
	}
	if a.kin.acquainted != r.RunID || v.Now.Sub(a.kin.at) > acquaintAgain {
		if err := redisio.EnsureReplicationUser(ctx, a.Own, a.Group); err != nil {
			return err
		}
		a.kin.acquainted, a.kin.at = r.RunID, v.Now
	}
	return a.present(ctx, v, r.Following)
}

// present makes my Redis present itself as the master at an address understands it. Whether that one has an agent is not
// known before the API has answered: until then nothing is changed for a master that is followed already.
func (a *Redis) present(ctx context.Context, v decide.View, master decide.Address) error {
	run, unnamed := v.Self.Redis.RunID, plain(v, master)
	if a.kin.run == run && a.kin.unnamed == unnamed || v.UIDByName == "" && master == v.Self.Redis.Following && somebody(master) {
		return nil
	}
	group := a.Group
	if unnamed {
		group = ""
	}
	if err := redisio.AuthenticateAs(ctx, a.Own, group); err != nil {
		return err
	}
	a.kin.run, a.kin.unnamed = run, unnamed
	return nil
}

// plain says whether the pod at an address has no agent, and its Redis no user of the group.
func plain(v decide.View, address decide.Address) bool {
	return somebody(address) && slices.ContainsFunc(v.Peers, func(p decide.Pod) bool { return p.Address == address && !p.Injected })
}

// somebody: a master follows nobody, and one that is fenced follows nowhere.
func somebody(a decide.Address) bool { return a != decide.Address{} && a != decide.FenceAddress }
