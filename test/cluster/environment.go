// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/build"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/host"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/node"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/place"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/progress"
)

// environment is what commands work with.
type environment struct {
	stdout io.Writer
	log    *progress.Log
	node   *node.Node
	unlock func()
}

// newEnvironment checks what the command asks of the machine and of its place
// in time.
func newEnvironment(ctx context.Context, c command, getenv func(string) string, stdout, stderr io.Writer) (*environment, error) {
	if c.root {
		if err := host.Require(os.Geteuid()); err != nil {
			return nil, err
		}
	}
	state, err := place.State(getenv)
	if err != nil {
		return nil, err
	}
	log := progress.New(stderr, time.Now)
	env := &environment{
		stdout: stdout,
		log:    log,
		node:   &node.Node{Layout: node.Layout{Dir: state}, Log: log},
		unlock: func() {},
	}
	if c.alone {
		if err := env.lock(ctx); err != nil {
			return nil, err
		}
	}
	return env, nil
}

// lock waits until no other command changes the cluster. The lock is a socket
// in the abstract namespace: it ends with its process and leaves no file.
func (e *environment) lock(ctx context.Context) error {
	const name = "@redis-sentinel-test-cluster"
	var config net.ListenConfig
	for waiting := false; ; time.Sleep(200 * time.Millisecond) {
		listener, err := config.Listen(ctx, "unix", name)
		if err == nil {
			e.unlock = func() { _ = listener.Close() }
			return nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("locking the cluster: %w", err)
		}
		if !waiting {
			e.log.Step("waiting for another command that changes the cluster")
			waiting = true
		}
	}
}

// builder returns a Builder of the checkout that the command runs in.
func (e *environment) builder() (build.Builder, error) {
	here, err := os.Getwd()
	if err != nil {
		return build.Builder{}, fmt.Errorf("finding the sources: %w", err)
	}
	source, err := place.Source(here)
	if err != nil {
		return build.Builder{}, err
	}
	cache, err := place.Cache()
	if err != nil {
		return build.Builder{}, err
	}
	return build.Builder{Source: source, Cache: cache, Log: e.log}, nil
}
