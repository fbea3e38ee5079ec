// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	coordinationv1 "k8s.io/api/coordination/v1"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Redis acts for the agent of a Redis pod: on its own Redis and on the record of its group, on nothing else.
type Redis struct {
	Own    *redis.Client
	Leases coordinationclient.LeaseInterface
	// Lease is the newest record known, and Learn takes over one that was written.
	Lease func() *coordinationv1.Lease
	Learn func(*coordinationv1.Lease)
	// Clients reaches the other pods of the group, to ask them only.
	Clients *redisio.Clients
	// Group is the name of my group, as which my Redis presents itself to its master.
	Group string
	// Named says whether a majority of the Sentinels names an address.
	Named func(context.Context, decide.Address) bool

	kin kin
}

// Do carries the decision out. What came of it, the next observation shows.
func (a *Redis) Do(ctx context.Context, v decide.View, d decide.Decision) error {
	if err := a.role(ctx, v, d); err != nil {
		return err
	}
	// After a handover the role is another one: the next turn tunes for it.
	if v.Self.Redis.Answer != decide.Up || d.Reason == decide.RecordUnknown || d.Action == decide.Handover {
		return nil
	}
	_, err := redisio.Tune(ctx, a.Own, d.Tuning)
	return err
}

func (a *Redis) role(ctx context.Context, v decide.View, d decide.Decision) error {
	switch d.Action {
	case decide.Follow:
		return a.follow(ctx, v, d.Target)
	case decide.Fence:
		if d.Reason == decide.MasterAddressGone && !a.stillFollows(ctx, v.Self.Redis.Following) {
			return nil // a Sentinel pointed it elsewhere, or made it master, since it was asked
		}
		return a.follow(ctx, v, decide.FenceAddress)
	case decide.Promote:
		return redisio.Promote(ctx, a.Own)
	case decide.Claim:
		return a.claim(ctx, v, d)
	case decide.Join:
		next := v.Record
		next.Members = d.Members
		return a.swap(ctx, v, next, d.Reason)
	case decide.OfferTransfer:
		return a.offer(ctx, v, d)
	case decide.Handover:
		return a.handOver(ctx, v, d)
	case decide.Retain:
		return a.hold(ctx, v, d)
	case decide.Wait:
	}
	return nil
}

// follow points my Redis; where it was master, its clients are sent away, so that they ask Sentinel.
func (a *Redis) follow(ctx context.Context, v decide.View, target decide.Address) error {
	if err := a.present(ctx, v, target); err != nil {
		return err
	}
	if err := redisio.Follow(ctx, a.Own, target); err != nil {
		return err
	}
	if v.Self.Redis.Role == decide.Master {
		return redisio.KillClients(ctx, a.Own)
	}
	return nil
}

// stillFollows asks my Redis once more whom it follows.
func (a *Redis) stillFollows(ctx context.Context, master decide.Address) bool {
	r := redisio.Ask(ctx, a.Own)
	return r.Answer == decide.Up && r.Role == decide.Replica && r.Following == master
}

// claim writes me into the record that this very view has seen.
func (a *Redis) claim(ctx context.Context, v decide.View, d decide.Decision) error {
	return a.swap(ctx, v, decide.Record{
		Holder: v.Self.Name, PodUID: v.Self.UID, Address: v.Self.Address,
		Epoch: d.Epoch, Lineage: d.Lineage, Members: d.Members,
	}, d.Reason)
}

// offer writes the offer, and wakes its target's agent: the watch would tell it too, a little later.
func (a *Redis) offer(ctx context.Context, v decide.View, d decide.Decision) error {
	next := v.Record
	next.Offer = d.Offer
	if err := a.swap(ctx, v, next, d.Reason); err != nil {
		return err
	}
	for _, p := range v.Peers {
		if p.UID == d.Offer.PodUID {
			notify(ctx, p.Address.Host)
		}
	}
	return nil
}

// hold keeps members and lineage true; mostly there is nothing to write.
func (a *Redis) hold(ctx context.Context, v decide.View, d decide.Decision) error {
	if d.Members == nil || maps.Equal(d.Members, v.Record.Members) && slices.Equal(d.Lineage, v.Record.Lineage) && v.Record.Offer == nil {
		return nil
	}
	next := v.Record
	next.Members, next.Lineage, next.Offer = d.Members, d.Lineage, nil
	return a.swap(ctx, v, next, d.Reason)
}

func (a *Redis) swap(ctx context.Context, v decide.View, next decide.Record, why decide.Reason) error {
	seen := a.Lease()
	if seen == nil || seen.ResourceVersion != v.Record.Version {
		return fmt.Errorf("%w (the view is older)", record.ErrConflict)
	}
	written, err := record.Swap(ctx, a.Leases, seen, next, string(why))
	if err != nil {
		return err
	}
	a.Learn(written)
	return nil
}

// notify is a wake-up without content; a lost one costs a tick.
func notify(ctx context.Context, host string) {
	ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	url := "http://" + decide.Address{Host: host, Port: contract.AgentPort}.String() + contract.PathNotify
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return
	}
	if response, err := http.DefaultClient.Do(request); err == nil {
		_ = response.Body.Close()
	}
}

// epochText is how an epoch stands in annotations.
func epochText(epoch uint64) string { return strconv.FormatUint(epoch, 10) }
