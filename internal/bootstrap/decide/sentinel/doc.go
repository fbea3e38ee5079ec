// SPDX-License-Identifier: Apache-2.0

// Package sentinel decides for the agent that runs beside a Sentinel: from one view of one replication group it chooses what
// its Sentinel, the group's record and the role labels are to become.
//
// It is as pure as package decide, and has the same loop. Sentinels follow the record by what they are told as if by a peer;
// the record follows a Sentinel where that has finished a failover. docs/protocol.md says which of the two wins when.
package sentinel
