// SPDX-License-Identifier: Apache-2.0

// Command incidents holds this project against what has hurt others that do the same job. Without a flag it runs the tests of
// every incident and prints what happened there and here; with -write it writes docs/incidents.md from the same table.
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

//go:generate go run . -write ../../docs/incidents.md

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// errFailed means that a row of the table has a test that did not pass.
var errFailed = errors.New("not every incident passed")

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("incidents", flag.ContinueOnError)
	write := flags.String("write", "", "write the page to this file instead of running anything")
	module := flags.String("module", ".", "the directory of go.mod")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *write != "" {
		return os.WriteFile(*write, []byte(page()), 0o644)
	}
	results, err := casebook.Run(ctx, *module, runnable())
	if err != nil {
		return err
	}
	if !report(out, results) {
		return errFailed
	}
	return nil
}
