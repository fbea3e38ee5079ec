// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/build"
)

// redisUser is the uid and gid that the official image gives to redis.
const redisUser = 999

//go:embed docker-entrypoint.sh
var redisEntrypoint string

// Redis is a stand-in for the official Redis image, made of Debian's Redis.
// Debian builds its server with protected mode on. The official image has it
// off, and so have these images unless protected is set.
func Redis(ctx context.Context, source, scratch, reference string, protected bool) (Image, error) {
	files := Tree{}
	if err := addRedis(ctx, files, scratch, protected); err != nil {
		return Image{}, err
	}
	if err := addShell(ctx, files); err != nil {
		return Image{}, err
	}
	gosu := filepath.Join(scratch, "gosu")
	if err := build.Program(ctx, source, "./gosu", gosu); err != nil {
		return Image{}, err
	}
	files.Copy("/usr/local/bin/gosu", gosu, 0o755)
	files.Text("/usr/local/bin/docker-entrypoint.sh", 0o755, redisEntrypoint)
	addAccounts(files)
	version, err := redisVersion(ctx)
	if err != nil {
		return Image{}, err
	}
	return Image{reference, serverConfig("redis-server", "REDIS_VERSION="+version), files}, nil
}

// serverConfig is how containers of a server's image run.
func serverConfig(program, version string) v1.Config {
	return v1.Config{
		Entrypoint:   []string{"docker-entrypoint.sh"},
		Cmd:          []string{program},
		WorkingDir:   "/data",
		ExposedPorts: map[string]struct{}{"6379/tcp": {}},
		Env:          []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", version},
	}
}

// addRedis adds the programs where the official image has them. The Sentinel
// is the server under another name.
func addRedis(ctx context.Context, files Tree, scratch string, protected bool) error {
	server, err := filepath.EvalSymlinks("/usr/bin/redis-server")
	if err != nil {
		return fmt.Errorf("finding Debian's Redis (run 'cluster up' first, it installs the package): %w", err)
	}
	served := server
	if !protected {
		served = filepath.Join(scratch, "redis-server")
		if err := withoutProtectedMode(ctx, server, served); err != nil {
			return err
		}
	}
	const bin = "/usr/local/bin/"
	files.Copy(bin+"redis-server", served, 0o755)
	for _, name := range []string{"redis-sentinel", "redis-check-rdb", "redis-check-aof"} {
		files.Link(bin+name, "redis-server")
	}
	for _, name := range []string{"redis-cli", "redis-benchmark"} {
		files.Copy(bin+name, "/usr/bin/"+name, 0o755)
	}
	return addLibraries(ctx, files, server, "/usr/bin/redis-cli", "/usr/bin/redis-benchmark")
}

// addShell adds what people call inside of the official image, which is a
// small Debian.
func addShell(ctx context.Context, files Tree) error {
	files.Copy("/bin/bash", "/bin/bash", 0o755)
	files.Copy("/usr/bin/getent", "/usr/bin/getent", 0o755)
	if err := addLibraries(ctx, files, "/bin/bash", "/usr/bin/getent"); err != nil {
		return err
	}
	// The name service loads these by name, ldd does not see them.
	services, err := filepath.Glob("/lib/*-linux-gnu/libnss_[df][ni][sl]*.so.2")
	if err != nil {
		return fmt.Errorf("finding the name services: %w", err)
	}
	for _, path := range services {
		files.Copy(path, path, 0o644)
	}
	return addBusybox(ctx, files)
}

func addAccounts(files Tree) {
	id := strconv.Itoa(redisUser)
	files.Text("/etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\nredis:x:"+id+":"+id+"::/data:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")
	files.Text("/etc/group", 0o644, "root:x:0:\nredis:x:"+id+":\nnogroup:x:65534:\n")
	files.Text("/etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\nhosts: files dns\n")
	files.Dir("/data", 0o755, redisUser)
	files.Dir("/root", 0o700, 0)
	files.Dir("/tmp", 0o1777, 0)
	files.Dir("/var/tmp", 0o1777, 0)
}

// redisVersion reads the version from the server itself.
func redisVersion(ctx context.Context) (string, error) {
	out, err := output(ctx, "/usr/bin/redis-server", "--version")
	if err != nil {
		return "", err
	}
	if version := versionIn(out); version != "" {
		return version, nil
	}
	return "", errors.New("redis-server --version names no version: " + strings.TrimSpace(out))
}

// versionIn reads what a server answers to --version; nothing where that names
// no version.
func versionIn(said string) string {
	for _, word := range strings.Fields(said) {
		if version, found := strings.CutPrefix(word, "v="); found {
			return version
		}
	}
	return ""
}

// copyFile copies a program, to change the copy.
func copyFile(from, to string, change func([]byte) error) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := change(data); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o755)
}
