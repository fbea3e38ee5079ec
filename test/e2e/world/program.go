// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// Program is what a program does with its arguments, its environment and its output, until the context ends.
type Program func(ctx context.Context, arguments []string, getenv func(string) string, out io.Writer) error

// Main runs a program of this name until it has done its work or is told to end, and exits: 1 after an error, which it prints.
func Main(name string, run Program) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	quiet()
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout)
	stop()
	if err == nil {
		return
	}
	if !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, name+":", err)
	}
	os.Exit(1)
}

// quiet drops what the Redis client logs about reconnecting: writers count errors, and timelines tell them.
func quiet() { redis.SetLogger(silent{}) }

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
