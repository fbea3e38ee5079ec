// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// addServerOf adds redis or valkey as the official image has it, from a root of
// another Debian release than this machine's, and returns its version.
func addServerOf(ctx context.Context, files Tree, source, scratch, root, product string) (version string, err error) {
	server := product + "-server"
	said, err := output(ctx, "chroot", root, "/usr/bin/"+server, "--version")
	if err != nil {
		return "", err
	}
	if version = versionIn(said); version == "" {
		return "", fmt.Errorf("%s --version names no version: %q", server, said)
	}
	for _, program := range []string{server, product + "-cli"} {
		files.Copy(officialBin+program, filepath.Join(root, "usr/bin", program), 0o755)
		if err = addLibrariesOf(ctx, files, root, "/usr/bin/"+program); err != nil {
			return "", err
		}
	}
	files.Link(officialBin+product+"-sentinel", server)
	// Busybox is static: it needs no library of this machine's release.
	if err = addBusybox(ctx, files); err != nil {
		return "", err
	}
	return version, addOfficial(ctx, files, source, scratch)
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
		files.Copy(library, inRoot(root, library), 0o755)
	}
	return nil
}

// inRoot is where a file of a root is. A link that begins at / means that of the
// root, not this machine's.
func inRoot(root, name string) string {
	path := filepath.Join(root, name)
	for {
		target, err := os.Readlink(path)
		if err != nil || !filepath.IsAbs(target) {
			return path
		}
		path = filepath.Join(root, target)
	}
}
