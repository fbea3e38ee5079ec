// SPDX-License-Identifier: Apache-2.0

package model

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
