// SPDX-License-Identifier: Apache-2.0

package model

import "time"

// View is everything that one observation of a group heard. Order of the slices carries no meaning.
type View struct {
	// Now is when the observation began, and Took how long it took: as long as an answer is waited for, where somebody is silent.
	Now  time.Time
	Took time.Duration
	// Self is my pod, Self.Redis my own Redis.
	Self Pod
	// UIDByName is the uid that the API shows under my pod's name; empty when the API did not say.
	UIDByName string
	// Peers are the other pods of the group.
	Peers []Pod
	// VolumeClaims are the ordinals whose volume claim exists.
	VolumeClaims []int
	// Replicas is spec.replicas of the StatefulSet; negative when unknown.
	Replicas int
	// FirstOrdinal is spec.ordinals.start.
	FirstOrdinal int
	// OrderedReady reports whether pods are created one after the other, each when the one before it is Ready.
	OrderedReady bool
	// SetUID is the identity of the StatefulSet; empty when unknown.
	SetUID string
	// SetGone reports whether a live read says that the StatefulSet does not exist.
	SetGone bool
	// Sentinels are those of the set, silent ones included.
	Sentinels []Sentinel
	Record    Record
	// API reports whether the record is as the API shows it now, not as it showed it before an outage.
	API bool
	// TokenRefused reports whether the API answers, and knows nobody by the token of my pod.
	TokenRefused bool
	// PodsListed reports whether the pods are as a list of this moment shows them, so that one which is not among them does not
	// exist. A watch never proves that: it may stand still without saying so.
	PodsListed bool
	// Ghost is what answers at the recorded address where no pod that the view shows has it: perhaps what is left of a pod that was
	// deleted by force.
	Ghost Redis
	// HelloEpoch is the greatest current-epoch heard from Sentinels on my own Redis.
	HelloEpoch uint64
	// Access is by which passwords my Redis and the others of the group know each other, and Use what the record shall say of
	// that; nil leaves the record alone.
	Access Access
	Use    *KeyUse
	// Leaving reports whether my pod is about to end, by the kubelet's hook or by its deletion.
	Leaving bool
	// Grace is how long my pod has to end, once it must; zero while that is not known.
	Grace time.Duration
	// Word is what the holder of the record has given me for its sealed offer; empty while it has not.
	Word string
	// Yielded reports whether my agent has held writes back since the last turn, because a Sentinel announced its election.
	Yielded bool
	// Releasing reports whether the template has lost the opt-in label, so that pods are replaced by plain ones from the
	// highest ordinal.
	Releasing bool
	Config    Config
}

// Config is what users and policy decided for the group.
type Config struct {
	DownAfter       time.Duration
	FailoverTimeout time.Duration
	// RecoveryTimeout bounds the wait for a candidate that does not answer.
	RecoveryTimeout time.Duration
	// CrashLoss is how far a replica may be behind a master that crashed, in time, to take over from one whose data will be back.
	CrashLoss time.Duration
	// InitialMaster names the pod whose data leads where several data sets compete.
	InitialMaster string
	// Handover names the pod to which a person wants the mastership given, or is contract.HandoverAny, which asks the pod HandoverFrom.
	Handover, HandoverFrom string
	// ReplaceData names the pod whose foreign data may be replaced.
	ReplaceData string
	// Priority and ServeStale are the user's own values, given back to a replica once it is synced.
	Priority   int
	ServeStale bool
	// MinReplicas is applied while at least two replicas are online, and MaxLag is for how many seconds one counts that is not heard
	// of.
	MinReplicas int
	MaxLag      int
}
