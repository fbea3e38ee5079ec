// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// presented is what my Redis was told to present to its master.
type presented struct {
	// run is the process that was told.
	run string
	as  model.Credential
	// known is false for a process that started beside an agent before this one, which may have told it something else.
	known bool
}

// secured is which users my Redis was given.
type secured struct {
	run    string
	access model.Access
	// users are those of the server since.
	users model.Users
}

// Prepare makes my Redis part of its group, before anything else is done to it, and keeps it so: users that are gone, because a
// file with users was loaded, come back, and those that were made since do not publish what Sentinels believe. What is missing for
// others than its replicas, model.ErrPartly, keeps it from nothing.
func (a *Redis) Prepare(ctx context.Context, v model.View) error {
	r := &v.Self.Redis
	if r.Answer != model.Up || r.TooOld || r.OtherFile { // it joins nothing, and may know no users
		return nil
	}
	known := a.secured.users
	if a.secured.run != r.RunID || !reflect.DeepEqual(a.secured.access, v.Access) {
		known = model.Users{}
	}
	users, err := a.own.SecureUsers(ctx, a.user, v.Access, r.Selectors, known)
	if err != nil && !errors.Is(err, model.ErrPartly) {
		return err
	}
	a.secured = secured{run: r.RunID, access: v.Access, users: users}
	return errors.Join(err, a.authenticate(ctx, v, r.Following))
}

// Users is how my Redis listed its users when they were last secured.
func (a *Redis) Users() string { return a.secured.users.List }

// authenticate makes my Redis present what the master at an address accepts. Whether that master has an agent is not known before
// the API has answered: until then nothing is changed for a master that is followed already.
func (a *Redis) authenticate(ctx context.Context, v model.View, master model.Address) error {
	run, as := v.Self.Redis.RunID, v.Access.Master
	if plain(v, master) {
		var err error
		if as, err = a.own.PlainCredential(ctx); err != nil {
			return err
		}
	}
	if told := a.presented; told.known && told.run == run && told.as == as ||
		v.UIDByName == "" && master == v.Self.Redis.Following && isServer(master) {
		return nil
	}
	if err := a.own.AuthenticateAs(ctx, as); err != nil {
		return err
	}
	a.presented = presented{run: run, as: as, known: true}
	return nil
}

// Say tells the record which keys my pod uses, once my Redis uses them, in a turn that writes nothing else.
func (a *Redis) Say(ctx context.Context, v model.View) error {
	if v.Use == nil || !v.API || v.UIDByName != v.Self.UID || a.secured.run != v.Self.Redis.RunID || a.record.Newest().Version != v.Record.Version {
		return nil
	}
	living := func(who string) bool {
		return model.SentinelName(who) || who == v.Self.UID || slices.ContainsFunc(v.Peers, func(p model.Pod) bool { return p.UID == who })
	}
	return a.record.Say(ctx, v.Record.Version, v.Self.UID, *v.Use, living)
}

// plain reports whether the pod at an address has no agent, and its Redis therefore no user of the group.
func plain(v model.View, address model.Address) bool {
	return isServer(address) && slices.ContainsFunc(v.Peers, func(p model.Pod) bool { return p.Address == address && !p.Injected })
}

// isServer reports whether an address is that of a server: a master follows none, and a fenced Redis follows the fence address.
func isServer(a model.Address) bool { return a != model.Address{} && a != model.FenceAddress }
