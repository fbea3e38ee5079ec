// SPDX-License-Identifier: Apache-2.0

package model

import "time"

// Sentinel is what one Sentinel of the set said of this group.
type Sentinel struct {
	Name     string
	Answered bool
	// Monitors is false when it answered that it does not know the group.
	Monitors bool
	// Address is the reply of GET-MASTER-ADDR-BY-NAME: the ip and port of SENTINEL MASTER lie during a failover.
	Address     Address
	ConfigEpoch uint64
	// MasterDown reports whether it flags its master s_down.
	MasterDown bool
	// Replicas is how many it lists; it elects none but of these.
	Replicas int
	// HeardAgo is how long ago its master last answered it as one that is well does: until down-after is over from then, it takes
	// nobody else.
	HeardAgo time.Duration
	// FailoverInProgress reports whether it runs a failover; nothing is adopted from it meanwhile.
	FailoverInProgress bool
	// Elected reports whether it has been elected to lead that failover, or was ordered to: it promotes a replica next.
	Elected bool
	// Promoted reports whether it has done so, and only points the other replicas at the new master any more, which is its address.
	Promoted bool
}

// Watching is how a group is watched: as the record's settings say, or as a Sentinel says it does.
type Watching struct {
	Quorum          int
	DownAfter       time.Duration
	FailoverTimeout time.Duration
	ParallelSyncs   int
	// As is what the Sentinel presents to the servers of the group; it never says so itself. Empty: nothing.
	As Credential
}

// Peer is another Sentinel: its identity, and where it is.
type Peer struct {
	ID      string
	Address Address
}

// SeenReplica is a replica as a Sentinel lists it.
type SeenReplica struct {
	Address Address
	Down    bool
	// Priority is replica-priority as the Sentinel last read it, at most ten seconds ago; 0 is never elected.
	Priority int
}

// OwnSentinel is what my Sentinel says of the group.
type OwnSentinel struct {
	Sentinel
	Watching Watching
	Replicas []SeenReplica
	Peers    []Peer
	// PeersSeen is how many of its peers it does not flag as down.
	PeersSeen int
}

// Announcement says, as the hello of a Sentinel does, which address is master of a group since which epoch.
type Announcement struct {
	// Group is Sentinel's name of it.
	Group  string
	Master Address
	Epoch  uint64
}
