// SPDX-License-Identifier: Apache-2.0

// Package bootstrap is the agent: it repeats observe, decide, act for as long as its pod lives.
//
// In a Redis pod (redisagent) it owns that Redis' configuration and role; in a Sentinel pod (sentinelagent) that Sentinel's. It never
// takes its server down: an error or a panic in a turn, in one of its questions, in a watch or in what runs beside the turns ends just
// that. The process ends on SIGTERM, and where it could never work: its start, or the server of its probes, failed or panicked. All
// goroutines of an agent are joined before it ends.
package bootstrap
