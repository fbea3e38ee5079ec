// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"strings"
	"testing"
)

// TestObjections holds that each line that the agent cannot work with is named with its number, and no password is repeated.
func TestObjections(t *testing.T) {
	const text = `# a comment, then an empty line

maxmemory 100mb
port 6379
bind 127.0.0.1
replica-priority 7
cluster-enabled no
requirepass ""
ReplicaOf redis-0.redis 6379
  rename-command config "secret"
aclfile /etc/redis/users.acl
user worker on >secret ~* +@all
requirepass 'very secret'
cluster-enabled yes
tls-port 6380
user redis-sentinel-agent on >secret +@all
rename-command FLUSHALL ""
port 6380
`
	var got []string
	for _, o := range Objections("r.conf", text, 6379) {
		got = append(got, o.String())
	}
	want := []string{"r.conf line 9, replicaof: ", "r.conf line 10, rename-command config: ", "r.conf line 14, cluster-enabled: ", "r.conf line 15, tls-port: ", "r.conf line 16, user redis-sentinel-agent: ", "r.conf line 18, port 6380: "}
	if len(got) != len(want) {
		t.Fatalf("got %d objections, want %d: %q", len(got), len(want), got)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) || len(got[i]) <= len(want[i]) || strings.Contains(got[i], "secret") {
			t.Errorf("got %q, want %q and a remedy, without a secret", got[i], want[i])
		}
	}
}
