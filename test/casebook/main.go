// SPDX-License-Identifier: Apache-2.0

package casebook

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

// Book is a table of cases as a program has it.
type Book struct {
	// Name of the program, and what it says when a case went wrong.
	Name, Wrong string
	// Page is the table as a page of the documentation.
	Page func() string
	// Tests are those to run.
	Tests []Test
	// Report prints what became of the cases, and reports whether all of them went well.
	Report func(out io.Writer, results map[Test]Result) bool
}

// Main is the program of a book. Without a flag it runs the tests and reports; with -write it writes the page to a file.
func Main(b Book) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := b.run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func (b Book) run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet(b.Name, flag.ContinueOnError)
	write := flags.String("write", "", "write the page to this file instead of running anything")
	module := flags.String("module", ".", "the directory of go.mod")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *write != "" {
		return os.WriteFile(*write, []byte(b.Page()), 0o644)
	}
	results, err := Run(ctx, *module, b.Tests)
	if err != nil {
		return err
	}
	if !b.Report(out, results) {
		return fmt.Errorf("%s", b.Wrong)
	}
	return nil
}
