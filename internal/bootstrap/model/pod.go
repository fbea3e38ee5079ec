// SPDX-License-Identifier: Apache-2.0

package model

// Pod is one pod of the group, as the API knows it and as its Redis answered.
type Pod struct {
	Name    string
	Ordinal int
	UID     string
	Address Address
	// VolumeClaim is the uid of its volume claim, or of the pod itself where data dies with the pod.
	VolumeClaim string
	// Injected reports whether the pod has an agent.
	Injected bool
	// Keyed reports whether its agent knows the group's keys; that of an earlier version does not.
	Keyed       bool
	Ready       bool
	Terminating bool
	// Down reports whether its kubelet says that the container of its Redis does not run: it has not yet, or it has ended. That may be a
	// second or two old.
	Down bool
	// Updated reports whether it is of the StatefulSet's newest revision.
	Updated bool
	// Label is the role label of the pod.
	Label string
	Redis Redis
}
