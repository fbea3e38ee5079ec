// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/casebook"
)

// attack is one thing that somebody can try who means harm.
type attack struct {
	// finding is the number under which its kind was found.
	finding string
	name    string
	// rights are what the attacker has.
	rights string
	// then is what it did to the first version, and now what happens today.
	then, now string
	// checked says where it was seen to succeed: against the first version, or with which guard taken out.
	checked string
	tests   []casebook.Test
}

// process, apiserver and cluster are the directories that hold the tests.
func process(names ...string) []casebook.Test { return casebook.In("test/process", names...) }

func apiserver(names ...string) []casebook.Test { return casebook.In("test/apiserver", names...) }

func cluster(names ...string) []casebook.Test { return casebook.In("test/e2e", names...) }

const preface = `# Attacks

<!-- Written by "make generate" from test/attacks. -->

What somebody can try who means harm, what he needs for it, what came of it in the first version of this project, and what comes of it now.
The tests are written from his side, with the rights that he has, against a real API server, real servers or a whole cluster.
` + "`make attacks`" + ` runs all of them and prints this table with results. The last column says how it was seen that the test of a row fails where the
attack succeeds: against the first version, or with the guard taken out that holds it today. Against whom a group is defended at all, and what
is left open, is in [security.md](security.md).

| | attack | rights | in the first version | now | held by | seen to succeed |
|---|---|---|---|---|---|---|
`

// page renders docs/attacks.md.
func page() string {
	var b strings.Builder
	b.WriteString(preface)
	for _, a := range table {
		var tests []string
		for _, t := range a.tests {
			tests = append(tests, "`"+t.String()+"`")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", a.finding, a.name, a.rights, a.then, a.now, strings.Join(tests, ", "), a.checked)
	}
	return b.String()
}
