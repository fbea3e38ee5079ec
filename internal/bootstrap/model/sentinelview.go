// SPDX-License-Identifier: Apache-2.0

package model

import "time"

// SentinelView is everything that one observation heard of one group, beside one Sentinel.
type SentinelView struct {
	Now    time.Time
	Own    OwnSentinel
	Record Record
	// RecordGone reports whether a live read answered that the record does not exist.
	RecordGone bool
	// NameTaken reports whether another group has the name under which the record wants to be watched.
	NameTaken bool
	// Elsewhere reports whether the record exists and names another Sentinel set.
	Elsewhere bool
	Want      Watching
	// Pods of the group, each with what its Redis answered, if it was asked.
	Pods []Pod
	// ForeignServers are addresses that the record or my Sentinel names, that no pod of the group has, and where a server
	// answers.
	ForeignServers []Address
	// PodsKnown reports whether the list of pods is the API's, not the leftovers of a failed watch.
	PodsKnown bool
	// Peers are the other Sentinels of my set as they really are.
	Peers []Peer
	// CurrentEpoch is the greatest current-epoch that my Sentinel has stored.
	CurrentEpoch uint64
}
