// SPDX-License-Identifier: Apache-2.0

package redisio

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/loop"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// NoFile is the configuration file of a server that has none.
const NoFile = "none"

// longestPath is how much is kept of the path that a server says.
const longestPath = 256

// Ask returns what one Redis says of itself; model.Silent when nothing usable came back in time, and then whether the
// connection was refused.
func Ask(ctx context.Context, client *redis.Client) model.Redis {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	text, err := client.Info(ctx).Result()
	if err != nil {
		return model.Redis{Refused: errors.Is(err, syscall.ECONNREFUSED), Denied: denial(err), Busy: busy(err), Full: errors.Is(err, errFull)}
	}
	return ParseInfo(text)
}

// AskAs asks as whom the server accepts, one after the other. Nothing but a denial is a reason to ask again: a server that is full
// is so for everybody.
func (c *Clients) AskAs(ctx context.Context, address model.Address, credentials ...model.Credential) model.Redis {
	var r model.Redis
	for _, as := range credentials {
		if r = Ask(ctx, c.To(address, as)); r.Denied == "" {
			break
		}
	}
	return r
}

// AskOnce asks over a connection of its own, which ends with the answer.
func AskOnce(ctx context.Context, address model.Address, credentials ...model.Credential) model.Redis {
	c := NewClients()
	defer c.Sweep(0)
	return c.AskAs(ctx, address, credentials...)
}

// refusals is how many connection attempts in a row must be refused before a server counts as gone, and refusedAgain the time
// between them: a port that is opened again meanwhile is not a crash.
const (
	refusals     = 3
	refusedAgain = 25 * time.Millisecond
)

// AskOwn asks the server that the agent runs beside. A connection that is refused has to be refused again.
func AskOwn(ctx context.Context, client *redis.Client) model.Redis {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	r := Ask(ctx, client)
	for range refusals - 1 {
		if !r.Refused {
			break
		}
		loop.Pause(ctx, refusedAgain)
		r = Ask(ctx, client)
	}
	return r
}

// ParseInfo decodes the reply of INFO. A reply without a run id or a role counts as silence.
func ParseInfo(text string) model.Redis {
	f := fields(text)
	r := model.Redis{
		Answer: model.Up,
		RunID:  short(f["run_id"]),
		ReplID: short(f["master_replid"]), ReplID2: short(f["master_replid2"]),
		Offset: number(f["master_repl_offset"]),
		Keys:   countKeys(f),
		PersistenceError: f["rdb_last_bgsave_status"] == "err" || f["aof_last_write_status"] == "err" ||
			f["aof_last_bgrewrite_status"] == "err",
		AppendOnly: f["aof_enabled"] == "1",
		Version:    versionOf(f), TooOld: tooOld(f), Selectors: hasSelectors(f),
	}
	r.OnlineReplicas, r.HeardReplicas = replicas(f)
	if file, says := f["config_file"]; says {
		r.ConfigFile = cmp.Or(file[:min(len(file), longestPath)], NoFile)
	}
	switch f["role"] {
	case "master":
		r.Role = model.Master
	case "slave":
		r.Role = model.Replica
		r.Following = model.Address{Host: short(f["master_host"]), Port: port(f["master_port"])}
		r.LinkUp = f["master_link_status"] == "up" && f["master_sync_in_progress"] != "1"
		r.LinkIdle = time.Duration(max(number(f["master_last_io_seconds_ago"]), 0)) * time.Second
		r.Priority = int(number(f["slave_priority"]))
	}
	if r.Role == model.RoleUnknown || r.RunID == "" {
		return model.Redis{}
	}
	if f["loading"] == "1" || f["async_loading"] == "1" {
		r.Answer = model.Loading
	}
	return r
}

// The oldest servers that can pause writes alone, which a handover needs. Valkey reports its own version beside that of the
// Redis it stands in for.
var (
	oldestRedis  = version.MustParseGeneric("6.2")
	oldestValkey = version.MustParseGeneric("7.2")
	// Selectors keep a user from one channel alone.
	firstWithSelectors = version.MustParseGeneric("7.0")
)

