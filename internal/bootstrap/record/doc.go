// SPDX-License-Identifier: Apache-2.0

// Package record reads and writes the record of a group: a coordination.k8s.io/v1 Lease whose holder is the master.
//
// It is written by compare-and-swap only. A conflict means that the world has changed: observe again. An answer that never came
// means that the outcome is unknown: read back before anything else. renewTime is not used; the record is not a heartbeat.
package record
