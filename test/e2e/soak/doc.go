// SPDX-License-Identifier: Apache-2.0

// Package soak disturbs one group for long, on a real cluster, while clients write and keep every acknowledgement: handovers in a row,
// and random faults by a seed. It is a share of what is meant to run for an hour (`make soak`) that runs with the end-to-end tests.
//
// Who writes: an application through Sentinel and one through the master's Service, with their library's defaults, and a probe at each
// pod, which finds out whoever acknowledges though others lead. The group has Sentinels of its own, so that they can be disturbed, too.
//
// What the application behind the Service meets is not the promise of a whole group while a pod is cut off from the API or from
// everything: a Service is reached from the node, whose address is the API server's.
//
// Whatever breaks a promise ends the soak with the seed, the schedule up to there, which -soak.replay plays again, and what the
// namespace looks like.
package soak