// versionOf is the version of a server; nothing where it cannot be read.
func versionOf(f map[string]string) model.Version {
	says, isValkey := f["valkey_version"]
	if !isValkey {
		says = f["redis_version"]
	}
	v, err := version.ParseGeneric(says)
	if err != nil {
		return model.Version{}
	}
	return model.Version{Valkey: isValkey, Major: int(min(v.Major(), 1<<20)), Minor: int(min(v.Minor(), 1<<20))} //nolint:gosec // bounded
}

// tooOld reports whether a server is older than those.
func tooOld(f map[string]string) bool {
	if says, isValkey := f["valkey_version"]; isValkey {
		return olderThan(says, oldestValkey)
	}
	return olderThan(f["redis_version"], oldestRedis)
}

// hasSelectors reports whether a server knows selectors; one whose version cannot be read does not.
func hasSelectors(f map[string]string) bool {
	v, err := version.ParseGeneric(f["redis_version"])
	return err == nil && v.AtLeast(firstWithSelectors)
}

// olderThan reports whether a version such as 7.0.15 is older than another. One that cannot be read does not count as old.
func olderThan(says string, oldest *version.Version) bool {
	v, err := version.ParseGeneric(says)
	return err == nil && v.LessThan(oldest)
}

// read are the fields of INFO that ParseInfo reads, beside databases and replicas: a tenth of them all, and every agent asks for them
// whenever something changes.
var read = sets.New(
	"run_id", "role", "redis_version", "valkey_version", "config_file", "loading", "async_loading",
	"master_replid", "master_replid2", "master_repl_offset", "master_host", "master_port", "master_link_status", "master_sync_in_progress",
	"master_last_io_seconds_ago", "slave_priority",
	"aof_enabled", "rdb_last_bgsave_status", "aof_last_write_status", "aof_last_bgrewrite_status",
)

// fields parses the reply of INFO. The library's own parser panics at a reply without a section, and any server at a peer's
// address could send one.
func fields(text string) map[string]string {
	f := make(map[string]string, len(read))
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		if ok && (read.Has(name) || isNumbered(name, database) || isNumbered(name, slave)) {
			f[name] = value
		}
	}
	return f
}

// What INFO numbers: databases, and the replicas of a server.
const (
	database = "db"
	slave    = "slave"
)

// isNumbered reports whether a name is a word and a number.
func isNumbered(name, word string) bool {
	number, ok := strings.CutPrefix(name, word)
	return ok && number != "" && strings.Trim(number, "0123456789") == ""
}

// countKeys adds up the databases: db0:keys=3,expires=0,avg_ttl=0
func countKeys(f map[string]string) int64 {
	var sum int64
	for name, value := range f {
		if !isNumbered(name, database) {
			continue
		}
		for part := range strings.SplitSeq(value, ",") {
			if n, ok := strings.CutPrefix(part, "keys="); ok {
				sum += number(n)
			}
		}
	}
	return sum
}

// replicas counts slaveN:ip=…,port=…,state=online,offset=…,lag=…, and those among them that were heard of.
func replicas(f map[string]string) (online, heard int) {
	for name, value := range f {
		if !isNumbered(name, slave) || !strings.Contains(value, "state=online") {
			continue
		}
		online++
		_, rest, _ := strings.Cut(value, ",lag=")
		lag, _, _ := strings.Cut(rest, ",") // Valkey goes on
		if lag != "" && time.Duration(number(lag))*time.Second <= model.HeardWithin {
			heard++
		}
	}
	return online, heard
}

// longest is the longest text of a reply that is kept: identities have 40 characters, addresses 45, and a name of a master that
// somebody configured by hand is compared with addresses only.
const longest = 64

// short leaves out what is too long to be an identity or an address: servers of a group are a tenant's, and what they say is kept,
// logged and written into the record.
func short(text string) string {
	if len(text) > longest {
		return ""
	}
	return strings.Clone(text) // not the whole reply with it
}

// port reads a port; 0 where it is none.
func port(s string) int {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}

// number reads a decimal; anything else counts as 0, as a missing field does.
func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}
