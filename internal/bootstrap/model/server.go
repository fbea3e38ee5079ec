// SPDX-License-Identifier: Apache-2.0

package model

import (
	"errors"
	"time"
)

// Answer says how a server answered. Silence is a value of its own: it is neither yes nor no.
type Answer int

const (
	// Silent means that nothing usable came back before the deadline.
	Silent Answer = iota
	// Loading means that the process is running and reads its data set.
	Loading
	// Up means that INFO was answered.
	Up
)

// Role is a replication role as the server itself reports it.
type Role int

const (
	// RoleUnknown is the role of a server that did not say.
	RoleUnknown Role = iota
	// Master accepts writes, unless other settings forbid it.
	Master
	// Replica follows another address, perhaps the fence address.
	Replica
)

// String names a role as metrics and pages do.
func (r Role) String() string { return [...]string{"unknown", "master", "replica"}[r] }

// Redis is what one Redis server said of itself in this observation.
type Redis struct {
	Answer Answer
	Role   Role
	// Following is the configured master of a replica.
	Following Address
	// LinkUp reports whether the replication link to that master is up and no full sync is running.
	LinkUp bool
	// LinkIdle is how long nothing has come over that link; a living master says something every second. Redis counts seconds.
	LinkIdle time.Duration
	// RunID is the identity of the process.
	RunID string
	// ReplID and ReplID2 name the data history and the one it grew out of.
	ReplID  string
	ReplID2 string
	// Offset is the position in the history ReplID; offsets compare only under one id.
	Offset int64
	// Keys counts the keys of all databases, as INFO keyspace shows them.
	Keys int64
	// OnlineReplicas counts the replicas that a master streams to.
	OnlineReplicas int
	// HeardReplicas counts those of them that the master heard within HeardWithin: a link to a machine that has lost power is online for
	// a minute.
	HeardReplicas int
	// Priority is replica-priority as a replica announces it; 0 is never elected by Sentinel.
	Priority int
	// AppendOnly reports whether it writes down every write, so that a restart brings back all but the last second.
	AppendOnly bool
	// PersistenceError reports whether the last save or append failed.
	PersistenceError bool
	// Version is its version.
	Version Version
	// TooOld reports whether its version lacks what the agents need, such as a pause of writes alone.
	TooOld bool
	// ConfigFile is the file that it started from; empty where it says none.
	ConfigFile string
	// OtherFile reports whether my own started from another file than the generated one: whoever starts so knows nothing of its group, and
	// would lead whenever it starts.
	OtherFile bool
	// Refused reports whether it is silent because nothing listens at its address. Of my own, three connection attempts in a row were
	// refused; of another, one, which a firewall may have done too.
	Refused bool
	// Busy reports whether it is silent because a script or function has kept it for longer than its busy-reply-threshold.
	Busy bool
	// Denied is the word by which it is silent because it does not know who asks: NOAUTH, WRONGPASS or NOPERM.
	Denied string
	// Full reports whether it is silent because as many clients are connected as its maxclients allows.
	Full bool
	// Selectors reports whether it can keep a user from one channel alone.
	Selectors bool
}

// TurnsAway reports whether it is silent in words: it runs, and does not let in who asks.
func (r *Redis) TurnsAway() bool { return r.Denied != "" || r.Full }

// AnswerWithin is for how long a server's answer is waited for: an agent that waits for one server sees nothing of the others.
const AnswerWithin = 400 * time.Millisecond

// HeardWithin is how long ago a replica that is well has acknowledged at most: it does every second.
const HeardWithin = 5 * time.Second

// Tuning is the part of a Redis' configuration that depends on what the agent knows.
type Tuning struct {
	// Priority is replica-priority: 0 keeps Sentinel from electing a node that never synced.
	Priority int
	// ServeStale is replica-serve-stale-data.
	ServeStale bool
	// MinReplicas is min-replicas-to-write; NoWrites refuses all of them.
	MinReplicas int
	// MaxLag is min-replicas-max-lag in seconds: a replica that was not heard of for longer does not count.
	MaxLag int
}

// ErrAnotherProcess is the error of a command that was meant for a process, and met another one in its place.
var ErrAnotherProcess = errors.New("another process answers")

// NoWrites is a min-replicas-to-write that no group can meet: a master with it takes no writes.
const NoWrites = 1 << 16

// AsItIs leaves min-replicas-to-write as it is.
const AsItIs = -1
