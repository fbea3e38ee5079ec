// SPDX-License-Identifier: Apache-2.0

// Cluster is a disposable, real, single-node Kubernetes on a Debian machine:
// no Docker, no image registry. Its README says how to use it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprintf(os.Stderr, "%v\n\n%s", err, usage())
		os.Exit(2)
	case err != nil:
		fmt.Fprintf(os.Stderr, "cluster: %v\n", err)
		os.Exit(1)
	}
}

// errUsage is the answer to a command line that means nothing.
var errUsage = errors.New("usage")

// run carries out one command line.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("%w: no command given", errUsage)
	}
	for _, c := range commands {
		if c.name != args[0] {
			continue
		}
		env, err := newEnvironment(ctx, c, getenv, stdout, stderr)
		if err != nil {
			return err
		}
		defer env.unlock()
		return c.run(ctx, env, args[1:])
	}
	return fmt.Errorf("%w: no command %q", errUsage, args[0])
}
