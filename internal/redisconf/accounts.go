// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"slices"
	"strings"
)

// User is a Redis user of this project: a name, the SHA-256 of its passwords in hex, and what it may do.
type User struct {
	Name   string
	Hashes []string
	// Open reports whether any password will do.
	Open  bool
	Rules []string
}

// What the users of this project may do. Servers of different versions know different commands, and refuse a rule with one that
// they do not know.
var (
	// AgentRules are those of the agent beside the server. Channels, which servers before 6.2 do not know, are added later.
	AgentRules = strings.Fields("~* +@all")
	// AllChannels adds them.
	AllChannels = "allchannels"
	// ReplicationRules are those of a replica. Some servers fetch a part of the data by SYNC, on a connection of its own.
	ReplicationRules = strings.Fields("-@all +ping +replconf +psync +sync")
	// MonitorFileRules are MonitorRules as far as servers before 6.2 know them. A Sentinel that connects before the agent has come logs
	// in by them: it would stay the default user otherwise, because it does not look at the answer.
	MonitorFileRules = slices.DeleteFunc(slices.Clone(MonitorRules), func(word string) bool {
		return strings.HasPrefix(word, "&") || word == "resetchannels" || word == "+failover"
	})
	// ObserverRules are those of the agents of other pods.
	ObserverRules = strings.Fields("-@all +ping +info +role")
)

// MonitorRules are the rules of the user as whom Sentinels log in to the Redis servers that they watch: what they send, and
// nothing else. What a Sentinel sends follows from its own version, not from that of the server, so there is one list; and each
// word of it is known to every server from Redis 6.2 and Valkey 7.2 on, because one unknown word ends a server that reads it
// from its file, and voids the whole of an ACL SETUSER. AUTH needs no rule.
var MonitorRules = []string{
	"resetkeys",
	// Channels have rules since Redis 6.2. Where Sentinels find each other and tell who is master, and no other.
	"resetchannels", "&__sentinel__:hello",
	"-@all",
	// Is it alive, and what does it say of itself.
	"+ping", "+info",
	"+publish", "+subscribe",
	"+client|setname",
	// A change of role is one transaction, and a command in it that is refused voids all of it: the rewrite of a file that Redis
	// cannot write has to be tried and to fail.
	"+multi", "+exec", "+slaveof", "+config|rewrite", "+client|kill",
	// A script that keeps the server from answering.
	"+script|kill",
	// SENTINEL FAILOVER … COORDINATED, and a FAILOVER that hangs: Valkey 9 has its master pause writes and hand over by itself.
	// The commands are those of Redis 6.2.
	"+failover", "+client|pause", "+client|unpause",
}

// Line is the user in a configuration file or an ACL file. A user without a password cannot log in.
func (u User) Line() string { return "user " + u.Name + " " + strings.Join(u.SetUser(), " ") }

// SetUser are the arguments of ACL SETUSER after the name. They leave nothing of what the user was before.
func (u User) SetUser() []string {
	words := []string{"reset", "on"}
	if u.Open {
		words = append(words, "nopass")
	}
	for _, hash := range u.Hashes {
		words = append(words, "#"+hash)
	}
	return append(words, u.Rules...)
}
