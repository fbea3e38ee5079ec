// SPDX-License-Identifier: Apache-2.0

// Package debian has the servers of other Debian releases than this machine's, for tests.
package debian

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// mirror is where this machine gets its own packages from, according to apt.
func mirror(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(SITE)", "Identifier: Packages", "Component: main").Output()
	if err != nil {
		return "", fmt.Errorf("asking apt for its mirror: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		if site := strings.TrimSpace(line); strings.HasSuffix(site, "/debian") || strings.HasSuffix(site, "/debian/") {
			return site, nil
		}
	}
	return "", fmt.Errorf("apt knows no mirror of Debian: %q", out)
}

// packages are the servers that a release has. Forky is not released: its mirror may have another version tomorrow.
var packages = map[string][]string{
	"bullseye": {"redis-server", "redis-sentinel"},
	"bookworm": {"redis-server", "redis-sentinel"},
	"trixie":   {"redis-server", "redis-sentinel", "valkey-server", "valkey-sentinel"},
	"forky":    {"valkey-server", "valkey-sentinel"},
}

// Root returns a directory with the servers of a release.
func Root(ctx context.Context, release string) (string, error) {
	return Unpack(ctx, release, release, packages[release]...)
}

// Unpack returns a directory with packages of a release of Debian. It downloads them where the cache has no directory of that name:
// packages and what they depend on, with an apt state of its own, so that the machine's own packages stay as they are.
func Unpack(ctx context.Context, name, release string, wanted ...string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache directory (set HOME or XDG_CACHE_HOME): %w", err)
	}
	root := filepath.Join(cache, "redis-sentinel-test-servers", name)
	if _, err = os.Stat(root); err == nil {
		return root, nil
	}
	site, err := mirror(ctx)
	if err != nil {
		return "", err
	}
	if err = os.MkdirAll(filepath.Dir(root), 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(filepath.Dir(root), name+"-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work) //nolint:errcheck // the cache directory may hold more
	if err = download(ctx, site, release, work, wanted); err != nil {
		return "", err
	}
	unpacked := filepath.Join(work, "root")
	// Debian's directories /lib and /lib64 have long been links into /usr; packages expect to find them.
	for _, dir := range []string{"bin", "sbin", "lib", "lib64"} {
		if err = os.MkdirAll(filepath.Join(unpacked, "usr", dir), 0o755); err != nil {
			return "", err
		}
		if err = os.Symlink("usr/"+dir, filepath.Join(unpacked, dir)); err != nil {
			return "", err
		}
	}
	files, err := filepath.Glob(filepath.Join(work, "cache/archives/*.deb"))
	if err != nil || len(files) == 0 {
		return "", fmt.Errorf("apt downloaded no packages of %s (%w)", release, err)
	}
	for _, file := range files {
		unpack := "dpkg-deb --fsys-tarfile \"$0\" | tar -x --keep-directory-symlink -C \"$1\""
		if out, err := exec.CommandContext(ctx, "sh", "-c", unpack, file, unpacked).CombinedOutput(); err != nil {
			return "", fmt.Errorf("unpacking %s: %w: %s", file, err, out)
		}
	}
	return root, os.Rename(unpacked, root)
}

func download(ctx context.Context, site, release, work string, wanted []string) error {
	for _, dir := range []string{"state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(work, dir), 0o755); err != nil {
			return err
		}
	}
	list := "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] " + site + " " + release + " main\n"
	for name, text := range map[string]string{"sources.list": list, "status": ""} {
		if err := os.WriteFile(filepath.Join(work, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	common := []string{
		"-o", "Dir::State=" + work + "/state", "-o", "Dir::State::status=" + work + "/status", "-o", "Dir::Cache=" + work + "/cache",
		"-o", "Dir::Etc::sourcelist=" + work + "/sources.list", "-o", "Dir::Etc::sourceparts=-",
		"-o", "APT::Sandbox::User=root", "-o", "APT::Install-Recommends=false", "-o", "Acquire::Languages=none",
		// The list of a release that is not out expires after a week. A mirror that lags has what is wanted all the same: its
		// signature is checked, and then the version that it has.
		"-o", "Acquire::Check-Valid-Until=false",
	}
	for _, args := range [][]string{
		{"update"},
		append([]string{"install", "-y", "--download-only"}, wanted...),
	} {
		if out, err := exec.CommandContext(ctx, "apt-get", append(common, args...)...).CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", args[0], err, out)
		}
	}
	return nil
}
