// SPDX-License-Identifier: Apache-2.0

// Package world is what an end-to-end test and the demo see and do in a real cluster: it applies files as a user would, asks
// every source that has an opinion about a group's master, writes through Sentinel with a real client, and breaks things.
//
// A test reads like this: connect, make a namespace, apply, wait until the group is formed, start a writer, break something,
// wait, stop the writer and count what was lost. Every wait has a deadline and says at its end what was still missing. The
// package asserts nothing and does not import package testing.
package world
