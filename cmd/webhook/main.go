// SPDX-License-Identifier: Apache-2.0

// Command webhook admits pods of Redis and Sentinel StatefulSets with the agent in them.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/app"
)

// version is set by the linker.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := app.Run(ctx, app.Process{
		Args: os.Args[1:], Getenv: os.Getenv, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now, Version: version,
	})
	stop()
	os.Exit(app.ExitCode(err, os.Stderr))
}
