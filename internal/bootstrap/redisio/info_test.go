// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

const replicaInfo = "# Server\r\nredis_version:7.0.15\r\nrun_id:r1\r\n# Persistence\r\nloading:0\r\nrdb_last_bgsave_status:ok\r\naof_enabled:1\r\naof_last_write_status:err\r\n" +
	"# Replication\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:up\r\nmaster_last_io_seconds_ago:3\r\nmaster_sync_in_progress:0\r\nslave_priority:100\r\n" +
	"master_replid:aa\r\nmaster_replid2:00\r\nmaster_repl_offset:42\r\n# Keyspace\r\ndb0:keys=3,expires=0,avg_ttl=0\r\ndb11:keys=4,expires=1,avg_ttl=0\r\n"

func TestParseInfoOfAReplica(t *testing.T) {
	want := model.Redis{
		Answer: model.Up, Role: model.Replica, Following: model.Address{Host: "10.0.0.1", Port: 6379}, LinkUp: true, LinkIdle: 3 * time.Second, RunID: "r1",
		ReplID: "aa", ReplID2: "00", Offset: 42, Keys: 7, Priority: 100, AppendOnly: true, Version: model.Version{Major: 7}, PersistenceError: true, Selectors: true,
	}
	if got := ParseInfo(replicaInfo); got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestParseInfoOfAMaster(t *testing.T) {
	got := ParseInfo("run_id:r\nrole:master\nconnected_slaves:3\nslave0:ip=10.0.0.2,port=6379,state=online,offset=4,lag=0\n" +
		"slave1:ip=10.0.0.3,port=6379,state=wait_bgsave,offset=0,lag=0\nslave2:ip=10.0.0.4,port=6379,state=online,offset=1,lag=6,type=replica\nslave_read_repl_offset:4\nloading:1\n")
	if got.Role != model.Master || got.OnlineReplicas != 2 || got.HeardReplicas != 1 || got.Answer != model.Loading {
		t.Errorf("got %+v: two online replicas, one that was heard of, and loading expected", got)
	}
}

// TestParseInfoOfNoAnswer: what is not an INFO reply is silence, never a master (incident 15).
func TestParseInfoOfNoAnswer(t *testing.T) {
	for _, text := range []string{"", "role:master\n", "run_id:x\n", "-LOADING", "run_id:x\nrole:sentinel\n"} {
		if got := ParseInfo(text); got.Answer != model.Silent {
			t.Errorf("ParseInfo(%q)=%+v, want silence", text, got)
		}
	}
}

func FuzzParseInfo(f *testing.F) {
	f.Add(replicaInfo)
	f.Fuzz(func(t *testing.T, text string) {
		if r := ParseInfo(text); r.Answer != model.Silent && (r.RunID == "" || r.Role == model.RoleUnknown) {
			t.Errorf("an answer without identity or role: %+v", r)
		}
	})
}

func TestGroupOfAMessage(t *testing.T) {
	for _, c := range [][3]string{
		{"+switch-master", "ns.redis 10.0.0.1 6379 10.0.0.2 6379", "ns.redis"},
		{"+promoted-slave", "slave 10.0.0.2:6379 10.0.0.2 6379 @ ns.redis 10.0.0.1 6379", "ns.redis"},
		{"-failover-abort-not-elected", "master ns.redis 10.0.0.1 6379", "ns.redis"},
		{"+new", "", ""},
	} {
		if got := groupOf(c[0], c[1]); got != c[2] {
			t.Errorf("groupOf(%q, %q)=%q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func TestHello(t *testing.T) {
	from := model.Peer{ID: "id", Address: model.Address{Host: "10.1.0.2", Port: 26379}}
	got := hello(from, model.Announcement{Group: "ns.redis", Master: model.Address{Host: "10.0.0.2", Port: 6379}, Epoch: 1024})
	if want := "10.1.0.2,26379,id,1024,ns.redis,10.0.0.2,6379,1024"; got != want {
		t.Errorf("got %s, want %s: both epochs must be the same", got, want)
	}
	var h Hellos
	h.hear("10.1.0.2,26379,id,18446744073709551615,g,1,1,1")
	if h.Epoch() != 0 {
		t.Error("an unbelievable epoch was remembered (R6)")
	}
	h.hear("10.1.0.2,26379,id,77,g,1,1,1")
	h.hear("10.1.0.2,26379,id,12,g,1,1,1")
	if h.Epoch() != 77 {
		t.Errorf("epoch=%d, want the greatest heard, 77", h.Epoch())
	}
}

func TestServersThatAreTooOld(t *testing.T) {
	for text, old := range map[string]bool{
		"redis_version:5.0.14\n":    true,
		"redis_version:6.0.16\n":    true,
		"redis_version:6.2.0\n":     false,
		"redis_version:6.2\n":       false,
		"redis_version:7.0.15\n":    false,
		"redis_version:10.0.1\n":    false,
		"redis_version:255.255.0\n": false,
		"server_name:valkey\nredis_version:7.2.4\nvalkey_version:8.1.1\n": false,
		"server_name:valkey\nredis_version:7.2.4\nvalkey_version:7.2.5\n": false,
		"server_name:valkey\nredis_version:7.2.4\nvalkey_version:7.1.9\n": true,
		"redis_version:unknown\n": false, // what says no version is not taken for old
		"redis_version:6\n":       false,
		"":                        false,
	} {
		if got := ParseInfo("run_id:r\nrole:master\n" + text); got.Answer != model.Up || got.TooOld != old {
			t.Errorf("%q: %+v, want too old %v", text, got, old)
		}
	}
}
