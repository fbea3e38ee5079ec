// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Action is what the agent of a Redis pod does next, in one word for people. Each is idempotent.
type Action int

const (
	// Wait changes nothing; the reason says what is waited for.
	Wait Action = iota
	// Follow makes my Redis a replica of Target.
	Follow
	// Fence makes my Redis a replica of the fence address, which serves no clients.
	Fence
	// Claim writes me into the record at Epoch.
	Claim
	// Promote makes my Redis master, after my own claim succeeded.
	Promote
	// OfferTransfer writes an offer of the mastership into the record, which I hold.
	OfferTransfer
	// Handover pauses writes, lets Successor catch up, offers it the mastership and follows it: package handover.
	Handover
	// Retain keeps me master and keeps the record's members and lineage current.
	Retain
	// Join adds my volume claim to the record's members before my Redis takes the group's data.
	Join
)

// String names the action as logs and metrics do.
func (a Action) String() string {
	return [...]string{"wait", "follow", "fence", "claim", "promote", "offer", "handover", "retain", "join"}[a]
}

// Decision is one action with its reason and with everything that is needed to carry it out, in the order in which it is done:
// the record first, because a role that is not written down belongs to no pod; then the commands; then the tuning. A master that stays
// one is tuned first.
type Decision struct {
	Action Action
	Reason model.Reason
	// Target of Follow.
	Target model.Address
	// Epoch of Claim and Promote.
	Epoch uint64
	// Successor is the pod that Handover and OfferTransfer are about.
	Successor model.Pod
	// Again reports whether Handover follows one that failed, and Calm is for how long it may leave clients writing before it holds their
	// writes back: longer, and nobody would have asked for too long whether another leads.
	Again bool
	Calm  time.Duration
	// Record is what the record is to become, by compare-and-swap with the version in it; nil leaves it as it is.
	Record *model.Record
	// Commands are sent to my Redis, one after the other, until one fails.
	Commands []Command
	// Tuning is how my Redis is to be set after the action.
	Tuning model.Tuning
	// Ready is the answer of the readiness probe.
	Ready bool
	// Recheck is when to observe again if nothing wakes the loop earlier.
	Recheck time.Duration
}

// MayGiveAway reports whether my Redis may have a mastership to give away after a decision: an attempt may have failed, a failover that is
// not over may leave it with one, a mastership that is not confirmed may be again, and an API that has not answered yet may answer in time.
// The first turn after a watch has failed only asks for a live answer.
func (d *Decision) MayGiveAway() bool {
	switch d.Reason {
	case model.HandingOver, model.FailoverRunning, model.PromotedBySentinel, model.Unconfirmed:
		return true
	default:
		return d.Action == Handover
	}
}

// CommandKind is what a command does to a Redis.
type CommandKind int

const (
	// ReplicateFrom makes it a replica of Master.
	ReplicateFrom CommandKind = iota
	// BecomeMaster makes the process Run stop being a replica.
	BecomeMaster
	// DisconnectClients closes the connections of ordinary clients and subscribers, so that they ask Sentinel again.
	DisconnectClients
	// PauseWrites holds back every write, for at most For.
	PauseWrites
	// ResumeWrites ends the pause.
	ResumeWrites
	// NeedNoReplicas lets it take writes without replicas: for want of them it refuses a write before it holds it back.
	NeedNoReplicas
	// EndScript ends the script that keeps it from answering, or, where that has written, the process: what it has not
	// acknowledged it never will.
	EndScript
	// Reconnect ends its link to its master, which it makes anew at once.
	Reconnect
)

// String names the kind as traces do.
func (k CommandKind) String() string {
	return [...]string{"replicate from", "become master", "disconnect clients", "pause writes", "resume writes", "need no replicas", "end script", "reconnect"}[k]
}

// Command is one command to my own Redis.
type Command struct {
	Do CommandKind
	// Master of ReplicateFrom.
	Master model.Address
	// OnlyFrom, where it is set, makes ReplicateFrom a no-op unless the Redis still follows this address: a Sentinel may have
	// pointed it elsewhere since it was asked.
	OnlyFrom model.Address
	// Run of BecomeMaster: another process at the same place is not promoted.
	Run string
	// For is how long PauseWrites lasts at most.
	For time.Duration
}
