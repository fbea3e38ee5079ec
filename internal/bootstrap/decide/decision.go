// SPDX-License-Identifier: Apache-2.0

package decide

import "time"

// Action is what the agent of a Redis pod does next. Each is idempotent.
type Action int

const (
	// Wait changes nothing; the reason says what is waited for.
	Wait Action = iota
	// Follow makes my Redis a replica of Target.
	Follow
	// Fence makes my Redis a replica of nowhere that serves nobody.
	Fence
	// VolumeClaim writes me into the record at Epoch, by compare-and-swap.
	Claim
	// Promote makes my Redis master, after my own claim succeeded.
	Promote
	// OfferTransfer writes Offer into the record, which I hold.
	OfferTransfer
	// Handover pauses writes, lets Heir catch up, offers it the mastership and follows it.
	Handover
	// Retain keeps me master and keeps the record's members and lineage true.
	Retain
	// Join writes my data claim among the record's members, by compare-and-swap, before my Redis takes the group's data.
	Join
)

// String names the action as logs and metrics do.
func (a Action) String() string {
	return [...]string{"wait", "follow", "fence", "claim", "promote", "offer", "handover", "retain", "join"}[a]
}

// Decision is one action with its reason and with everything that carrying it out needs.
type Decision struct {
	Action Action
	Reason Reason
	// Target of Follow.
	Target Address
	// Epoch of Claim.
	Epoch uint64
	// Offer of OfferTransfer.
	Offer *Offer
	// Successor of Handover.
	Successor Pod
	// Members and Lineage that Claim and Join write, and that Hold writes when they differ from the record.
	Members map[int]Member
	Lineage []string
	// Ready is the answer of the readiness probe.
	Ready bool
	// Tuning is how my Redis shall be set after the action.
	Tuning Tuning
	// Recheck is when to look again if nothing wakes the loop earlier.
	Recheck time.Duration
}

// Tuning is the part of a Redis' configuration that depends on what the agent knows.
type Tuning struct {
	// Priority is replica-priority: 0 keeps Sentinel from electing a node that never synced.
	Priority int
	// ServeStale is replica-serve-stale-data.
	ServeStale bool
	// MinReplicas is min-replicas-to-write.
	MinReplicas int
}

// Memory is the only state that an agent carries from one turn to the next and cannot observe again.
type Memory struct {
	// Claimed is the last claim that I tried, until I have been seen as master by it.
	Claimed Claimed
	// SyncedRun is the run id under which my replication link was last seen up.
	SyncedRun string
	// MasterSince is when my Redis was first seen as a master that nothing names, and NamedEpoch the greatest epoch that
	// named it while it was master; both are forgotten when it is seen as a replica.
	MasterSince time.Time
	NamedEpoch  uint64
	// SilentSince is when the named master stopped being seen as master; SilentEpoch is the epoch that named it.
	SilentSince time.Time
	SilentEpoch uint64
	// WaitingSince is when the wait for possible holders began, WaitedAt when it last went on, and Progress what was seen of
	// them.
	WaitingSince time.Time
	WaitedAt     time.Time
	Progress     string
	// Confirmed is when the API or a majority of Sentinels last named me.
	Confirmed time.Time
	// OfferedTo is the process that my current offer names, and OfferedAt when the record was first seen with it; Declined
	// are the processes that did not take one.
	OfferedTo string
	OfferedAt time.Time
	Declined  []string
	// Led is where my Redis was when it was last seen as the master that the record names.
	Led Position
	// AnsweredRun is the process that my Redis last answered as.
	AnsweredRun string
	// AdoptedFrom are claims by ordinal of un-injected pods whose data I have followed.
	AdoptedFrom map[int]string
	// MaxEpoch is the greatest epoch seen in the record RecordUID: a smaller one in the same record is stale.
	MaxEpoch  uint64
	RecordUID string
}

// Position is a place in a history.
type Position struct {
	ReplID string
	Offset int64
}

// Claimed is a claim, and the process that it was made for.
type Claimed struct {
	Epoch uint64
	RunID string
}
