// SPDX-License-Identifier: Apache-2.0

// Command bootstrap is the agent: environment in, exit code out. It ends only on SIGTERM, or where it can never work.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"k8s.io/apimachinery/pkg/util/runtime"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/podinit"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "ERROR:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) error {
	if len(args) > 0 && args[0] == contract.CommandMakeDirectory {
		return podinit.MakeDirectory(args[1:])
	}
	if len(args) > 0 && args[0] == contract.CommandAwaitStarted {
		return podinit.AwaitStarted(ctx)
	}
	log := slog.New(slog.NewJSONHandler(stderr, nil))
	env, err := environment.Read(getenv, log)
	if err != nil {
		return err
	}
	redisio.Quiet()
	if env.Settings.Role == contract.PodRoleSentinel {
		debug.SetGCPercent(25) // it keeps what all groups are, so that a collection costs little beside the memory that it saves
	}
	runtime.ReallyCrash = false // a panic in a watch ends that watch's round, as one in a turn ends the turn
	return bootstrap.Run(ctx, env)
}
