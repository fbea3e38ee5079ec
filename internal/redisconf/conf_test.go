// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"strings"
	"testing"
)

func TestRedisConfNeverNamesAMaster(t *testing.T) {
	text := Redis{Include: "/etc/redis/user.conf", Port: 6380, AnnounceIP: "10.0.0.7", Group: "redis-sentinel:ns.redis"}.String()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if lines[0] != "include /etc/redis/user.conf" {
		t.Errorf("first line is %q: the user's file must come first, so that ours win", lines[0])
	}
	for _, want := range []string{
		"replicaof 127.0.0.1 1", "masterauth redis-sentinel:ns.redis", "replica-priority 0", "replica-serve-stale-data no", "replica-announce-ip 10.0.0.7",
		"port 6380", "bind 0.0.0.0 ::", "protected-mode no", "min-replicas-to-write 0", "repl-backlog-ttl 0", "repl-ping-replica-period 1",
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("line %q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, "no one") {
		t.Error("replicaof no one leaves a master of nowhere (K-C7)")
	}
}

func TestSentinelConf(t *testing.T) {
	text := Sentinel{
		Port: 26379, Dir: "/redis-sentinel", MyID: strings.Repeat("a", 40), AnnounceIP: "10.1.0.1", Epoch: 2048,
		AgentHash: strings.Repeat("b", 64), PeerHash: strings.Repeat("c", 64), PeerPassword: "p w", MaxClients: 10000,
		Groups: []Watched{{
			Name: "ns.redis", Host: "10.0.0.1", Port: 6379, Quorum: 2, DownAfterMs: 5000, FailoverTimeoutMs: 10000, ParallelSyncs: 1, Epoch: 1024,
			Replicas: []Endpoint{{"10.0.0.2", 6379}}, Peers: []KnownSentinel{{Endpoint{"10.1.0.2", 26379}, strings.Repeat("d", 40)}},
		}},
	}.String()
	for _, want := range []string{
		"sentinel monitor ns.redis 10.0.0.1 6379 2", "sentinel config-epoch ns.redis 1024", "sentinel leader-epoch ns.redis 2048",
		"sentinel current-epoch 2048", "sentinel known-replica ns.redis 10.0.0.2 6379",
		"sentinel known-sentinel ns.redis 10.1.0.2 26379 " + strings.Repeat("d", 40), `sentinel sentinel-pass "p w"`,
		"user agent on #" + strings.Repeat("b", 64) + " ~* &* +@all",
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("line %q is missing in\n%s", want, text)
		}
	}
	for line := range strings.Lines(text) {
		for _, forbidden := range []string{"+sentinel|set", "+sentinel|remove", "+publish", "+@all"} {
			if strings.HasPrefix(line, "user default") && strings.Contains(line, forbidden) {
				t.Errorf("everybody may %s: %s", forbidden, line)
			}
		}
	}
}

// FuzzQuote holds that no value can end its line, begin another directive, or come out of Redis' parser as another value.
func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"plain", "", "two words", "quote\"d", "line\nuser x on +@all", `back\slash`, "#hash", "'", "\x00\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		var b strings.Builder
		writeLine(&b, []string{"name", value})
		line, ok := strings.CutSuffix(b.String(), "\n")
		if !ok || strings.Contains(line, "\n") {
			t.Fatalf("%q became more than one line: %q", value, line)
		}
		if got := confWords(line); len(got) != 2 || got[1] != value {
			t.Fatalf("%q is read back as %q", value, got)
		}
	})
}

func TestValuesOfTheUsersFile(t *testing.T) {
	values := Values("# replica-priority 7\nreplica-priority 50\n  REPLICA-serve-stale-data   no\nreplica-priority 60\n")
	if values["replica-priority"] != "60" || values["replica-serve-stale-data"] != "no" {
		t.Errorf("got %v", values)
	}
}
