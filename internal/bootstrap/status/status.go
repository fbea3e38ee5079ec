// SPDX-License-Identifier: Apache-2.0

// Package status is what an agent says of itself over HTTP: to the kubelet's probes and hook, to Prometheus and to people.
package status

import "time"

// Status is what the agent says of itself at contract.PathStatus.
type Status struct {
	Pod   string `json:"pod"`
	Group string `json:"group,omitempty"`
	// Label is what metrics call the group: the same beside its Redis and beside its Sentinels, whatever these call it.
	Label    string    `json:"-"`
	Ready    bool      `json:"ready"`
	Action   string    `json:"action"`
	Reason   string    `json:"reason"`
	Sentence string    `json:"sentence"`
	Epoch    uint64    `json:"epoch,omitempty"`
	Master   string    `json:"master,omitempty"`
	At       time.Time `json:"at"`
	Error    string    `json:"error,omitempty"`
	Groups   []Status  `json:"groups,omitempty"`
	// Redis is what the agent of a Redis saw of it and of the Sentinels; nil for the agent of a Sentinel.
	Redis *Redis `json:"redis,omitempty"`
	// Sentinel is what the agent of a Sentinel knows that is of no group; nil for the agent of a Redis.
	Sentinel *Sentinel `json:"sentinel,omitempty"`
}

// Sentinel is what the agent of a Sentinel knows that is of no group.
type Sentinel struct {
	// TokenRefused reports whether the API refuses the token of the pod.
	TokenRefused bool `json:"tokenRefused"`
}

// Redis is what an agent saw of its Redis.
type Redis struct {
	// Role is master, replica or unknown.
	Role string `json:"role"`
	// LinkUp reports whether a replica's link to its master is up, and LinkIdleSeconds for how long nothing has come over it.
	LinkUp          bool    `json:"linkUp"`
	LinkIdleSeconds float64 `json:"linkIdleSeconds"`
	// Offset is how far it is in its history, and Replicas how many it streams to.
	Offset   int64 `json:"offset"`
	Replicas int   `json:"replicas"`
	// Sentinels is the size of the set, and Agreeing how many of them name the pod that the record names.
	Sentinels int `json:"sentinels"`
	Agreeing  int `json:"agreeing"`
	// TokenRefused reports whether the API refuses the token of the pod.
	TokenRefused bool `json:"tokenRefused"`
}
