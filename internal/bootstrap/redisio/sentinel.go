// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
)

// AskSentinel returns what one Sentinel says of a group. The address is the reply of GET-MASTER-ADDR-BY-NAME, read in one
// pipeline with MASTER: the address in MASTER is the old one on the leader of a failover, under the new epoch.
func AskSentinel(ctx context.Context, client *redis.Client, group string) decide.Sentinel {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	pipe := client.Pipeline()
	address := redis.NewStringSliceCmd(ctx, "sentinel", "get-master-addr-by-name", group)
	master := redis.NewMapStringStringCmd(ctx, "sentinel", "master", group)
	_ = pipe.Process(ctx, address)
	_ = pipe.Process(ctx, master)
	_, _ = pipe.Exec(ctx) // each command carries its own error
	return decodeSentinel(address, master)
}

func decodeSentinel(address *redis.StringSliceCmd, master *redis.MapStringStringCmd) decide.Sentinel {
	where, err := address.Result()
	if errors.Is(err, redis.Nil) {
		return decide.Sentinel{Answered: true}
	}
	facts, ferr := master.Result()
	if err != nil || ferr != nil || len(where) != 2 || where[0] == "" || number(where[1]) < 1 {
		return decide.Sentinel{}
	}
	epoch, _ := strconv.ParseUint(facts["config-epoch"], 10, 64)
	flags := strings.Split(facts["flags"], ",")
	return decide.Sentinel{
		Answered: true, Monitors: true, ConfigEpoch: epoch,
		Address:            decide.Address{Host: where[0], Port: int(number(where[1]))},
		MasterDown:         slices.Contains(flags, "s_down") || slices.Contains(flags, "o_down"),
		FailoverInProgress: slices.Contains(flags, "failover_in_progress"),
	}
}

// AskOwnSentinel adds what only my own Sentinel is asked: settings, replicas and peers as it lists them.
func AskOwnSentinel(ctx context.Context, client *redis.Client, group string) decide.OwnSentinel {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	pipe := client.Pipeline()
	address := redis.NewStringSliceCmd(ctx, "sentinel", "get-master-addr-by-name", group)
	master := redis.NewMapStringStringCmd(ctx, "sentinel", "master", group)
	replicas := redis.NewMapStringStringSliceCmd(ctx, "sentinel", "replicas", group)
	peers := redis.NewMapStringStringSliceCmd(ctx, "sentinel", "sentinels", group)
	for _, cmd := range []redis.Cmder{address, master, replicas, peers} {
		_ = pipe.Process(ctx, cmd)
	}
	_, _ = pipe.Exec(ctx)
	own := decide.OwnSentinel{Sentinel: decodeSentinel(address, master)}
	if !own.Monitors {
		return own
	}
	own.Watching = watching(master.Val())
	for _, r := range replicas.Val() {
		own.Replicas = append(own.Replicas, decide.SeenReplica{
			Address: endpoint(r), Down: strings.Contains(r["flags"], "s_down"), Priority: int(number(r["slave-priority"])),
		})
	}
	for _, p := range peers.Val() {
		own.Peers = append(own.Peers, decide.Peer{ID: p["runid"], Address: endpoint(p)})
	}
	return own
}

func endpoint(f map[string]string) decide.Address {
	return decide.Address{Host: f["ip"], Port: int(number(f["port"]))}
}

func watching(f map[string]string) decide.Watching {
	ms := func(name string) time.Duration { return time.Duration(number(f[name])) * time.Millisecond }
	return decide.Watching{
		Quorum: int(number(f["quorum"])), ParallelSyncs: int(number(f["parallel-syncs"])),
		DownAfter: ms("down-after-milliseconds"), FailoverTimeout: ms("failover-timeout"),
	}
}

// hello is the message by which Sentinels tell each other who is master since when.
func hello(group string, from decide.Peer, master decide.Address, epoch uint64) string {
	e := strconv.FormatUint(epoch, 10)
	return strings.Join([]string{
		from.Address.Host, strconv.Itoa(from.Address.Port), from.ID, e, group, master.Host, strconv.Itoa(master.Port), e,
	}, ",")
}

const helloChannel = "__sentinel__:hello"

// Inject tells a Sentinel, as its peer would, that the group has this master since this epoch. It emits +switch-master
// and keeps everything else that the Sentinel knows.
func Inject(ctx context.Context, client *redis.Client, group string, from decide.Peer, master decide.Address, epoch uint64) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	if err := client.Publish(ctx, helloChannel, hello(group, from, master, epoch)).Err(); err != nil {
		return fmt.Errorf("injecting %s as master of %s: %w", master, group, err)
	}
	return nil
}

// Recreate makes the group anew in one pipeline, which the Sentinel carries out without serving anybody between: forget,
// monitor, settings, and the hellos of the true peers, from which it has their votes and the epoch at once. A Sentinel
// without peers hears the hello of an invented one before it forgets, so that its clients learn of a switch and its
// elections begin above the epoch.
func Recreate(ctx context.Context, client *redis.Client, group string, w decide.Watching, master decide.Address, epoch uint64, peers []decide.Peer) error {
	ctx, cancel := context.WithTimeout(ctx, 2*Deadline)
	defer cancel()
	pipe := client.Pipeline()
	if len(peers) == 0 {
		invented := decide.Peer{ID: strings.Repeat("f", 40), Address: decide.FenceAddress}
		pipe.Publish(ctx, helloChannel, hello(group, invented, master, epoch))
	}
	forget := pipe.Do(ctx, "sentinel", "remove", group)
	monitor := pipe.Do(ctx, "sentinel", "monitor", group, master.Host, master.Port, w.Quorum)
	set := pipe.Do(ctx, setArguments(group, w)...)
	for _, p := range peers {
		pipe.Publish(ctx, helloChannel, hello(group, p, master, epoch))
	}
	_, _ = pipe.Exec(ctx)
	_ = forget // a group that was not known is forgotten already
	if err := errors.Join(monitor.Err(), set.Err()); err != nil {
		return fmt.Errorf("making %s anew at %s: %w", group, master, err)
	}
	return nil
}

// Configure sets the group's settings.
func Configure(ctx context.Context, client *redis.Client, group string, w decide.Watching) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	if err := client.Do(ctx, setArguments(group, w)...).Err(); err != nil {
		return fmt.Errorf("setting options of %s: %w", group, err)
	}
	return nil
}

func setArguments(group string, w decide.Watching) []any {
	return []any{
		"sentinel", "set", group,
		"quorum", w.Quorum,
		"down-after-milliseconds", w.DownAfter.Milliseconds(),
		"failover-timeout", w.FailoverTimeout.Milliseconds(),
		"parallel-syncs", w.ParallelSyncs,
	}
}

// Remove makes a Sentinel forget a group; one that it does not know is no error.
func Remove(ctx context.Context, client *redis.Client, group string) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	err := client.Do(ctx, "sentinel", "remove", group).Err()
	if err != nil && !strings.Contains(err.Error(), "No such master") {
		return fmt.Errorf("removing %s: %w", group, err)
	}
	return nil
}
