// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// TestSentinelsLogInAsMonitor: Sentinels that log in to Redis as a user with the rules redisconf.MonitorRules, where nobody else
// may publish a hello, find each other and the replicas, fail over by themselves and when told to, point replicas at the new
// master, hear an injected hello and pass it on, and watch again what they were told to forget. Redis refuses them nothing, and
// each rule is needed for it.
func TestSentinelsLogInAsMonitor(t *testing.T) {
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		w := watch(s)
		w.onlySentinelsPublishHellos()
		w.agree("everybody to be found", w.servers[0])
		w.inject(w.other(w.failover()))
		w.recreate(w.sentinels[1])
		w.crashMaster()
		w.busyScript()
		if strings.HasPrefix(s.Server.Name, "valkey-9") {
			w.failover("coordinated")
		}
		w.nothingRefused()
		w.everyRuleUsed()
	})
}

// watched is a master with two replicas and three Sentinels, without agents.
type watched struct {
	s         *lab.Scene
	servers   []*lab.Bare
	sentinels []*lab.Bare
	epoch     uint64
}

const (
	watchedAs       = "ns.redis"
	monitorName     = "redis-sentinel-monitor"
	monitorPassword = "the monitor's"
	agentPassword   = "the agent's"
	peerPassword    = "the peers'"
)

func hashOf(password string) string {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])
}

// watch starts the servers, and has the Sentinels watch the first one.
func watch(s *lab.Scene) *watched {
	s.T.Helper()
	w := &watched{s: s}
	for n := range 3 {
		w.servers = append(w.servers, s.StartBare("redis-"+strconv.Itoa(n), false, func(own netip.Addr) string {
			conf := "port 6379\nprotected-mode no\nrepl-diskless-sync-delay 0\nlua-time-limit 100\nsave \"\"\n" +
				"user default on nopass ~* &* +@all -publish\n" +
				"user " + monitorName + " on #" + hashOf(monitorPassword) + " " + strings.Join(redisconf.MonitorRules, " ") + "\n" +
				"replica-announce-ip " + own.String() + "\n"
			if n > 0 {
				conf += "replicaof " + w.servers[0].Address.String() + " 6379\n"
			}
			return conf
		}))
		w.sentinels = append(w.sentinels, s.StartBare("sentinel-"+strconv.Itoa(n), true, func(own netip.Addr) string {
			return redisconf.Sentinel{
				Port: contract.SentinelPort, Dir: "/data", MyID: strings.Repeat(strconv.Itoa(n), 40), AnnounceIP: own.String(), Epoch: 1,
				AgentHash: hashOf(agentPassword), PeerHash: hashOf(peerPassword), PeerPassword: peerPassword, MaxClients: 1000,
			}.String()
		}))
	}
	for _, p := range w.servers[1:] {
		until(s, stalled, p.Name+" to follow", func(ctx context.Context) string { return w.follows(ctx, p, w.servers[0]) })
	}
	for _, p := range w.sentinels {
		w.command(p, "sentinel", "debug", "info-period", 1000, "publish-period", 500)
		w.command(p, "sentinel", "monitor", watchedAs, w.servers[0].Address.String(), contract.RedisPort, 2)
		w.command(p, "sentinel", "set", watchedAs, "down-after-milliseconds", lab.DownAfter.Milliseconds(), "failover-timeout", 5000)
		w.logIn(p)
	}
	return w
}

// logIn has a Sentinel present the user to the servers.
func (w *watched) logIn(p *lab.Bare) {
	w.s.T.Helper()
	w.command(p, "sentinel", "set", watchedAs, "auth-user", monitorName, "auth-pass", monitorPassword)
}

// command sends a command to a server, as the agent beside it would.
func (w *watched) command(p *lab.Bare, args ...any) {
	w.s.T.Helper()
	client := w.asAgent(p)
	defer client.Close() //nolint:errcheck // it was for one command
	until(w.s, stalled, p.Name+" to obey "+fmt.Sprint(args[:2]), func(ctx context.Context) string {
		if err := client.Do(ctx, args...).Err(); err != nil {
			return err.Error()
		}
		return ""
	})
}

