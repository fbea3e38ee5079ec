// SPDX-License-Identifier: Apache-2.0

// Package app holds the commands of the webhook's binary, a file for each, and wires together what they need.
//
// A command gets everything from outside in one Process: arguments, environment, streams, clock and version. serve is the
// only one that runs for long; the others ask one question and end. inject and serve answer by the same admit.Reviewer, so
// that what inject prints is what serve would do.
package app
