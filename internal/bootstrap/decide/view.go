// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"net"
	"strconv"
	"time"
)

// Address is where a Redis server announces itself. The zero value means "none".
type Address struct {
	Host string
	Port int
}

// String gives host:port, with brackets round an IPv6 host.
func (a Address) String() string {
	if a == (Address{}) {
		return "nowhere"
	}
	return net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
}

// FenceAddress is the address that a fenced Redis follows: nothing listens there, and nobody else can.
var FenceAddress = Address{Host: "127.0.0.1", Port: 1}

// Answer says how a server answered. Silence is a value of its own: it is neither yes nor no.
type Answer int

const (
	// Silent means that nothing usable came back before the deadline.
	Silent Answer = iota
	// Loading means that the process lives and reads its data set.
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
	// Replica follows another address, perhaps nowhere.
	Replica
)

// Redis is what one Redis server said of itself in this observation.
type Redis struct {
	Answer Answer
	Role   Role
	// Following is the configured master of a replica.
	Following Address
	// LinkUp: the replication link to that master stands and no full sync is running.
	LinkUp bool
	// Syncing: a full sync is running.
	Syncing bool
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
	// Priority is replica-priority as a replica announces it; 0 is never elected by Sentinel.
	Priority int
	// PersistenceError: the last save or append failed.
	PersistenceError bool
	// TooOld: its version lacks what the agents need, such as a pause of writes alone.
	TooOld bool
	// Refused: it is silent because nothing listens at its address: three connects in a row were refused. Known of my own only.
	Refused bool
}

// Pod is one pod of the group, as the API knows it and as its Redis answered.
type Pod struct {
	Name    string
	Ordinal int
	UID     string
	Address Address
	// VolumeClaim is the uid of its data claim, or of the pod itself where data dies with the pod.
	VolumeClaim string
	// Injected: the pod has an agent.
	Injected    bool
	Ready       bool
	Terminating bool
	// Updated: it is of the StatefulSet's newest revision.
	Updated bool
	// Label is the role label that the pod bears.
	Label string
	Redis Redis
}

// Sentinel is what one Sentinel of the set said of this group.
type Sentinel struct {
	Name     string
	Answered bool
	// Monitors is false when it answered that it does not know the group.
	Monitors bool
	// Address is the reply of GET-MASTER-ADDR-BY-NAME: the ip and port of SENTINEL MASTER lie during a failover.
	Address     Address
	ConfigEpoch uint64
	// MasterDown: it flags its master s_down.
	MasterDown bool
	// FailoverInProgress: nothing is adopted from it meanwhile.
	FailoverInProgress bool
}

// Member is what the record remembers of one ordinal.
type Member struct {
	// VolumeClaim is the uid of the data claim (or of the pod) that belonged to the group.
	VolumeClaim string `json:"claim"`
	// InSync: its link was up when the set of members last changed.
	InSync bool `json:"insync,omitempty"`
}

// Offer is the mastership that a holder holds out to one process of another pod.
type Offer struct {
	PodUID string `json:"podUID"`
	RunID  string `json:"runID"`
	ReplID string `json:"replID"`
	Offset int64  `json:"offset"`
	// Reason is why it is offered.
	Reason string `json:"reason"`
}

// Record is the Lease of the group.
type Record struct {
	// Known: it has been read at least once in this agent's life.
	Known bool
	// UID is the identity of the record itself: one that was deleted and made anew has another history.
	UID string
	// Holder is the master's pod name, for people; identity is PodUID with Address.
	Holder  string
	PodUID  string
	Address Address
	Epoch   uint64
	// Lineage holds the replication ids of the history, newest first.
	Lineage []string
	// Members by ordinal.
	Members map[int]Member
	Offer   *Offer
	// Version is the resourceVersion that a compare-and-swap is guarded by.
	Version string
}

// HasHolder says that the group has been formed.
func (r Record) HasHolder() bool { return r.Known && r.PodUID != "" && r.Epoch > 0 }

// View is everything that one observation of a group heard. Order of the slices carries no meaning.
type View struct {
	Now time.Time
	// Self is my pod, Self.Redis my own Redis.
	Self Pod
	// UIDByName is the uid that the API shows under my pod's name; empty when the API did not say.
	UIDByName string
	// Peers are the other pods of the group.
	Peers []Pod
	// VolumeClaims are the ordinals whose data claim exists.
	VolumeClaims []int
	// Replicas is spec.replicas of the StatefulSet; negative when unknown.
	Replicas int
	// FirstOrdinal is spec.ordinals.start.
	FirstOrdinal int
	// OrderedReady: pods are born one after the other, each when the one before it is Ready.
	OrderedReady bool
	// SetGone: a live read says that the StatefulSet does not exist.
	SetGone bool
	// Sentinels that the set has, silent ones included.
	Sentinels []Sentinel
	Record    Record
	// API: the record and the pods are as the API shows them now, not as it showed them before an outage.
	API bool
	// HelloEpoch is the greatest current-epoch heard from Sentinels on my own Redis.
	HelloEpoch uint64
	// Leaving: my pod is about to end, by the kubelet's hook or by its deletion.
	Leaving bool
	// Releasing: the template has lost the opt-in label, so that pods are replaced by plain ones from the highest ordinal.
	Releasing bool
	Config    Config
}

// Config is what users and policy decided for the group.
type Config struct {
	DownAfter       time.Duration
	FailoverTimeout time.Duration
	// RecoveryTimeout bounds the wait for a possible holder of data that does not answer.
	RecoveryTimeout time.Duration
	// InitialMaster names the pod whose data leads where several data sets stand against each other.
	InitialMaster string
	// ReplaceData names the pod whose foreign data may be replaced.
	ReplaceData string
	// Priority and ServeStale are the user's own values, given back to a replica once it is synced.
	Priority   int
	ServeStale bool
	// MinReplicas is applied while at least two replicas are online.
	MinReplicas int
}
