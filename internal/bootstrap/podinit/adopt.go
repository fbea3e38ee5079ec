// SPDX-License-Identifier: Apache-2.0

package podinit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// staged follows the name of a directory that is not complete yet.
const staged = ".adopting"

// adoptInto moves what lies beside a directory into it, once: the directory has its name when all is there, so that a move which was cut
// short goes on, and one that is done is never done again. The directories of other pods stay, and so does what the file system keeps.
func adoptInto(directory string) error {
	if _, err := os.Stat(directory); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err //nolint:wrapcheck // names the path
	}
	parent, staging := filepath.Dir(directory), directory+staged
	if err := os.MkdirAll(staging, 0o755); err != nil {
		return err //nolint:wrapcheck // names the path
	}
	entries, err := os.ReadDir(parent)
	if err != nil {
		return err //nolint:wrapcheck // names the path
	}
	for _, entry := range entries {
		if name := entry.Name(); name != filepath.Base(staging) && name != "lost+found" && !isPodOf(name, filepath.Base(directory)) {
			if err := os.Rename(filepath.Join(parent, name), filepath.Join(staging, name)); err != nil {
				return fmt.Errorf("moving what is there into the directory of the pod: %w", err)
			}
		}
	}
	return os.Rename(staging, directory) //nolint:wrapcheck // names the paths
}

// isPodOf reports whether a name is that of a pod of the same StatefulSet.
func isPodOf(name, pod string) bool {
	set := pod[:strings.LastIndex(pod, "-")+1]
	_, err := strconv.Atoi(strings.TrimPrefix(name, set))
	return set != "" && strings.HasPrefix(name, set) && err == nil
}
