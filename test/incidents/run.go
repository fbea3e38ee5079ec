// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/casebook"
)

// runnable are the tests of the table that need no cluster.
func runnable() []casebook.Test {
	var tests []casebook.Test
	for _, s := range table {
		for _, t := range s.tests {
			if !t.NeedsCluster() {
				tests = append(tests, t)
			}
		}
	}
	return tests
}

// report prints the table, and reports whether every row passed.
func report(out io.Writer, results map[casebook.Test]casebook.Result) bool {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "incident\twhat\twhere\tresult\ttests")
	passed := 0
	for _, s := range table {
		word, notes := casebook.Judge(s.tests, results, casebook.Test.NeedsCluster)
		if word == "pass" {
			passed++
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", s.number, s.name, s.where, word, strings.Join(notes, "; "))
	}
	_ = w.Flush()
	fmt.Fprintln(out)
	for _, s := range table {
		word, _ := casebook.Judge(s.tests, results, casebook.Test.NeedsCluster)
		fmt.Fprintf(out, "%d %s: %s\n   there: %s\n   here:  %s\n", s.number, s.name, word, s.there, s.here)
		for _, t := range s.tests {
			for _, m := range results[t].Measured {
				fmt.Fprintf(out, "          %s: %s\n", t.Name, m)
			}
		}
	}
	fmt.Fprintf(out, "\n%d of %d incidents passed\n", passed, len(table))
	return passed == len(table)
}
