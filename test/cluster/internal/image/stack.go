// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	_ "embed"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const stackHome = "/opt/redis-stack"

//go:embed stack-entrypoint.sh
var stackEntrypoint string

// Stack is a stand-in for the image of Redis Stack: a script that gives the
// server a module and looks for a configuration file at a place of its own.
func Stack(ctx context.Context, source, scratch string) (Image, error) {
	files := Tree{}
	server, err := debianServer()
	if err != nil {
		return Image{}, err
	}
	if err = addRedis(ctx, files, stackHome+"/bin/", server); err != nil {
		return Image{}, err
	}
	for _, name := range []string{"redis-server", "redis-sentinel", "redis-cli", "redis-benchmark", "redis-check-rdb", "redis-check-aof"} {
		files.Link("/usr/bin/"+name, stackHome+"/bin/"+name)
	}
	if err = addShell(ctx, files); err != nil {
		return Image{}, err
	}
	module := filepath.Join(scratch, "tally.so")
	if err = buildTally(ctx, source, module); err != nil {
		return Image{}, err
	}
	files.Copy(stackHome+"/lib/tally.so", module, 0o755)
	const first = "/usr/bin/dumb-init"
	files.Copy(first, first, 0o755)
	if err = addLibraries(ctx, files, first); err != nil {
		return Image{}, err
	}
	files.Text("/entrypoint.sh", 0o755, stackEntrypoint)
	addAccounts(files, "", "")
	files.Dir("/data", 0o755, 0)
	return Image{"redis/redis-stack-server:7.0", v1.Config{
		Cmd:          []string{"/entrypoint.sh"},
		ExposedPorts: map[string]struct{}{"6379/tcp": {}},
		Env:          []string{"PATH=" + searched, "REDIS_ARGS="},
	}, files}, nil
}

// buildTally compiles the module. It needs a compiler and nothing beside it.
func buildTally(ctx context.Context, source, out string) error {
	_, err := output(ctx, "gcc", "-shared", "-fPIC", "-O2", "-s", "-ffreestanding", "-nostdlib", "-Wall", "-Wextra", "-Werror",
		"-o", out, filepath.Join(source, "tally", "tally.c"))
	return err
}
