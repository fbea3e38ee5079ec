// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/casebook"
)

// incident is one way in which a project that does the same job has been hurt.
type incident struct {
	number int
	name   string
	// where it was told, as repository#thread.
	where string
	// there is what happened there, and here what happens here.
	there string
	here  string
	// built: it cannot befall this project, by how it is built; the tests hold that.
	built bool
	// tests that show it, as directory: Test.
	tests []casebook.Test
}

// process, decide and mutate are the directories that hold most of the proof.
func process(names ...string) []casebook.Test { return casebook.In("test/process", names...) }

func decide(names ...string) []casebook.Test {
	return casebook.In("internal/bootstrap/decide", names...)
}
func mutate(names ...string) []casebook.Test { return casebook.In("internal/mutate", names...) }

// besideSentinel are the tests of the decider beside a Sentinel.
func besideSentinel(names ...string) []casebook.Test {
	return casebook.In("internal/bootstrap/decide/sentinel", names...)
}

const preface = `# What has hurt others

<!-- Written by "make generate" from test/incidents. -->

Other charts, operators and scripts run Redis with Sentinel on Kubernetes too, and their issues tell what went wrong. Each row is one
such incident, as *repository#thread* tells it, and what happens here. The tests named are run by ` + "`make incidents`" + `, which prints this table
with results; those of ` + "`test/e2e`" + ` need a cluster and run with ` + "`make e2e`" + `. "Cannot happen" means by construction, and the tests hold the
construction. Numbers have gaps: not every incident is about something that this project does.

| | what | there | here | held by |
|---|---|---|---|---|
`

// page renders docs/incidents.md.
func page() string {
	var b strings.Builder
	b.WriteString(preface)
	for _, s := range table {
		here := s.here
		if s.built {
			here = "Cannot happen: " + here
		}
		var tests []string
		for _, t := range s.tests {
			tests = append(tests, "`"+t.String()+"`")
		}
		fmt.Fprintf(&b, "| %d | %s | %s (%s) | %s | %s |\n", s.number, s.name, s.there, s.where, here, strings.Join(tests, ", "))
	}
	return b.String()
}
