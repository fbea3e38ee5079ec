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
	// MonitorFileRules are MonitorUser as far as servers before 6.2 know them. A Sentinel that connects before the agent has come logs
	// in by them: it would stay the default user otherwise, because it does not look at the answer.
	MonitorFileRules = slices.DeleteFunc(slices.Clone(MonitorUser), func(word string) bool {
		return strings.HasPrefix(word, "&") || word == "resetchannels" || word == "+failover"
	})
	// ObserverRules are those of the agents of other pods.
	ObserverRules = strings.Fields("-@all +ping +info +role")
)

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
