// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Action is what the agent beside a Sentinel does about one group. Each is idempotent.
type Action int

const (
	// Wait changes nothing.
	Wait Action = iota
	// Inject tells my Sentinel, as a peer would, that Target is master since Epoch.
	Inject
	// Recreate makes my Sentinel forget the group and monitor it again: Target, Epoch, settings, true peers.
	Recreate
	// Configure sets the group's settings in my Sentinel.
	Configure
	// Adopt writes a finished native failover into the record.
	Adopt
	// Reissue writes a greater epoch for the living holder into the record.
	Reissue
	// Remove makes my Sentinel forget the group.
	Remove
)

// String names the action as logs and metrics do.
func (a Action) String() string {
	return [...]string{"wait", "inject", "recreate", "configure", "adopt", "reissue", "remove"}[a]
}

// Decision is one action with its reason and what carrying it out needs.
type Decision struct {
	Action Action
	Reason model.Reason
	// Target and Epoch of Inject, Recreate, Adopt and Reissue.
	Target model.Address
	Epoch  uint64
	// Record is what the record shall become, by compare-and-swap with the version that the view has; nil leaves it.
	Record *model.Record
	// Command is what my Sentinel is told; nil means nothing.
	Command *Command
	// Live reports whether the command is sent only where a live read shows that the record is still of Epoch: what it takes from my Sentinel,
	// replicas replace by a claim, which they cannot make without the API.
	Live bool
	// Labels are the role labels that the pods should have, by name; empty removes one. Nil leaves them all.
	Labels map[string]string
	// Leads reports whether the recorded holder leads as its epoch says, so that the Service of the master may be pointed at it.
	Leads bool
	// Recheck is when to observe again if nothing wakes the loop earlier.
	Recheck time.Duration
}

// Command is what a Sentinel is told about a group.
type Command struct {
	// Do is Inject, Recreate, Configure or Remove.
	Do Action
	// From is the peer in whose name Inject speaks.
	From model.Peer
	// Master and Epoch of Inject and Recreate.
	Master model.Address
	Epoch  uint64
	// Watching of Recreate and Configure.
	Watching model.Watching
	// Peers are the true ones that Recreate adds.
	Peers []model.Peer
}

// Memory is what the agent beside a Sentinel remembers of one group.
type Memory struct {
	// UnverifiedSince is when my Sentinel began to name UnverifiedEpoch without its master answering.
	UnverifiedSince time.Time
	UnverifiedEpoch uint64
	// FailoverSince is since when my Sentinel has been in a failover; zero while it is in none.
	FailoverSince time.Time
	// MaxEpoch is the greatest epoch seen in the record RecordUID, MaxVersion the last version that had it, and NewSince when it was
	// first seen.
	MaxEpoch   uint64
	MaxVersion string
	RecordUID  string
	NewSince   time.Time
	// StaleSince is when stale entries were first seen: what is stale only for a moment goes away by itself. PrunedAt is when
	// the group was last recreated for them: a master lists a replica that vanished silently until repl-timeout is over.
	StaleSince time.Time
	PrunedAt   time.Time
	// RenewedAt is when the group was last recreated because it had no electable replica.
	RenewedAt time.Time
}
