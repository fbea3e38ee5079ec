// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/build"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/host"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/image"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/node"
)

func up(ctx context.Context, env *environment, args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	if env.node.Exists() {
		err := env.node.Healthy(ctx)
		if err == nil {
			env.log.Step("the cluster is up already")
			return nil
		}
		env.log.Step("starting afresh: %v", err)
	}
	builder, err := env.builder()
	if err != nil {
		return err
	}
	if err = host.InstallPackages(ctx, env.log); err != nil {
		return err
	}
	bin, err := builder.Node(ctx)
	if err != nil {
		return err
	}
	pause, err := pauseTar(ctx, builder, bin)
	if err != nil {
		return err
	}
	// Whatever an earlier cluster left, known or not.
	if err := env.node.Down(ctx); err != nil {
		return err
	}
	env.log.Step("starting Kubernetes %s in %s", build.KubernetesVersion, env.node.Layout.Dir)
	if err := env.node.Up(ctx, bin, pause); err != nil {
		return err
	}
	env.log.Step("the node is Ready: export KUBECONFIG=%s", env.node.Layout.AdminKubeconfig())
	return nil
}

// pauseTar makes the pause image once for each version of its source.
func pauseTar(ctx context.Context, builder build.Builder, bin string) (string, error) {
	source, err := os.ReadFile(filepath.Join(builder.Source, "pause", "main.go"))
	if err != nil {
		return "", fmt.Errorf("making the pause image: %w", err)
	}
	tar := filepath.Join(bin, fmt.Sprintf("pause-%.8x.tar", sha256.Sum256(source)))
	if _, err = os.Stat(tar); err == nil {
		return tar, nil
	}
	scratch, err := os.MkdirTemp("", "pause-")
	if err != nil {
		return "", fmt.Errorf("making the pause image: %w", err)
	}
	defer os.RemoveAll(scratch)
	pause, err := image.Pause(ctx, builder.Source, scratch, node.PauseImage)
	if err != nil {
		return "", err
	}
	_, err = pause.WriteTo(tar)
	return tar, err
}

func down(ctx context.Context, env *environment, args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	if err := env.node.Down(ctx); err != nil {
		return err
	}
	env.log.Step("nothing of the cluster is left")
	return nil
}

func status(ctx context.Context, env *environment, args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	return env.node.Status(ctx, env.stdout)
}

func kubeconfig(_ context.Context, env *environment, args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	_, err := fmt.Fprintln(env.stdout, env.node.Layout.AdminKubeconfig())
	return err
}

func tools(ctx context.Context, env *environment, args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	builder, err := env.builder()
	if err != nil {
		return err
	}
	bin, err := builder.Tools(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(env.stdout, bin)
	return err
}

func load(ctx context.Context, env *environment, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("%w: load which images?", errUsage)
	}
	for _, tar := range args {
		if err := env.node.Load(ctx, tar); err != nil {
			return err
		}
		env.log.Step("loaded %s", tar)
	}
	return nil
}

func noArguments(args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: unexpected argument %q", errUsage, args[0])
	}
	return nil
}
