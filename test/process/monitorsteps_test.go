// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// onlySentinelsPublishHellos shows that what the others do not need is refused, and that a refusal is seen.
func (w *watched) onlySentinelsPublishHellos() {
	t := w.s.T
	t.Helper()
	for _, p := range w.servers {
		client := p.Redis()
		err := client.Publish(t.Context(), "__sentinel__:hello", "a lie").Err()
		if err == nil || !strings.HasPrefix(err.Error(), "NOPERM") {
			t.Errorf("%s takes a hello of everybody: %v", p.Name, err)
		}
		if n := len(client.ACLLog(t.Context(), -1).Val()); n != 1 {
			t.Errorf("%d refusals in the ACL log of %s, want the one of this test", n, p.Name)
		}
		must(t, client.ACLLogReset(t.Context()).Err())
		must(t, client.Close())
	}
}

// nothingRefused reads the ACL logs.
func (w *watched) nothingRefused() {
	w.s.T.Helper()
	for _, p := range w.servers {
		client := p.Redis()
		refused, err := client.ACLLog(w.s.T.Context(), -1).Result()
		must(w.s.T, err)
		for _, r := range refused {
			w.s.T.Errorf("%s refused %s %s: %s", p.Name, r.Username, r.Object, r.Reason)
		}
		must(w.s.T, client.Close())
	}
}

// failover tells one Sentinel to fail over, and returns the new master.
func (w *watched) failover(how ...any) *lab.Bare {
	w.s.T.Helper()
	old := w.named(w.s.T.Context())
	w.command(w.sentinels[0], append([]any{"sentinel", "failover", watchedAs}, how...)...)
	now := w.switched(fmt.Sprint("another master, as told ", how), old)
	w.agree("the old one to follow it", now)
	w.nothingRefused()
	return now
}

// inject does what the agents do: it exchanges the roles, and tells one Sentinel, which tells the others through Redis.
func (w *watched) inject(master *lab.Bare) {
	t := w.s.T
	t.Helper()
	w.command(master, "replicaof", "no", "one")
	for _, p := range w.servers {
		if p != master {
			w.command(p, "replicaof", master.Address.String(), master.Port())
		}
	}
	client := w.asAgent(w.sentinels[0])
	defer client.Close() //nolint:errcheck // it was for one command
	own := redisio.AskOwnSentinel(t.Context(), client, watchedAs)
	if len(own.Peers) == 0 {
		t.Fatal("no peer to speak as")
	}
	w.epoch = model.NextEpoch(time.Now(), w.epoch)
	must(t, redisio.NewSentinel(client).Inject(t.Context(), own.Peers[0], w.announce(master)))
	w.agree("the injected hello to reach all", master)
	w.nothingRefused()
}

func (w *watched) announce(master *lab.Bare) model.Announcement {
	return model.Announcement{Group: watchedAs, Master: address(master), Epoch: w.epoch}
}

// recreate makes one Sentinel forget the group and know it again.
func (w *watched) recreate(p *lab.Bare) {
	t := w.s.T
	t.Helper()
	client := w.asAgent(p)
	defer client.Close() //nolint:errcheck // it was for one command
	own, master := redisio.AskOwnSentinel(t.Context(), client, watchedAs), w.named(t.Context())
	must(t, redisio.NewSentinel(client).Recreate(t.Context(), w.announce(master), own.Watching, own.Peers))
	w.logIn(p)
	w.agree("the group to be watched again", master)
	w.nothingRefused()
}

// crashMaster kills the master. It comes back as one, and is made a replica.
func (w *watched) crashMaster() {
	w.s.T.Helper()
	old := w.named(w.s.T.Context())
	old.Crash()
	now := w.switched("the Sentinels to choose another", old)
	old.Release()
	w.agree("the old one to follow it", now)
	w.nothingRefused()
}

// busyScript keeps a replica from answering until a Sentinel ends the script. The master would be replaced for it.
func (w *watched) busyScript() {
	t := w.s.T
	t.Helper()
	master := w.named(t.Context())
	client := w.other(master).Redis()
	defer client.Close() //nolint:errcheck // it was for one command
	err := client.WithTimeout(stalled).Eval(t.Context(), "while true do end", nil).Err()
	if err == nil || !strings.Contains(err.Error(), "kill") {
		t.Errorf("the script ended with %v, want that it was killed", err)
	}
	w.agree("the replica to be back", master)
	w.nothingRefused()
}

// used counts by command what all servers were sent.
func (w *watched) used(ctx context.Context) map[string]int {
	calls := map[string]int{}
	for _, p := range w.servers {
		client := p.Redis()
		for line := range strings.Lines(client.Info(ctx, "commandstats").Val()) {
			name, numbers, found := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":calls=")
			if found && !strings.HasPrefix(numbers, "0,") {
				calls[name]++
			}
		}
		_ = client.Close() // it was for one question
	}
	return calls
}

// everyRuleUsed holds that the user may do nothing more than Sentinels do.
func (w *watched) everyRuleUsed() {
	w.s.T.Helper()
	used := w.used(w.s.T.Context())
	for _, rule := range redisconf.MonitorRules {
		command, is := strings.CutPrefix(rule, "+")
		onlyInValkey9 := command == "failover" || command == "client|pause" || command == "client|unpause"
		if is && used[command] == 0 && (!onlyInValkey9 || strings.HasPrefix(w.s.Server.Name, "valkey-9")) {
			w.s.T.Errorf("no server was sent %s: the user needs no rule for it", command)
		}
	}
}
