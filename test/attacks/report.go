// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/casebook"
)

// report prints the tests as go test does, which is what .ci/parts counts, and the table. It reports whether every attack was held.
func report(out io.Writer, results map[casebook.Test]casebook.Result) bool {
	verdict := map[string]string{"pass": "PASS", "skip": "SKIP"} // what failed was printed when it did
	said := map[casebook.Test]bool{}
	for _, a := range table {
		for _, t := range a.tests {
			if word := verdict[results[t].Word]; word != "" && !said[t] {
				fmt.Fprintf(out, "--- %s: %s\n", word, t.Name)
				said[t] = true
			}
		}
	}
	everyOne := func(casebook.Test) bool { return false } // none is left to another run
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "finding\tattack\trights\tresult\ttests")
	held := 0
	var succeeded []string
	for _, a := range table {
		word, notes := casebook.Judge(a.tests, results, everyOne)
		if word == "pass" {
			held++
		} else {
			succeeded = append(succeeded, fmt.Sprintf("not held: %s %s (%s)\n", a.finding, a.name, strings.Join(notes, "; ")))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.finding, a.name, a.rights, word, strings.Join(notes, "; "))
	}
	_ = w.Flush()
	fmt.Fprintln(out)
	for _, a := range table {
		word, _ := casebook.Judge(a.tests, results, everyOne)
		fmt.Fprintf(out, "%s %s: %s\n   then: %s\n   now:  %s\n", a.finding, a.name, word, a.then, a.now)
	}
	fmt.Fprintf(out, "\n%s%d of %d attacks held\n", strings.Join(succeeded, ""), held, len(table))
	return held == len(table)
}
