// SPDX-License-Identifier: Apache-2.0

// Package status is what an agent says of itself over HTTP: to the kubelet's probes and hook, to Prometheus and to people.
package status

import "time"

// Status is what the agent says of itself at contract.PathStatus.
type Status struct {
	Pod      string    `json:"pod"`
	Group    string    `json:"group,omitempty"`
	Ready    bool      `json:"ready"`
	Action   string    `json:"action"`
	Reason   string    `json:"reason"`
	Sentence string    `json:"sentence"`
	Epoch    uint64    `json:"epoch,omitempty"`
	Master   string    `json:"master,omitempty"`
	At       time.Time `json:"at"`
	Error    string    `json:"error,omitempty"`
	Groups   []Status  `json:"groups,omitempty"`
}
