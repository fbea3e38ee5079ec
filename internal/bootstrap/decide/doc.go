// SPDX-License-Identifier: Apache-2.0

// Package decide decides for the agent of a Redis pod: from one view of a replication group it chooses one action and one reason.
//
// It is pure. It has no clock, no socket, no randomness and no log; what it knows of the world is in the View, what it remembers is
// in the Memory, and both are arguments. The caller's loop is
//
//	for {
//		view := observe()                       // everyone at once, silence is a value
//		decision, memory = decide.Next(view, memory)
//		act(decision)                           // idempotent; what an act did is seen by the next observation
//		wait(decision.Recheck, or a wake-up)
//	}
//
// # The one rule
//
// An epoch names a master of a group, and the greatest epoch wins. Epochs are made by a Sentinel election or by a claim:
// the pod that is to be master writes itself into the record by compare-and-swap and promotes its Redis only afterwards.
// All else in this package follows from that rule and from one more: a node with data never yields to an empty one.
//
// next.go reads like the table of situations; evidence.go, candidates.go and data.go define the words that the table uses (proven
// gone, candidate, overwritable, foreign, best); formation.go and recovery.go choose the leader when there is none. Package
// sentinel is the same for the agent that runs beside a Sentinel.
package decide
