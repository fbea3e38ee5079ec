// SPDX-License-Identifier: Apache-2.0

// Command incidents holds this project against what has hurt others that do the same job. Without a flag it runs the tests of
// every incident and prints what happened there and here; with -write it writes docs/incidents.md from the same table.
package main

import "github.com/redis-sentinel/redis-sentinel-webhook/test/casebook"

//go:generate go run . -write ../../docs/incidents.md

func main() {
	casebook.Main(casebook.Book{Name: "incidents", Wrong: "not every incident passed", Page: page, Tests: runnable(), Report: report})
}
