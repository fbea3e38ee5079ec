// SPDX-License-Identifier: Apache-2.0

package mutate

// Reason is the one word for why an object was changed, let through or refused. The set is closed, because it is a metric label.
type Reason string

// Reasons of objects that are let through.
const (
	// Injected: the agent was added.
	Injected Reason = "Injected"
	// AlreadyInjected: everything was there already.
	AlreadyInjected Reason = "AlreadyInjected"
	// Repaired: the agent was there, but something of it was missing or different.
	Repaired Reason = "Repaired"
	// Stamped: the StatefulSet's template got the label, or its copied annotations changed.
	Stamped Reason = "Stamped"
	// Unstamped: the label was taken out of the template again.
	Unstamped Reason = "Unstamped"
	// Unchanged: the StatefulSet needs nothing.
	Unchanged Reason = "Unchanged"
	// NotOptedIn: neither the object nor its Namespace asks for us.
	NotOptedIn Reason = "NotOptedIn"
	// OptedOut: the label says disabled.
	OptedOut Reason = "OptedOut"
	// MirrorPod: the kubelet's own, cannot be changed.
	MirrorPod Reason = "MirrorPod"
	// NotRedis: reached by the Namespace's label, and no Redis or Sentinel in it.
	NotRedis Reason = "NotRedis"
	// Deleting: the object is on its way out.
	Deleting Reason = "Deleting"
)

// Reasons of refusals.
const (
	// DeniedMalformed: the object could not be decoded.
	DeniedMalformed Reason = "DeniedMalformed"
	// DeniedLabel: a value of the opt-in label other than enabled and disabled.
	DeniedLabel Reason = "DeniedLabel"
	// DeniedAnnotation: an unknown key below our prefix, or a value that makes no sense.
	DeniedAnnotation Reason = "DeniedAnnotation"
	// DeniedPolicy: the policy has no answer for the object, or does not allow what an annotation asks for.
	DeniedPolicy Reason = "DeniedPolicy"
	// DeniedNoStatefulSet: a pod that no StatefulSet controls.
	DeniedNoStatefulSet Reason = "DeniedNoStatefulSet"
	// DeniedContainer: it is not clear which container holds Redis.
	DeniedContainer Reason = "DeniedContainer"
	// DeniedHostNetwork: the pod shares the node's network.
	DeniedHostNetwork Reason = "DeniedHostNetwork"
	// DeniedCommand: the command line hides the server.
	DeniedCommand Reason = "DeniedCommand"
	// DeniedOption: an option of the command line contradicts replication.
	DeniedOption Reason = "DeniedOption"
	// DeniedSharedClaim: all pods would write into one volume claim.
	DeniedSharedClaim Reason = "DeniedSharedClaim"
	// DeniedConflict: a name, path or port of ours is taken.
	DeniedConflict Reason = "DeniedConflict"
	// DeniedRelease: the label is taken off a group that has replicas.
	DeniedRelease Reason = "DeniedRelease"
)

// String is the reason as it stands in logs and metrics.
func (r Reason) String() string { return string(r) }
