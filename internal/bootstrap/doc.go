// SPDX-License-Identifier: Apache-2.0

// Package bootstrap is the agent: it repeats observe, decide, act for as long as its pod lives.
//
// In a Redis pod (redisagent) it owns that Redis' configuration and role; in a Sentinel pod (sentinelagent) that Sentinel's. It never
// takes its server down: an error or a panic ends a turn, not the process, and only SIGTERM ends the process. All goroutines of an
// agent are joined before it ends.
package bootstrap
