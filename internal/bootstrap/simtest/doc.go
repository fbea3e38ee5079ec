// SPDX-License-Identifier: Apache-2.0

// Package simtest runs the agents' decisions in a simulated world: one seed, one story, the same every time.
//
// The world has Redis servers, Sentinels with their real rules, an API with watches and a compare-and-swap, clients, and a
// clock that jumps from event to event. Only the agents' own code is real: what they decide and how they carry it out. A script
// of faults runs for a while, then all faults end, and the group has to become whole again. What must never happen is checked
// after each step (rules.go); what must happen in the end is checked there (run.go).
//
// Faults end processes, pods, machines and volumes (crashing.go), cut and slow what is between them (disconnecting.go, slowing.go), and
// meddle (meddling.go). Smaller ones touch one thing alone: an act of an agent (mishaps.go), one of its watches (stale.go), what the API
// takes (refusing.go), a server's connections (full.go) and its disk (disks.go).
//
// What is left out is left out on purpose: no bytes, no TCP, no memory. There is no sync that takes minutes and no buffer that overflows, no
// load that is broken off, no adoption and no release, and no users and keys. What the models do was read off real servers;
// test/process holds them against real ones.
package simtest
