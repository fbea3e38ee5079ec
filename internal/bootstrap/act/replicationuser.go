// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// ensureAgain is how often the group's user is created again: reloading the users from a file removes it.
const ensureAgain = 30 * time.Second

// replicationUser is what is known of the group's user in my Redis.
type replicationUser struct {
	// run is the process that authenticates without a user, or as the group's.
	run      string
	asNobody bool
	// ensured is the process that was given the user, and when.
	ensured string
	at      time.Time
}

// Prepare makes my Redis part of its group, before anything else is done to it, and keeps it so.
func (a *Redis) Prepare(ctx context.Context, v model.View) error {
	r := v.Self.Redis
	if r.Answer != model.Up || r.TooOld { // one that is too old may know no users, and joins nothing
		return nil
	}
	if a.replication.ensured != r.RunID || v.Now.Sub(a.replication.at) > ensureAgain {
		if err := a.own.EnsureReplicationUser(ctx, a.user); err != nil {
			return err
		}
		a.replication.ensured, a.replication.at = r.RunID, v.Now
	}
	return a.authenticate(ctx, v, r.Following)
}

// authenticate makes my Redis present the user that the master at an address accepts. Whether that master has an agent is not
// known before the API has answered: until then nothing is changed for a master that is followed already.
func (a *Redis) authenticate(ctx context.Context, v model.View, master model.Address) error {
	run, asNobody := v.Self.Redis.RunID, plain(v, master)
	if a.replication.run == run && a.replication.asNobody == asNobody || v.UIDByName == "" && master == v.Self.Redis.Following && isServer(master) {
		return nil
	}
	user := a.user
	if asNobody {
		user = ""
	}
	if err := a.own.AuthenticateAs(ctx, user); err != nil {
		return err
	}
	a.replication.run, a.replication.asNobody = run, asNobody
	return nil
}

// plain reports whether the pod at an address has no agent, and its Redis therefore no user of the group.
func plain(v model.View, address model.Address) bool {
	return isServer(address) && slices.ContainsFunc(v.Peers, func(p model.Pod) bool { return p.Address == address && !p.Injected })
}

// isServer reports whether an address is that of a server: a master follows none, and a fenced Redis follows the fence address.
func isServer(a model.Address) bool { return a != model.Address{} && a != model.FenceAddress }
