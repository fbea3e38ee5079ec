// SPDX-License-Identifier: Apache-2.0

// Package process shows with real Redis, real Sentinels, the real agent and a real API server what the protocol of the agents
// does, a scenario in seconds. Package lab is what it is built on.
package process
