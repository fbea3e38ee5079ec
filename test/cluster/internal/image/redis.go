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

const (
	// redisUser is the uid and gid that the official image gives to redis.
	redisUser = 999
	// officialBin is where the official image has its programs.
	officialBin = "/usr/local/bin/"
	// searched is where a shell looks for programs, if nobody says otherwise.
	searched = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

//go:embed docker-entrypoint.sh
var redisEntrypoint string

// Redis is a stand-in for the official Redis image, made of Debian's Redis.
// Debian builds its server with protected mode on. The official image has it
// off, and so have these images unless protected is set.
func Redis(ctx context.Context, source, scratch, reference string, protected bool) (Image, error) {
	files := Tree{}
	server, err := debianServer()
	if err != nil {
		return Image{}, err
	}
	if !protected {
		changed := filepath.Join(scratch, "redis-server")
		if err = withoutProtectedMode(ctx, server, changed); err != nil {
			return Image{}, err
		}
		server = changed
	}
	if err = addRedis(ctx, files, officialBin, server); err != nil {
		return Image{}, err
	}
	if err = addShell(ctx, files); err != nil {
		return Image{}, err
	}
	if err = addOfficial(ctx, files, source, scratch); err != nil {
		return Image{}, err
	}
	version, err := redisVersion(ctx)
	if err != nil {
		return Image{}, err
	}
	return Image{reference, serverConfig("redis-server", "REDIS_VERSION="+version), files}, nil
}

// addOfficial adds how the official images start, and as whom.
func addOfficial(ctx context.Context, files Tree, source, scratch string) error {
	gosu := filepath.Join(scratch, "gosu")
	if err := build.Program(ctx, source, "./gosu", gosu); err != nil {
		return err
	}
	files.Copy(officialBin+"gosu", gosu, 0o755)
	files.Text(officialBin+"docker-entrypoint.sh", 0o755, redisEntrypoint)
	addRedisAccount(files)
	return nil
}

// serverConfig is how containers of a server's image run.
func serverConfig(program, version string) v1.Config {
	return v1.Config{
		Entrypoint:   []string{"docker-entrypoint.sh"},
		Cmd:          []string{program},
		WorkingDir:   "/data",
		ExposedPorts: map[string]struct{}{"6379/tcp": {}},
		Env:          []string{"PATH=" + searched, version},
	}
}

// debianServer is the server of this machine's Redis.
func debianServer() (string, error) {
	server, err := filepath.EvalSymlinks("/usr/bin/redis-server")
	if err != nil {
		return "", fmt.Errorf("finding Debian's Redis (run 'cluster up' first, it installs the package): %w", err)
	}
	return server, nil
}

// addRedis adds the programs to a folder of the image. The Sentinel is the
// server under another name.
func addRedis(ctx context.Context, files Tree, bin, server string) error {
	files.Copy(bin+"redis-server", server, 0o755)
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

// addRedisAccount adds the accounts of the official image, and redis' folder.
func addRedisAccount(files Tree) {
	id := strconv.Itoa(redisUser)
	addAccounts(files, "redis:x:"+id+":"+id+"::/data:/bin/sh\n", "redis:x:"+id+":\n")
	files.Dir("/data", 0o755, redisUser)
}

// addAccounts adds the accounts that every image has, and these.
func addAccounts(files Tree, users, groups string) {
	files.Text("/etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\n"+users+"nobody:x:65534:65534::/:/bin/false\n")
	files.Text("/etc/group", 0o644, "root:x:0:\n"+groups+"nogroup:x:65534:\n")
	files.Text("/etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\nhosts: files dns\n")
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
