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

	"github.com/redis-sentinel/redis-sentinel-webhook/test/debian"
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

// Versions are those that this project is tested with, the oldest first and the newest last.
var Versions = []string{"redis-7.0.15", "redis-8.0.2", "valkey-8.1.1", "valkey-9.1.2"}

// TooOld is a server that starts from the generated file, and is refused.
const TooOld = "redis-6.0.16"

// releaseOf says by product and major version which release has a server.
var releaseOf = map[string]string{
	"redis-6": "bullseye", "redis-7": "bookworm", "redis-8": "trixie", "valkey-8": "trixie", "valkey-9": "forky",
}

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
	if found, err := s.versionIn(ctx, "/"); err == nil && found == version {
		return "/", nil
	}
	product, _, _ := strings.Cut(s.Name, ".")
	release, known := releaseOf[product]
	if !known {
		return "", fmt.Errorf("no release of Debian is known that has %s: name one in releaseOf", product)
	}
	root, err := debian.Root(ctx, release)
	if err != nil {
		return "", err
	}
	found, err := s.versionIn(ctx, root)
	if err == nil && found != version {
		err = fmt.Errorf("%s has version %s: that is what the mirror had of Debian %s when it was downloaded. "+
			"Remove that directory to ask the mirror again; if it has moved on for good, name its version in lab.Versions and run all tests with it",
			root, found, release)
	}
	return root, err
}

// versionIn is the version of the server that is installed in a root.
func (s Server) versionIn(ctx context.Context, root string) (string, error) {
	text, err := exec.CommandContext(ctx, "chroot", root, "/usr/bin/"+s.Redis, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("asking %s in %s for its version: %w", s.Redis, root, err)
	}
	for word := range strings.FieldsSeq(string(text)) {
		if version, is := strings.CutPrefix(word, "v="); is {
			return version, nil
		}
	}
	return "", fmt.Errorf("%s in %s says no version: %q", s.Redis, root, text)
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
		if err := copyFile(target(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

// target is where a file of a root is. A link that begins at / means that of the root, not this machine's.
func target(root, name string) string {
	path := filepath.Join(root, name)
	for {
		to, err := os.Readlink(path)
		if err != nil || !filepath.IsAbs(to) {
			return path
		}
		path = filepath.Join(root, to)
	}
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
