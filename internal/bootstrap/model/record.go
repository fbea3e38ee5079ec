// SPDX-License-Identifier: Apache-2.0

package model

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
