// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
)

// addLibraries adds the shared libraries of programs, and their loader, where
// this machine has them.
func addLibraries(ctx context.Context, files Tree, programs ...string) error {
	for _, program := range programs {
		out, err := output(ctx, "ldd", program)
		if err != nil {
			return err
		}
		for _, library := range libraries(out) {
			files.Copy(library, library, 0o755)
		}
	}
	return nil
}

// libraries reads the paths out of what ldd prints: "NAME => PATH (ADDRESS)",
// or "PATH (ADDRESS)" for the loader. The kernel's own library has no path.
func libraries(ldd string) []string {
	var paths []string
	for line := range strings.Lines(ldd) {
		if _, path, found := strings.Cut(line, "=> "); found {
			line = path
		}
		path, _, found := strings.Cut(strings.TrimSpace(line), " (")
		if found && strings.HasPrefix(path, "/") {
			paths = append(paths, path)
		}
	}
	return paths
}

// addBusybox adds a shell and the small programs, where the tree has none yet.
func addBusybox(ctx context.Context, files Tree) error {
	const source, target = "/usr/bin/busybox", "/bin/busybox"
	path := source
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		path = target
	}
	applets, err := output(ctx, path, "--list-full")
	if err != nil {
		return err
	}
	files.Copy(target, path, 0o755)
	for _, applet := range strings.Fields(applets) {
		if _, taken := files["/"+applet]; !taken && applet != "linuxrc" {
			files.Link("/"+applet, target)
		}
	}
	return nil
}

func output(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", cmd, err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}