// asAgent is a client that may do everything.
func (w *watched) asAgent(p *lab.Bare) *redis.Client {
	user, password := "", ""
	if slices.Contains(w.sentinels, p) {
		user, password = "agent", agentPassword
	}
	return redisio.Keep(address(p), model.Credential{User: user, Password: password})
}

func address(p *lab.Bare) model.Address {
	return model.Address{Host: p.Address.String(), Port: p.Port()}
}

// ask returns what a server says of itself.
func (w *watched) ask(ctx context.Context, p *lab.Bare) model.Redis {
	client := p.Redis()
	defer client.Close() //nolint:errcheck // it was for one question
	return redisio.Ask(ctx, client)
}

// follows says what is missing until a server is a replica in sync; empty when nothing is.
func (w *watched) follows(ctx context.Context, p, master *lab.Bare) string {
	if r := w.ask(ctx, p); r.Role != model.Replica || r.Following != address(master) || !r.LinkUp {
		return fmt.Sprintf("%s says %+v", p.Name, r)
	}
	return ""
}

// agree waits until all name one master, every other server follows it, and the Sentinels know of each other.
func (w *watched) agree(what string, master *lab.Bare) {
	w.s.T.Helper()
	until(w.s, stalled, what, func(ctx context.Context) string {
		if r := w.ask(ctx, master); r.Role != model.Master {
			return fmt.Sprintf("%s says %+v", master.Name, r)
		}
		for _, p := range w.servers {
			if p != master {
				if missing := w.follows(ctx, p, master); missing != "" {
					return missing
				}
			}
		}
		for _, p := range w.sentinels {
			if missing := w.knowsAll(ctx, p, master); missing != "" {
				return missing
			}
		}
		return ""
	})
}

// knowsAll says what one Sentinel does not know or has not finished.
func (w *watched) knowsAll(ctx context.Context, p, master *lab.Bare) string {
	client := w.asAgent(p)
	defer client.Close() //nolint:errcheck // it was for one question
	own := redisio.AskOwnSentinel(ctx, client, watchedAs)
	w.epoch = max(w.epoch, own.ConfigEpoch)
	up := slices.DeleteFunc(slices.Clone(own.Replicas), func(r model.SeenReplica) bool { return r.Down })
	if own.Address != address(master) || own.MasterDown || own.FailoverInProgress || len(own.Peers) != len(w.sentinels)-1 || len(up) != len(w.servers)-1 {
		return fmt.Sprintf("%s says %+v, master is %s", p.Name, own, master.Address)
	}
	// One that was master is made a replica again while the Sentinel has not heard that it is one.
	seen, _ := client.Do(ctx, "sentinel", "replicas", watchedAs).Result()
	if roles := strings.Count(fmt.Sprint(seen), "role-reported slave"); roles != len(up) {
		return fmt.Sprintf("%s has heard of %d replicas that they are ones", p.Name, roles)
	}
	return ""
}

// named is the server that the first Sentinel names; nil where it is none of ours.
func (w *watched) named(ctx context.Context) *lab.Bare {
	client := w.asAgent(w.sentinels[0])
	defer client.Close() //nolint:errcheck // it was for one question
	now := redisio.AskSentinel(ctx, client, watchedAs).Address
	i := slices.IndexFunc(w.servers, func(p *lab.Bare) bool { return address(p) == now })
	if i < 0 {
		return nil
	}
	return w.servers[i]
}

// other is a server that is not the one given.
func (w *watched) other(than *lab.Bare) *lab.Bare {
	return w.servers[slices.IndexFunc(w.servers, func(p *lab.Bare) bool { return p != than })]
}

// switched waits for another master than the old one, and until all agree on it.
func (w *watched) switched(what string, old *lab.Bare) *lab.Bare {
	w.s.T.Helper()
	var now *lab.Bare
	until(w.s, stalled, what, func(ctx context.Context) string {
		if now = w.named(ctx); now == nil || now == old {
			return "not yet"
		}
		return ""
	})
	return now
}
