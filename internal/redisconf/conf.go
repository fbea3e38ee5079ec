// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"fmt"
	"strconv"
	"strings"
)

// ShutDefault is the line of a default user that is as without a line, and switched off.
const ShutDefault = "user default off nopass ~* +@all"

// Redis is what the agent writes into redis.conf. The file never names a master: whatever starts from it is a replica of
// nowhere that serves nobody, until the agent has decided.
type Redis struct {
	// Include is the user's own file; it comes first, so that the lines after it win. Empty: none.
	Include string
	// Before are lines that come before it.
	Before []string
	// Port is written only where the user's own options do not set it.
	Port int
	// AnnounceIP is the pod's address, without which a replica behind address translation would be listed wrongly.
	AnnounceIP string
	// Group is the user as which replicas present themselves. Until the agent has said how, its name alone keeps a replica from any
	// master: a server that restarted beside a dead agent must not copy whoever a Sentinel names.
	Group string
	// Users are this project's own. A server that restarts knows them before its agent comes.
	Users []User
	// ACLFile is the file that has all users, these among them. Empty: they stand here, beside the user's own.
	ACLFile string
	// Diskless is set where Redis has no directory to write to. A snapshot that fails would stop all writes, and keep it from ending.
	Diskless bool
	// ShutDefault switches the default user off, which has no password although one is required. It has no effect beside an ACLFile.
	ShutDefault bool
}

// String renders the file.
func (c Redis) String() string {
	var b strings.Builder
	line := func(words ...string) { writeLine(&b, words) }
	for _, text := range c.Before {
		b.WriteString(text + "\n")
	}
	if c.Include != "" {
		line("include", c.Include)
	}
	port := strconv.Itoa(c.Port)
	line("port", port)
	// Every address of both families, also where the kernel knows one of them only. Redis 6.0 must start from this file, so that it
	// can be refused in words, and it does not know "*".
	line("bind", "0.0.0.0", "::")
	line("protected-mode", "no")
	line("daemonize", "no")
	line("replicaof", "127.0.0.1", "1")
	line("masterauth", c.Group)
	if c.ACLFile != "" {
		line("aclfile", c.ACLFile)
	} else {
		if c.ShutDefault {
			b.WriteString(ShutDefault + "\n")
		}
		for _, u := range c.Users {
			b.WriteString(u.Line() + "\n")
		}
	}
	line("replica-serve-stale-data", "no")
	line("replica-read-only", "yes")
	line("replica-priority", "0")
	line("replica-announce-ip", c.AnnounceIP)
	line("replica-announce-port", port)
	line("min-replicas-to-write", "0")
	line("repl-backlog-ttl", "0")
	line("repl-ping-replica-period", "1") // what a replica has not heard for down-after, it has lost; where no Sentinel says hello, by this alone
	line("repl-diskless-sync-delay", "0")
	if c.Diskless {
		line("repl-diskless-sync", "yes")
		line("repl-diskless-load", "swapdb")
		line("save", "")
		line("stop-writes-on-bgsave-error", "no")
	}
	return b.String()
}

// Lines are options as lines of a configuration file.
func Lines(options []Option) []string {
	var lines []string
	for _, o := range options {
		var b strings.Builder
		values := o.Values
		if len(values) == 0 {
			values = []string{""}
		}
		writeLine(&b, append([]string{o.Name}, values...))
		lines = append(lines, strings.TrimSuffix(b.String(), "\n"))
	}
	return lines
}

// Watched is a group as sentinel.conf remembers it.
type Watched struct {
	Name              string
	Host              string
	Port              int
	Quorum            int
	DownAfterMs       int64
	FailoverTimeoutMs int64
	ParallelSyncs     int
	// User and Password are what the Sentinel presents to the servers of the group; without a password nothing.
	User     string
	Password string
	Epoch    uint64
	Replicas []Endpoint
	Peers    []KnownSentinel
}

// Endpoint is an address and a port.
type Endpoint struct {
	Host string
	Port int
}

// KnownSentinel is a peer with its identity.
type KnownSentinel struct {
	Endpoint
	ID string
}

