// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/build"
)

// Valkey is a stand-in for the official Valkey image, made of the Valkey that
// is installed in a root: that of another Debian release than this machine's.
// Like the official one it has Redis' names for its programs too.
func Valkey(ctx context.Context, source, scratch, root string) (Image, error) {
	version, err := output(ctx, "chroot", root, "/usr/bin/valkey-server", "--version")
	if err != nil {
		return Image{}, err
	}
	number := versionIn(version)
	if number == "" {
		return Image{}, fmt.Errorf("valkey-server --version names no version: %q", version)
	}
	files := Tree{}
	const bin = "/usr/local/bin/"
	for _, program := range []string{"server", "cli"} {
		files.Copy(bin+"valkey-"+program, filepath.Join(root, "usr/bin/valkey-"+program), 0o755)
		files.Link(bin+"redis-"+program, "valkey-"+program)
		if err := addLibrariesOf(ctx, files, root, "/usr/bin/valkey-"+program); err != nil {
			return Image{}, err
		}
	}
	for _, name := range []string{"valkey-sentinel", "redis-sentinel"} {
		files.Link(bin+name, "valkey-server")
	}
	// Busybox is static: it needs no library of this machine's release.
	if err := addBusybox(ctx, files); err != nil {
		return Image{}, err
	}
	gosu := filepath.Join(scratch, "gosu")
	if err := build.Program(ctx, source, "./gosu", gosu); err != nil {
		return Image{}, err
	}
	files.Copy(bin+"gosu", gosu, 0o755)
	files.Text(bin+"docker-entrypoint.sh", 0o755, redisEntrypoint)
	addAccounts(files)
	major, rest, _ := strings.Cut(number, ".")
	minor, _, _ := strings.Cut(rest, ".")
	return Image{"valkey:" + major + "." + minor, serverConfig("redis-server", "VALKEY_VERSION="+number), files}, nil
}

// addLibrariesOf adds the shared libraries of a program in a root, and its
// loader, where the root has them.
func addLibrariesOf(ctx context.Context, files Tree, root, program string) error {
	const loader = "/lib64/ld-linux-x86-64.so.2"
	out, err := output(ctx, "chroot", root, loader, "--list", program)
	if err != nil {
		return err
	}
	for _, library := range append(libraries(out), loader) {
		files.Copy(library, filepath.Join(root, library), 0o755)
	}
	return nil
}
