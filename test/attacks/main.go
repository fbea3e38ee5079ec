// SPDX-License-Identifier: Apache-2.0

// Command attacks tries on this project what was tried on its first version. Without a flag it runs the tests of every attack and
// prints what became of it; with -write it writes docs/attacks.md from the same table.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/casebook"
)

//go:generate go run . -write ../../docs/attacks.md

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// errSucceeded means that a row of the table has a test that did not pass.
var errSucceeded = errors.New("not every attack was held")

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("attacks", flag.ContinueOnError)
	write := flags.String("write", "", "write the page to this file instead of running anything")
	module := flags.String("module", ".", "the directory of go.mod")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *write != "" {
		return os.WriteFile(*write, []byte(page()), 0o644)
	}
	var tests []casebook.Test
	for _, a := range table {
		tests = append(tests, a.tests...)
	}
	results, err := casebook.Run(ctx, *module, tests)
	if err != nil {
		return err
	}
	if !report(out, results) {
		return errSucceeded
	}
	return nil
}
