// SPDX-License-Identifier: Apache-2.0

// Package podinit is what runs once while a pod starts: the directory of a pod on a shared volume, and the wait for its agent.
package podinit

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// MakeDirectory makes a directory of one pod on a volume. It belongs to the user that runs
// this, or to the given one where that is allowed; an existing directory keeps its content. Pod 0 goes on with what was there before
// each pod had a directory.
func MakeDirectory(args []string) error {
	flags := flag.NewFlagSet(contract.CommandMakeDirectory, flag.ContinueOnError)
	path := flags.String("path", "", "the directory")
	mode := flags.String("mode", "0770", "its permissions, in octal")
	uid := flags.Int("uid", -1, "its owner; -1 leaves it")
	gid := flags.Int("gid", -1, "its group; -1 leaves it")
	adopt := flags.Bool("adopt", false, "let pod 0 move what lies beside its directory into it, where that is new, but the directories of other pods")
	keep := flags.Bool("keep", false, "leave a directory that is there as it is")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("make-directory: %w", err)
	}
	bits, err := strconv.ParseUint(*mode, 8, 12)
	if err != nil || *path == "" {
		return fmt.Errorf("make-directory: --path is required and --mode must be octal, got %q and %q", *path, *mode)
	}
	if *adopt && strings.HasSuffix(*path, "-0") {
		if err = adoptInto(*path); err != nil {
			return fmt.Errorf("make-directory: %w", err)
		}
	}
	if _, missing := os.Stat(*path); *keep && missing == nil {
		return nil
	}
	if err = os.MkdirAll(*path, 0o755); err != nil {
		return fmt.Errorf("make-directory: %w", err)
	}
	if *uid >= 0 || *gid >= 0 {
		if err = os.Chown(*path, *uid, *gid); err != nil {
			return fmt.Errorf("make-directory: changing the owner of %s to %d:%d: %w", *path, *uid, *gid, err)
		}
	}
	info, err := os.Stat(*path)
	if err != nil {
		return fmt.Errorf("make-directory: %w", err)
	}
	if info.Mode().Perm() == os.FileMode(bits) {
		return nil
	}
	if err := os.Chmod(*path, os.FileMode(bits)); err != nil {
		return fmt.Errorf("make-directory: %w", err)
	}
	return nil
}
