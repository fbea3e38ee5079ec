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

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// AskSentinel returns what one Sentinel says of a group. The address is the reply of GET-MASTER-ADDR-BY-NAME, read in one
// pipeline with MASTER: the address in MASTER is the old one on the leader of a failover, under the new epoch.
func AskSentinel(ctx context.Context, client *redis.Client, group string) model.Sentinel {
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

func decodeSentinel(address *redis.StringSliceCmd, master *redis.MapStringStringCmd) model.Sentinel {
	where, err := address.Result()
	if errors.Is(err, redis.Nil) {
		return model.Sentinel{Answered: true}
	}
	facts, ferr := master.Result()
	if err != nil || ferr != nil || len(where) != 2 || short(where[0]) == "" || port(where[1]) == 0 {
		return model.Sentinel{}
	}
	epoch, _ := strconv.ParseUint(facts["config-epoch"], 10, 64)
	flags, state := strings.Split(facts["flags"], ","), facts["failover-state"]
	running := slices.Contains(flags, "failover_in_progress")
	return model.Sentinel{
		Answered: true, Monitors: true, ConfigEpoch: epoch,
		Address:            model.Address{Host: where[0], Port: port(where[1])},
		Replicas:           replicasListed(facts),
		HeardAgo:           time.Duration(max(number(facts["last-ok-ping-reply"]), 0)) * time.Millisecond,
		MasterDown:         slices.Contains(flags, "s_down") || slices.Contains(flags, "o_down"),
		FailoverInProgress: running,
		Elected:            running && state != "" && state != "none" && state != "wait_start",
		Promoted:           running && (state == "reconf_slaves" || state == "update_config"),
	}
}

// replicasListed is how many replicas a Sentinel says that it lists. One that does not say may list some.
func replicasListed(facts map[string]string) int {
	n, told := facts["num-slaves"]
	if !told {
		return 1
	}
	return int(max(number(n), 0))
}

// AskOwnSentinel adds what only my own Sentinel is asked: settings, replicas and peers as it lists them.
func AskOwnSentinel(ctx context.Context, client *redis.Client, group string) model.OwnSentinel {
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
	own := model.OwnSentinel{Sentinel: decodeSentinel(address, master)}
	if !own.Monitors {
		return own
	}
	own.Watching = watching(master.Val())
	for _, r := range first(replicas.Val(), mostListed) {
		own.Replicas = append(own.Replicas, model.SeenReplica{
			Address: endpoint(r), Down: strings.Contains(r["flags"], "s_down"), Priority: int(number(r["slave-priority"])),
		})
	}
	for _, p := range first(peers.Val(), mostListed) {
		own.Peers = append(own.Peers, model.Peer{ID: short(p["runid"]), Address: endpoint(p)})
		if !strings.Contains(p["flags"], "s_down") {
			own.PeersSeen++
		}
	}
	return own
}

func endpoint(f map[string]string) model.Address {
	return model.Address{Host: short(f["ip"]), Port: port(f["port"])}
}

// mostListed bounds the replicas and peers that are taken in: a Redis may tell Sentinel of any number, each of which would be kept,
// and asked whether anybody is there. So many are never right; what is wrong among the first ones is enough to have the group
// recreated, without any of them.
const mostListed = 128

func first[T any](items []T, most int) []T { return items[:min(len(items), most)] }

func watching(f map[string]string) model.Watching {
	ms := func(name string) time.Duration { return time.Duration(number(f[name])) * time.Millisecond }
	return model.Watching{
		Quorum: int(number(f["quorum"])), ParallelSyncs: int(number(f["parallel-syncs"])),
		DownAfter: ms("down-after-milliseconds"), FailoverTimeout: ms("failover-timeout"),
	}
}

// hello is the message by which Sentinels tell each other which address is master since which epoch.
func hello(from model.Peer, master model.Announcement) string {
	epoch := strconv.FormatUint(master.Epoch, 10)
	return strings.Join([]string{
		from.Address.Host, strconv.Itoa(from.Address.Port), from.ID, epoch,
		master.Group, master.Master.Host, strconv.Itoa(master.Master.Port), epoch,
	}, ",")
}

const helloChannel = "__sentinel__:hello"

// Sentinel is the Sentinel that the agent runs beside. It is the only one that is commanded.
type Sentinel struct{ client *redis.Client }

// NewSentinel sends commands through a client.
func NewSentinel(client *redis.Client) Sentinel { return Sentinel{client: client} }

// Inject tells the Sentinel, as a peer would, that the group has this master since this epoch. The Sentinel emits
// +switch-master and keeps everything else that it knows.
func (s Sentinel) Inject(ctx context.Context, from model.Peer, master model.Announcement) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	if err := s.client.Publish(ctx, helloChannel, hello(from, master)).Err(); err != nil {
		return fmt.Errorf("injecting %s as master of %s: %w", master.Master, master.Group, err)
	}
	return nil
}

