// SPDX-License-Identifier: Apache-2.0

package schedule

import "time"

// Kind is one way to disturb a pod, or the group.
type Kind string

// The kinds. What is planned in Kubernetes comes first.
const (
	// Handover asks for another master by the annotation.
	Handover Kind = "handover"
	// Delete deletes a pod with its hook and its grace period.
	Delete Kind = "delete"
	// Rollout restarts the group as `kubectl rollout restart` does.
	Rollout Kind = "rollout"
	// ForceDelete takes a pod out of the API at once, while its processes end in their own time.
	ForceDelete Kind = "force-delete"
	// Crash ends all processes of a pod at once and deletes it by force, as if its machine were lost.
	Crash Kind = "crash"
	// KillRedis ends Redis, or the Sentinel, by SIGKILL; the kubelet starts it again in the same pod.
	KillRedis Kind = "kill-redis"
	// KillAgent does so with the agent.
	KillAgent Kind = "kill-agent"
	// KillBoth does so with both at the same time.
	KillBoth Kind = "kill-both"
	// Freeze lets a pod stand still, and go on later as if nothing had been.
	Freeze Kind = "freeze"
	// CutAPI cuts a pod off from the API server.
	CutAPI Kind = "cut-api"
	// CutPeers cuts a pod off from the other pods of its StatefulSet.
	CutPeers Kind = "cut-peers"
	// CutAll cuts a pod off from everything but its kubelet.
	CutAll Kind = "cut-all"
)

// Target names a pod by what it is when a step begins; Sentinels by their ordinal.
type Target string

// The targets. Replicas are numbered in the order of their names.
const (
	Group     Target = "group"
	Master    Target = "master"
	Replica0  Target = "replica-0"
	Replica1  Target = "replica-1"
	Sentinel0 Target = "sentinel-0"
	Sentinel1 Target = "sentinel-1"
	Sentinel2 Target = "sentinel-2"
)

// IsReplica reports whether the target is a replica.
func (t Target) IsReplica() bool { return t == Replica0 || t == Replica1 }

// IsSentinel reports whether the target is a Sentinel.
func (t Target) IsSentinel() bool { return t == Sentinel0 || t == Sentinel1 || t == Sentinel2 }

// Fault is one fault of a step.
type Fault struct {
	Kind   Kind
	Target Target
	// After is the time from the beginning of the step, in whole milliseconds.
	After time.Duration
	// For is how long a fault lasts that ends; 0 for the others.
	For time.Duration
}

// Step is what comes at once. The next step waits until the group is whole again.
type Step []Fault

// traits are what the generator and the promises have to know of a kind.
type traits struct {
	kind Kind
	// weight is how often it comes, beside the others.
	weight  int
	targets []Target
	// node marks what can be done only where the node is in reach.
	node bool
	// destroys marks what takes the data of a pod without volumes with it.
	destroys bool
	// stops marks what keeps a pod from being heard, without a word before.
	stops bool
	// least and most bound how long it lasts.
	least, most time.Duration
}

var (
	servers   = []Target{Master, Master, Replica0, Replica1} // a master's faults say most
	sentinels = []Target{Sentinel0, Sentinel1, Sentinel2}
	everyone  = append(append([]Target{}, servers...), sentinels...)
)

var kinds = []traits{
	{kind: Handover, weight: 4, targets: []Target{Group}},
	{kind: Delete, weight: 4, targets: everyone, destroys: true},
	{kind: Rollout, weight: 1, targets: []Target{Group}, destroys: true},
	{kind: ForceDelete, weight: 2, targets: everyone, destroys: true, stops: true},
	{kind: Crash, weight: 3, targets: everyone, node: true, destroys: true, stops: true},
	{kind: KillRedis, weight: 3, targets: everyone, node: true, destroys: true, stops: true},
	{kind: KillAgent, weight: 2, targets: everyone, node: true},
	{kind: KillBoth, weight: 2, targets: everyone, node: true, destroys: true, stops: true},
	// From a breath that nobody notices to longer than down-after and failover-timeout together.
	{kind: Freeze, weight: 3, targets: everyone, node: true, stops: true, least: time.Second, most: 20 * time.Second},
	{kind: CutAPI, weight: 2, targets: everyone, node: true, least: 2 * time.Second, most: 20 * time.Second},
	{kind: CutPeers, weight: 2, targets: everyone, node: true, least: 2 * time.Second, most: 20 * time.Second},
	{kind: CutAll, weight: 3, targets: everyone, node: true, stops: true, least: 2 * time.Second, most: 20 * time.Second},
}

func (f Fault) traits() traits {
	for _, known := range kinds {
		if known.kind == f.Kind {
			return known
		}
	}
	return traits{}
}

// destroysData reports whether data of the group may go with it; a Sentinel has none.
func (f Fault) destroysData() bool { return f.traits().destroys && !f.Target.IsSentinel() }

// staysInPlace reports whether the pod, and its network, are the same afterwards.
func (f Fault) staysInPlace() bool {
	return f.Target == Group || f.Kind == KillRedis || f.Kind == KillAgent || f.Kind == KillBoth
}

// Planned reports whether the group promises to lose no acknowledged write in this step, confirmed by a replica or not. It does, unless
// a master may stop without a word: who leads, or who may have become master by another fault of the step.
func (s Step) Planned() bool {
	moves := false
	for _, fault := range s {
		if fault.traits().stops && fault.Target == Master {
			return false
		}
		moves = moves || fault.Target == Group || fault.Kind == Delete && fault.Target == Master
	}
	for _, fault := range s {
		if moves && fault.traits().stops && fault.Target.IsReplica() {
			return false
		}
	}
	return true
}

// Survivable reports whether the protocol promises that what a replica had confirmed outlives the step, and that the group is whole
// afterwards. Two pods that lose their data at once may be the two that had a write. Two faults of one pod may meet only where the pod
// stays, and no fault twice: what is gone cannot be disturbed, what is frozen cannot end, and healing one cut would heal the other.
func (s Step) Survivable() bool {
	destroyed, lasting := 0, 0
	for i, fault := range s {
		if fault.destroysData() {
			destroyed++
		}
		if fault.For > 0 && !fault.Target.IsSentinel() {
			lasting++
		}
		for _, other := range s[:i] {
			if fault.Target == other.Target && (fault.Kind == other.Kind || !fault.staysInPlace() || !other.staysInPlace()) {
				return false
			}
		}
	}
	return destroyed <= 1 && lasting <= 1
}
