// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// String tells the verdict in a line.
func (v verdict) String() string {
	switch took := v.took.Round(time.Second); {
	case v.invalid:
		return "does not compile"
	case v.by == "":
		return fmt.Sprintf("SURVIVED (%s)", took)
	default:
		return fmt.Sprintf("noticed by %s, %s (%s)", v.by, v.test, took)
	}
}

// report prints the survivors with their differences, and the sum.
func report(out io.Writer, root string, verdicts []verdict) {
	slices.SortFunc(verdicts, func(a, b verdict) int { return cmp.Or(cmp.Compare(a.file, b.file), a.begin-b.begin) })
	noticed, valid := map[string]int{}, 0
	for _, v := range verdicts {
		if v.invalid {
			continue
		}
		valid++
		if v.by != "" {
			noticed[v.by]++
			continue
		}
		fmt.Fprintf(out, "\nsurvived: %s\n", v.mutant)
		if source, err := os.ReadFile(filepath.Join(root, v.file)); err == nil {
			fmt.Fprint(out, v.difference(source))
		}
	}
	dead := noticed["own"] + noticed["users"] + noticed["stories"]
	fmt.Fprintf(out, "\n%d mutants, %d more that do not compile: %d noticed (%d by the tests of their package, %d by those of its users, %d by the simulation), %d survived\n",
		valid, len(verdicts)-valid, dead, noticed["own"], noticed["users"], noticed["stories"], valid-dead)
}