// Sentinel is what the agent writes into sentinel.conf before the first start; Sentinel itself rewrites it afterwards.
type Sentinel struct {
	Port       int
	Dir        string
	MyID       string
	AnnounceIP string
	// Epoch is the current epoch: above every election in flight, so that a Sentinel that lost its votes casts none twice.
	Epoch uint64
	// AgentHash and PeerHash are SHA-256 of the passwords of the two users, in hex; PeerPassword is what this Sentinel
	// itself presents to its peers.
	AgentHash    string
	PeerHash     string
	PeerPassword string
	MaxClients   int
	Groups       []Watched
}

// The ACL of a Sentinel: everybody reads and subscribes, peers vote and publish, the agent commands.
var (
	defaultUser = strings.Fields("on nopass resetkeys resetchannels &+* &-* -@all +ping +info +role +hello +auth +command " +
		"+client|setname +client|getname +client|id +subscribe +psubscribe +unsubscribe +punsubscribe " +
		"+sentinel|get-master-addr-by-name +sentinel|sentinels +sentinel|replicas +sentinel|slaves +sentinel|master " +
		"+sentinel|masters +sentinel|myid +sentinel|ckquorum")
	peerUser  = strings.Fields("resetkeys resetchannels &* -@all +ping +publish +auth +hello +client|setname +sentinel|is-master-down-by-addr")
	agentUser = strings.Fields("~* &* +@all")
)

// String renders the file. The order is free: Sentinel queues the lines and applies them in its own.
func (c Sentinel) String() string {
	var b strings.Builder
	line := func(words ...string) { writeLine(&b, words) }
	line("port", strconv.Itoa(c.Port))
	line("bind", "*", "-::*")
	line("dir", c.Dir)
	line("protected-mode", "no")
	line("maxclients", strconv.Itoa(c.MaxClients))
	line(append([]string{"user", "default"}, defaultUser...)...)
	line(append([]string{"user", "peer", "on", "#" + c.PeerHash}, peerUser...)...)
	line(append([]string{"user", "agent", "on", "#" + c.AgentHash}, agentUser...)...)
	line("sentinel", "sentinel-user", "peer")
	line("sentinel", "sentinel-pass", c.PeerPassword)
	line("sentinel", "myid", c.MyID)
	line("sentinel", "announce-ip", c.AnnounceIP)
	line("sentinel", "announce-port", strconv.Itoa(c.Port))
	line("sentinel", "resolve-hostnames", "no")
	line("sentinel", "announce-hostnames", "no")
	line("sentinel", "current-epoch", epoch(c.Epoch))
	for _, g := range c.Groups {
		g.write(line, c.Epoch)
	}
	return b.String()
}

func (g Watched) write(line func(...string), current uint64) {
	line("sentinel", "monitor", g.Name, g.Host, strconv.Itoa(g.Port), strconv.Itoa(g.Quorum))
	line("sentinel", "down-after-milliseconds", g.Name, strconv.FormatInt(g.DownAfterMs, 10))
	line("sentinel", "failover-timeout", g.Name, strconv.FormatInt(g.FailoverTimeoutMs, 10))
	line("sentinel", "parallel-syncs", g.Name, strconv.Itoa(g.ParallelSyncs))
	if g.Password != "" {
		line("sentinel", "auth-user", g.Name, g.User)
		line("sentinel", "auth-pass", g.Name, g.Password)
	}
	line("sentinel", "config-epoch", g.Name, epoch(g.Epoch))
	line("sentinel", "leader-epoch", g.Name, epoch(current))
	for _, r := range g.Replicas {
		line("sentinel", "known-replica", g.Name, r.Host, strconv.Itoa(r.Port))
	}
	for _, p := range g.Peers {
		line("sentinel", "known-sentinel", g.Name, p.Host, strconv.Itoa(p.Port), p.ID)
	}
}

func epoch(e uint64) string { return strconv.FormatUint(e, 10) }

// writeLine writes one directive. A word with a blank, a quote or a control character is quoted, so that no value can
// end its line or begin another directive.
func writeLine(b *strings.Builder, words []string) {
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(Quote(w))
	}
	b.WriteByte('\n')
}

// Quote renders a value as one word of a configuration file, in the syntax that Redis splits its lines by.
func Quote(w string) string {
	plain := w != "" && w[0] != '#'
	for i := range len(w) {
		if c := w[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\'' || c == '\\' {
			plain = false
		}
	}
	if plain || strings.HasPrefix(w, "#") && len(w) == 65 { // an ACL password hash is never the first word of a line
		return w
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(w) {
		switch c := w[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
