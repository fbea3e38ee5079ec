// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"slices"
	"strings"
	"time"
)

// fault is one way in which a master changes, or has to.
type fault struct {
	// name is what it is called by in results and flags.
	name string
	// memory is for groups without volumes.
	memory bool
	// slow faults take seconds, most of them spent waiting: they are done to all arms at the same time. What one arm costs the
	// others is milliseconds.
	slow bool
	// do lets it happen and returns when the arm is whole again.
	do func(ctx context.Context, r *round) error
	// expect is how long a round takes, for the first estimate of the time that is left.
	expect time.Duration
}

// faults are all of them. Those on volumes come first, so that the arms are made anew once.
var faults = []fault{
	{name: "nothing", do: nothing, expect: 15 * time.Second},
	{name: "request", do: request, expect: 15 * time.Second},
	{name: "delete", do: deleted, expect: 25 * time.Second},
	{name: "drain", do: drained, expect: 25 * time.Second},
	{name: "rollout", do: rolledOut, expect: 60 * time.Second},
	{name: "rollout-sentinels", do: rolledOutSentinels, expect: 60 * time.Second},
	{name: "rollout-both", do: rolledOutBoth, expect: 90 * time.Second},
	{name: "kill", do: killed, expect: 15 * time.Second},
	{name: "crash", do: crashed, expect: 25 * time.Second},
	{name: "island", slow: true, do: islanded, expect: 40 * time.Second},
	{name: "script", slow: true, do: scripted, expect: 35 * time.Second},
	{name: "frozen", slow: true, do: frozen, expect: 90 * time.Second},
	{name: "two-sentinels", slow: true, do: twoSentinelsGone, expect: 60 * time.Second},
	{name: "api-away", do: apiAway, expect: 60 * time.Second},
	{name: "all", do: allCrashed, expect: 40 * time.Second},
	{name: "kill-memory", memory: true, do: killed, expect: 15 * time.Second},
	{name: "all-memory", memory: true, do: allCrashed, expect: 40 * time.Second},
}

// chosen are the faults of a list with commas between the names, in the order of the table; an empty list names all.
func chosen(names string) (found []fault, unknown []string) {
	if names == "" {
		return faults, nil
	}
	wanted := strings.Split(names, ",")
	for _, f := range faults {
		if i := slices.Index(wanted, f.name); i >= 0 {
			found = append(found, f)
			wanted = slices.Delete(wanted, i, i+1)
		}
	}
	return found, wanted
}
