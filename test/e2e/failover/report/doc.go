// SPDX-License-Identifier: Apache-2.0

// Package report tells what the benchmark measured: which bars are held, as a page and as a picture. All of it is made from the results
// alone, the same every time.
package report

import "time"

// Fault is how a fault is called by the results, and by the page.
type Fault struct{ Name, Title string }

// Faults are all of them, in the order in which they are told.
var Faults = []Fault{
	{"nothing", "nothing (the floor of the measurement)"},
	{"request", "handover on request"},
	{"delete", "master pod deleted"},
	{"drain", "master pod evicted (drain)"},
	{"rollout", "rollout restart of the group"},
	{"rollout-sentinels", "rollout restart of the Sentinels"},
	{"rollout-both", "rollout restart of both"},
	{"kill", "SIGKILL in place, with persistence"},
	{"kill-memory", "SIGKILL in place, without persistence"},
	{"crash", "killed and deleted by force"},
	{"frozen", "frozen for 60 s"},
	{"island", "island: cut from all but a client beside it"},
	{"script", "script busy past down-after"},
	{"two-sentinels", "two of three Sentinels gone, master frozen"},
	{"api-away", "webhook and API away, master crashed"},
	{"all", "all pods at once by force, volumes kept"},
	{"all-memory", "all pods at once by force, no volumes"},
}

// The settings of the groups that are compared.
const (
	DownAfter       = 5 * time.Second
	FailoverTimeout = 10 * time.Second
)
