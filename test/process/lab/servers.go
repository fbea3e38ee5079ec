// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Server is one version of Redis or Valkey.
type Server struct {
	// Name is product and version.
	Name string
	// Redis and Sentinel are the names of its programs.
	Redis    string
	Sentinel string
	// root holds the programs and their libraries, and nothing else.
	root string
}

// Versions are those that this project is tested with.
var Versions = []string{"redis-7.0.15", "redis-8.0.2", "valkey-8.1.1"}

// FindServer makes the root of one version: from the machine's own packages, or from those of a Debian release, which are
// downloaded once for a machine.
func (l *Lab) FindServer(ctx context.Context, name string) (Server, error) {
	product, version, _ := strings.Cut(name, "-")
	s := Server{Name: name, Redis: product + "-server", Sentinel: product + "-sentinel", root: filepath.Join(l.dir, "servers", name)}
	l.servers.Lock()
	defer l.servers.Unlock()
	if _, err := os.Stat(s.root); err == nil {
		return s, nil
	}
	from, err := s.origin(ctx, version)
	if err != nil {
		return s, fmt.Errorf("getting %s: %w", name, err)
	}
	err = collect(ctx, from, s.root, "/usr/bin/"+s.Redis, "/usr/bin/"+s.Sentinel)
	if err != nil {
		_ = os.RemoveAll(s.root)
		return s, fmt.Errorf("collecting %s: %w", name, err)
	}
	return s, nil
}

// origin is where the server is installed: this machine, if its packages are of that version, or a root of a release.
func (s Server) origin(ctx context.Context, version string) (string, error) {
	if s.is(ctx, "/", version) {
		return "/", nil
	}
	release, packages := "trixie", []string{"redis-server", "redis-sentinel", "valkey-server", "valkey-sentinel"}
	if strings.HasPrefix(version, "7.0") {
		release, packages = "bookworm", packages[:2]
	}
	root, err := debian(ctx, release, packages...)
	if err == nil && !s.is(ctx, root, version) {
		err = fmt.Errorf("another version in %s, which has the packages of Debian %s", root, release)
	}
	return root, err
}

func (s Server) is(ctx context.Context, root, version string) bool {
	found, err := exec.CommandContext(ctx, "chroot", root, "/usr/bin/"+s.Redis, "--version").Output()
	return err == nil && strings.Contains(string(found), "v="+version)
}

// collect copies programs and the libraries that they load, following links.
func collect(ctx context.Context, from, to string, programs ...string) error {
	files := programs
	loaded, err := exec.CommandContext(ctx, "chroot", append([]string{from, "/lib64/ld-linux-x86-64.so.2", "--list"}, programs[0])...).Output()
	if err != nil {
		return fmt.Errorf("listing libraries: %w", err)
	}
	for line := range strings.Lines(string(loaded)) {
		for _, word := range strings.Fields(line) {
			if strings.HasPrefix(word, "/") {
				files = append(files, word)
			}
		}
	}
	files = append(files, "/lib64/ld-linux-x86-64.so.2")
	for _, name := range files {
		if err := copyFile(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // read only
	if err = os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// linkTree makes a second name for each file, which costs nothing.
func linkTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		return os.Link(path, target)
	})
}
