// SPDX-License-Identifier: Apache-2.0

// Package simtest runs the agents' decisions in a simulated world: one seed, one story, the same every time.
//
// The world has Redis servers, Sentinels with their real rules, an API with watches and a compare-and-swap, clients, and a
// clock that jumps from event to event. Only the agents' own code is real: what they decide and how they carry it out. A script
// of faults runs for a while, then all faults end, and the group has to become whole again. What must never happen is checked
// after each step (rules.go); what must happen in the end is checked there (run.go).
//
// What is left out is left out on purpose: no bytes, no TCP, no memory. What the models do was read off real servers;
// test/process holds them against real ones.
package simtest
