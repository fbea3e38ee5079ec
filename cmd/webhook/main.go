// SPDX-License-Identifier: Apache-2.0

// Command webhook admits pods of Redis and Sentinel StatefulSets with the agent in them.
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

// version is set by the linker.
var version = "dev"

// Exit codes.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(exitCode(err, os.Stderr))
}

// usageError is a mistake in the arguments.
type usageError struct{ error }

// exitCode prints the error and turns it into the exit code of the process.
func exitCode(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "error:", err)
	if errors.As(err, &usageError{}) {
		return exitUsage
	}
	return exitFailure
}

const usage = `usage: webhook COMMAND [flags]

commands:
  serve    answer admission requests, keep the certificate, provision groups
  inject   print what pods and StatefulSets of a file become, without a cluster
  check    tell whether an installed webhook works, and what is wrong if not
  try      send a labelled pod through an installed webhook, with dry-run
  groups   list the groups of a cluster
  version  print the version

webhook COMMAND -h lists the flags of a command`

// run carries out one command. Its errors are usageErrors where the arguments are wrong.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return usageError{errors.New(usage)}
	}
	switch args[0] {
	case "serve":
		return serve(ctx, args[1:], getenv, stderr)
	case "inject":
		return inject(ctx, args[1:], stdin, stdout, stderr)
	case "check":
		return check(ctx, args[1:], getenv, stdout, stderr)
	case "try":
		return try(ctx, args[1:], stdout, stderr)
	case "groups":
		return groups(ctx, args[1:], stdout, stderr)
	case "version":
		_, err := fmt.Fprintln(stdout, version)
		return err
	case "help", "-h", "--help":
		_, err := fmt.Fprintln(stdout, usage)
		return err
	}
	return usageError{fmt.Errorf("unknown command %q\n%s", args[0], usage)}
}
