// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/failover/measure"
)

const head = `# How long a change of master takes

<!-- Written by ` + "`make bench-failover`" + ` from failover.jsonl. Do not edit. -->

![Longest time without an acknowledged write, for each fault, ours beside plain Sentinel and coordinated failover](failover.svg)

## Method

Each fault is done in turn to each arm, on one cluster and in one run: round 1 of every arm, then round 2. Those that take seconds, most
of them spent waiting (island, script, frozen, two Sentinels gone), are done to all arms at the same time: what one costs the others is milliseconds.

| arm | what it is |
|---|---|
| ours | a labelled StatefulSet of three, default policy, three Sentinels |
| plain | the same servers and three Sentinels without us: names instead of addresses, volumes, the same down-after (5 s) and failover-timeout (10 s), a starting server asks the Sentinels whom to follow, and a replica is Ready when its link is up |
| coordinated | plain, and a hook that calls ` + "`SENTINEL FAILOVER name COORDINATED`" + ` before a master's pod ends; Valkey 9 alone can |

Writers run in a pod of their own. For each path, by Sentinel and by the Service of the master (ours only: plain sets have no such
Service, and so half the load), one has the client library's defaults (*application*) and one no retries and timeouts of half a second
(*wire*). Each write sets one bit of a key, under a number of its own, and is sent when it is due, whether or not those before it were
answered; while more than 32 have no answer, one is sent every 5 ms. **Longest gap** is the longest time between two acknowledgements of
a writer that ends after the fault began; **kept** is the same between writes that were kept, for a client that goes on writing to a master
which was replaced sees no gap, and loses what it writes. **Lost** are writes that were acknowledged and that the master does not have in the end, and
*age* is how long before the gap the oldest of them was acknowledged. Percentiles are by nearest rank. A round in which something did
not become whole in its time counts as the others do, and is named.

Each writer has 250 writes a second, so that the four of ours are 1000 together: what two processors carry beside six servers, six
Sentinels, their agents and Kubernetes without a queue (` + "`-rate`" + ` takes another number). The cluster has one node: no clock differs, and the network costs nothing. "Nothing" is the floor: what the machine itself does to gaps.
`

// Page tells results: method, machine, the bars, and a table for each fault.
func Page(runs []measure.Run, rounds []measure.Round) string {
	var page strings.Builder
	page.WriteString(head)
	rows := measure.Rows(rounds)
	page.WriteString(few(rows))
	page.WriteString(machines(runs, rounds))
	for _, server := range servers(rows) {
		ofServer := slices.DeleteFunc(slices.Clone(rows), func(r measure.Row) bool { return r.Server != server })
		roundsOf := slices.DeleteFunc(slices.Clone(rounds), func(r measure.Round) bool { return r.Server != server })
		fmt.Fprintf(&page, "\n## %s\n\n### Bars\n\n| fault | bar | measured | held |\n|---|---|---|---|\n", server)
		for _, v := range Bars(ofServer, roundsOf) {
			fmt.Fprintf(&page, "| %s | %s | %s | %s |\n", title(v.Fault), v.Bar, v.Measured, map[bool]string{true: "yes", false: "**no**"}[v.Held])
		}
		for _, fault := range Faults {
			page.WriteString(table(fault, ofServer, roundsOf))
		}
	}
	return page.String()
}

// enough is how many rounds a percentile of 95 needs, to be another number than the greatest.
const enough = 20

// few says so where there are too few rounds for what the page speaks of.
func few(rows []measure.Row) string {
	least := enough
	for _, row := range rows {
		least = min(least, row.Rounds)
	}
	if least == enough {
		return ""
	}
	return fmt.Sprintf("\n**This is a trial of few rounds, %d of some faults: below %d the 95th percentile is the greatest number.**\n", least, enough)
}

// machines lists the runs that have rounds.
func machines(runs []measure.Run, rounds []measure.Round) string {
	var text strings.Builder
	text.WriteString("\n## Machine\n\n| begun | rounds | load average, median | writes/s of each writer | Sentinels of ours | min-replicas of plain | commit | Kubernetes | machine |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, run := range runs {
		var loads []float64
		for _, round := range rounds {
			if round.Run == run.ID {
				loads = append(loads, round.Load)
			}
		}
		if len(loads) > 0 {
			fmt.Fprintf(&text, "| %s | %d | %.1f | %d | %s | %d | %s | %s | %s |\n", run.Began.UTC().Format("2006-01-02 15:04"), len(loads),
				measure.SpreadOf(loads).P50, run.Rate, map[bool]string{false: "the chart's", true: "its own"}[run.OwnSentinels], map[bool]int{true: 1}[run.MinReplicas], run.Commit, run.Kubernetes, run.Machine)
		}
	}
	return text.String()
}

// servers are those that were measured, by name.
func servers(rows []measure.Row) []string {
	var names []string
	for _, row := range rows {
		names = append(names, row.Server)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func title(fault string) string {
	i := slices.IndexFunc(Faults, func(f Fault) bool { return f.Name == fault })
	if i < 0 {
		return fault
	}
	return Faults[i].Title
}

// table is what all writers saw of a fault, or nothing where it was not measured.
func table(fault Fault, rows []measure.Row, rounds []measure.Round) string {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r measure.Row) bool { return r.Fault != fault.Name })
	if len(rows) == 0 {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, "\n### %s\n\n", strings.ToUpper(fault.Title[:1])+fault.Title[1:])
	text.WriteString("| arm | path | client | rounds | longest gap p50 | p95 | max | kept p95 | errors | lost p50 | max | age |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&text, "| %s | %s | %s | %d | %s | %s | %s | %s | %s | %.0f | %.0f | %s |\n", r.Arm, r.Path, r.Client, r.Rounds,
			seconds(r.Gap.P50), seconds(r.Gap.P95), seconds(r.Gap.Max), kept(r), kinds(r), r.Lost.P50, r.Lost.Max, age(r))
	}
	for _, round := range rounds {
		if i := round.Island; i != nil && round.Fault == fault.Name {
			fmt.Fprintf(&text, "\nIsland, %s, round %d: %d acknowledged, the last after %s, %d of them too late, %d lost.\n", round.Arm, round.Number, i.Acks, seconds(i.Last), i.Late, i.Lost)
		}
	}
	for _, round := range rounds {
		if round.Failed != "" && round.Fault == fault.Name {
			fmt.Fprintf(&text, "\nNot whole: %s, round %d: %s\n", round.Arm, round.Number, strings.ReplaceAll(round.Failed, "\n", "; "))
		}
	}
	return text.String()
}

// kinds are the errors of a row: how many, and the most frequent kinds.
func kinds(r measure.Row) string {
	text := fmt.Sprint(r.Errors)
	var parts []string
	for i, kind := range r.KindsByCount() {
		if i == 3 {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, fmt.Sprintf("%d %s", r.Kinds[kind], kind))
	}
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	return text
}

// kept is the gap between writes that were kept, where that was measured.
func kept(r measure.Row) string {
	if r.Kept.P95 == 0 {
		return "–"
	}
	return seconds(r.Kept.P95)
}

func age(r measure.Row) string {
	if r.Lost.Max == 0 {
		return "–"
	}
	return seconds(r.LostAge)
}
