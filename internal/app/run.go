// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"
)

// Exit codes.
const (
	exitFailure = 1
	exitUsage   = 2
)

// Process is what a command gets from outside.
type Process struct {
	// Args are the arguments without the program's name.
	Args []string
	// Getenv reads the environment.
	Getenv         func(string) string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Now is the clock.
	Now func() time.Time
	// Version of the webhook.
	Version string
}

const usage = `usage: webhook COMMAND [flags]

commands:
  serve    answer admission requests, keep the certificate, provision groups
  inject   print what the pods and StatefulSets of a file become, without a cluster
  check    report whether an installed webhook works, and what is wrong if it does not
  dry-run  send a labelled pod through an installed webhook; nothing is created
  groups   list the groups of a cluster
  handover give the mastership of a group to another pod, without losing a write
  version  print the version

webhook COMMAND -h lists the flags of a command`

// Run carries out one command. Its errors are usageErrors where the arguments are wrong.
func Run(ctx context.Context, p Process) error {
	if len(p.Args) == 0 {
		return usageError{errors.New(usage)}
	}
	command := p.Args[0]
	p.Args = p.Args[1:]
	err := p.run(ctx, command)
	if errors.Is(err, flag.ErrHelp) {
		return nil // printed by the flags of the command
	}
	return err
}

func (p Process) run(ctx context.Context, command string) error {
	switch command {
	case "serve":
		return serve(ctx, p)
	case "inject":
		return inject(ctx, p)
	case "check":
		return check(ctx, p)
	case "dry-run":
		return dryRun(ctx, p)
	case "groups":
		return groups(ctx, p)
	case "handover":
		return handover(ctx, p)
	case "version":
		_, err := fmt.Fprintln(p.Stdout, p.Version)
		return err
	case "help", "-h", "--help":
		_, err := fmt.Fprintln(p.Stdout, usage)
		return err
	}
	return usageError{fmt.Errorf("unknown command %q\n%s", command, usage)}
}

// usageError is a mistake in the arguments.
type usageError struct{ error }

// ExitCode prints the error and turns it into the exit code of the process.
func ExitCode(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "error:", err)
	if errors.As(err, &usageError{}) {
		return exitUsage
	}
	return exitFailure
}