// Recreate makes the Sentinel forget the group and monitor it again in one pipeline, which the Sentinel carries out without
// serving any client in between: remove, monitor, settings, and the hellos of the true peers, from which it has their votes and
// the epoch at once. A Sentinel without peers hears the hello of an invented one before it forgets, so that its clients learn
// of a switch and its elections begin above the epoch.
func (s Sentinel) Recreate(ctx context.Context, master model.Announcement, w model.Watching, peers []model.Peer) error {
	ctx, cancel := context.WithTimeout(ctx, 2*Deadline)
	defer cancel()
	pipe := s.client.Pipeline()
	if len(peers) == 0 {
		invented := model.Peer{ID: strings.Repeat("f", 40), Address: model.FenceAddress}
		pipe.Publish(ctx, helloChannel, hello(invented, master))
	}
	_ = pipe.Do(ctx, "sentinel", "remove", master.Group) // a group that was not known is forgotten already
	monitor := pipe.Do(ctx, "sentinel", "monitor", master.Group, master.Master.Host, master.Master.Port, w.Quorum)
	set := pipe.Do(ctx, setArguments(master.Group, w)...)
	for _, p := range peers {
		pipe.Publish(ctx, helloChannel, hello(p, master))
	}
	_, _ = pipe.Exec(ctx) // each command carries its own error
	if err := errors.Join(monitor.Err(), set.Err()); err != nil {
		return fmt.Errorf("recreating %s at %s: %w", master.Group, master.Master, err)
	}
	return nil
}

// Configure sets the group's settings.
func (s Sentinel) Configure(ctx context.Context, group string, w model.Watching) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	if err := s.client.Do(ctx, setArguments(group, w)...).Err(); err != nil {
		return fmt.Errorf("setting options of %s: %w", group, err)
	}
	return nil
}

func setArguments(group string, w model.Watching) []any {
	set := []any{
		"sentinel", "set", group,
		"quorum", w.Quorum,
		"down-after-milliseconds", w.DownAfter.Milliseconds(),
		"failover-timeout", w.FailoverTimeout.Milliseconds(),
		"parallel-syncs", w.ParallelSyncs,
	}
	if w.As.Password != "" {
		set = append(set, "auth-user", w.As.User, "auth-pass", w.As.Password)
	}
	return set
}

// Remove makes the Sentinel forget a group; one that it does not know is not an error.
func (s Sentinel) Remove(ctx context.Context, group string) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	err := s.client.Do(ctx, "sentinel", "remove", group).Err()
	if err != nil && !strings.Contains(err.Error(), "No such master") {
		return fmt.Errorf("removing %s: %w", group, err)
	}
	return nil
}

// Shutdown ends the Sentinel; its container starts it again. It has no answer but the end of the connection.
func (s Sentinel) Shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	err := s.client.Do(ctx, "shutdown", "nosave").Err()
	if refused := redis.Error(nil); errors.As(err, &refused) {
		return fmt.Errorf("ending Sentinel: %w", err)
	}
	return nil
}
