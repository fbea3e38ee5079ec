// SPDX-License-Identifier: Apache-2.0

package mutate

// Reason is the one word for why an object was changed, let through or refused. The set is closed, because it is a metric label.
type Reason string

// Reasons of objects that are let through.
const (
	// Injected means that the agent was added.
	Injected Reason = "Injected"
	// AlreadyInjected means that everything was there already.
	AlreadyInjected Reason = "AlreadyInjected"
	// Repaired means that the agent was there, but something of it was missing or different.
	Repaired Reason = "Repaired"
	// Stamped means that the StatefulSet's template got the label, or its copied annotations changed.
	Stamped Reason = "Stamped"
	// Unstamped means that the label was taken out of the template again.
	Unstamped Reason = "Unstamped"
	// Unchanged means that the StatefulSet needs nothing.
	Unchanged Reason = "Unchanged"
	// NotOptedIn means that neither the object nor its Namespace asks for us.
	NotOptedIn Reason = "NotOptedIn"
	// OptedOut means that the label says disabled.
	OptedOut Reason = "OptedOut"
	// MirrorPod is the kubelet's own, which cannot be changed.
	MirrorPod Reason = "MirrorPod"
	// NotRedis is reached by the Namespace's label, and has neither Redis nor Sentinel in it.
	NotRedis Reason = "NotRedis"
	// Deleting means that the object is on its way out.
	Deleting Reason = "Deleting"
)

// Reasons of refusals.
const (
	// DeniedMalformed means that the object could not be decoded.
	DeniedMalformed Reason = "DeniedMalformed"
	// DeniedLabel refuses a value of the opt-in label other than enabled and disabled.
	DeniedLabel Reason = "DeniedLabel"
	// DeniedAnnotation refuses an unknown key below our prefix, or a value that makes no sense.
	DeniedAnnotation Reason = "DeniedAnnotation"
	// DeniedPolicy means that the policy has no answer for the object, or does not allow what an annotation asks for.
	DeniedPolicy Reason = "DeniedPolicy"
	// DeniedNoStatefulSet refuses a pod that no StatefulSet controls.
	DeniedNoStatefulSet Reason = "DeniedNoStatefulSet"
	// DeniedContainer means that it is not clear which container holds Redis.
	DeniedContainer Reason = "DeniedContainer"
	// DeniedImage means that the image holds something else than a Redis that can be kept, or hides what it starts.
	DeniedImage Reason = "DeniedImage"
	// DeniedVersion means that the server is too old.
	DeniedVersion Reason = "DeniedVersion"
	// DeniedHostNetwork refuses a pod that shares the node's network.
	DeniedHostNetwork Reason = "DeniedHostNetwork"
	// DeniedCommand means that the command line hides the server.
	DeniedCommand Reason = "DeniedCommand"
	// DeniedOption means that an option of the command line contradicts replication.
	DeniedOption Reason = "DeniedOption"
	// DeniedSharedClaim means that all pods would write into one volume claim.
	DeniedSharedClaim Reason = "DeniedSharedClaim"
	// DeniedConflict means that a name, path or port of ours is taken.
	DeniedConflict Reason = "DeniedConflict"
	// DeniedRelease means that the label is taken off a group that has replicas.
	DeniedRelease Reason = "DeniedRelease"
)

// String is the reason as it stands in logs and metrics.
func (r Reason) String() string { return string(r) }
