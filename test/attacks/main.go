// SPDX-License-Identifier: Apache-2.0

// Command attacks tries on this project what was tried on its first version. Without a flag it runs the tests of every attack and
// prints what became of it; with -write it writes docs/attacks.md from the same table.
package main

import "github.com/redis-sentinel/redis-sentinel-webhook/test/casebook"

//go:generate go run . -write ../../docs/attacks.md

func main() {
	var tests []casebook.Test
	for _, a := range table {
		tests = append(tests, a.tests...)
	}
	casebook.Main(casebook.Book{Name: "attacks", Wrong: "not every attack was held", Page: page, Tests: tests, Report: report})
}
