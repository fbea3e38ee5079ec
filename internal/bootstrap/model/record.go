// SPDX-License-Identifier: Apache-2.0

package model

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strconv"
	"time"
)

// Member is what the record remembers of one ordinal.
type Member struct {
	// VolumeClaim is the uid of the volume claim (or of the pod) that belonged to the group.
	VolumeClaim string `json:"claim"`
	// InSync reports whether its link was up when the set of members last changed.
	InSync bool `json:"insync,omitempty"`
}

// Offer is the mastership as a holder offers it to one process of another pod.
type Offer struct {
	PodUID string `json:"podUID"`
	RunID  string `json:"runID"`
	ReplID string `json:"replID"`
	Offset int64  `json:"offset"`
	// Reason is why it is offered.
	Reason string `json:"reason"`
	// Seal is what the word hashes to that the holder gives once the process has everything; empty where it had that before. The offer
	// is written while clients still write, and means nothing without the word, which is in no record.
	Seal string `json:"seal,omitempty"`
}

// SealOf returns what a word hashes to.
func SealOf(word string) string {
	sum := sha256.Sum256([]byte(word))
	return hex.EncodeToString(sum[:])
}

// Stands reports whether an offer may be accepted by whom it is made to, who was given this word or none.
func (o *Offer) Stands(word string) bool {
	return o.Seal == "" || word != "" && subtle.ConstantTimeCompare([]byte(SealOf(word)), []byte(o.Seal)) == 1
}

// Record is the Lease of the group.
type Record struct {
	// Known reports whether it has been read at least once in this agent's life.
	Known bool
	// UID is the identity of the record itself: one that was deleted and recreated has another history.
	UID string
	// Holder is the master's pod name, for people; identity is PodUID with Address.
	Holder  string
	PodUID  string
	Address Address
	Epoch   uint64
	// Lineage holds the replication ids of the history, newest first.
	Lineage []string
	// Members are indexed by ordinal.
	Members map[int]Member
	Offer   *Offer
	// Change is how the holder came to lead; nil where the record does not say it, as one that an older agent wrote.
	Change *Change
	// Uses says which keys each pod and each Sentinel uses, by uid or name; nil where there is only one generation.
	Uses map[string]KeyUse
	// Version is the resourceVersion that a compare-and-swap is guarded by.
	Version string
}

// Change is a change of master as the record keeps it, for people: no decision asks for it.
type Change struct {
	// From is the pod that led before; empty where the group formed.
	From string `json:"from,omitempty"`
	// To is the uid of the pod that leads since. An agent that knows no changes leaves one standing that is another's.
	To string `json:"to"`
	// Cause is why it leads: the reason of an offer that it accepted, else that of the write which named it.
	Cause Reason `json:"cause"`
	// Epoch is that of the first write which named it.
	Epoch uint64 `json:"epoch"`
	// At is when that was, by the clock of whoever wrote it.
	At time.Time `json:"-"`
}

// LeftOut is a record that a Sentinel starts without, and why.
type LeftOut struct {
	Lease string
	Why   string
}

// LaterThan reports whether a version of a record was written after another, as the API server counts them.
func (r Record) LaterThan(version string) bool {
	mine, errMine := strconv.ParseUint(r.Version, 10, 64)
	other, errOther := strconv.ParseUint(version, 10, 64)
	return errMine == nil && errOther == nil && mine > other
}

// HasHolder reports whether the group has been formed.
func (r Record) HasHolder() bool { return r.Known && r.PodUID != "" && r.Epoch > 0 }
