// SPDX-License-Identifier: Apache-2.0

// Reasonspage writes the page that explains every reason of the agents to the people who read it in an Event, a log line
// or a metric.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: reasonspage FILE")
		os.Exit(2)
	}
	if err := os.WriteFile(os.Args[1], []byte(page()), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const head = `<!-- Written by make generate from internal/bootstrap/model/explanation.go. -->
# What the agents say

An agent gives one reason for each thing that it does or waits for. The same word is used in its log, in the metric, on the status
page and, where the last column says so, in an Event on its pod. Unless it says otherwise, Redis and Sentinel
are those of the agent's own pod.

`

const besideRedis = `
Two Events are not about a decision. ` + "`UnsuitableConfiguration`" + `, a warning when the agent starts, names the lines of the user's own
redis.conf that the agent cannot work with, or that have no effect, and what to write instead. ` + "`UnfitRecord`" + `, a warning, names what in
the Lease of the group is unreadable or out of bounds, and was left out: somebody else than agents and webhook wrote it.

`

const besideSentinel = `
They also give some of the reasons above, for each group. They write no Events about them: three agents would say the same. Two
warnings are about Sentinel's file. ` + "`GroupsLeftOut`" + ` names the Leases of groups that a new Sentinel starts without, and why: the record
is unreadable or too large, no living pod of the group has the uid and the address that it names, or another record has the same name.
Each is served once its record is right. ` + "`FileRefused`" + ` says that Sentinel did not start from its file: it was written anew, and the
old one is kept beside it.
`

// page is the text of docs/reasons.md.
func page() string {
	var b strings.Builder
	b.WriteString(head)
	table(&b, "Agents of Redis pods", model.RedisReasons())
	b.WriteString(besideRedis)
	table(&b, "Agents of Sentinel pods", model.SentinelReasons())
	b.WriteString(besideSentinel)
	return b.String()
}

func table(b *strings.Builder, title string, reasons []model.Reason) {
	fmt.Fprintf(b, "## %s\n| reason | what it means | what to do | Event |\n|---|---|---|---|\n", title)
	for _, r := range reasons {
		advice := r.Advice()
		if advice == "" {
			advice = "nothing"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", r, r.Sentence(), advice, event(r.Events()))
	}
}

func event(t model.EventPolicy) string {
	return map[model.EventPolicy]string{
		model.NoEvent: "no", model.NormalWhenActed: "when done", model.WarningWhenActed: "warning, when done",
		model.WarningWhenLasting: "warning, after 5 s", model.Warning: "warning, when done or after 5 s",
	}[t]
}
