// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
)

// mount is one line of /proc/self/mounts.
type mount struct {
	path string
	kind string
}

func mountPoints() ([]mount, error) {
	data, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, fmt.Errorf("listing mounts: %w", err)
	}
	return parseMounts(string(data)), nil
}

// parseMounts reads the kernel's table, in which blanks in paths are octal.
func parseMounts(table string) []mount {
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	var mounts []mount
	for line := range strings.Lines(table) {
		if fields := strings.Fields(line); len(fields) > 2 {
			mounts = append(mounts, mount{path: unescape.Replace(fields[1]), kind: fields[2]})
		}
	}
	return mounts
}

// UnmountBelow unmounts everything below dir, the latest mount first.
func UnmountBelow(dir string) error {
	mounts, err := mountPoints()
	if err != nil {
		return err
	}
	for _, m := range slices.Backward(mounts) {
		if !strings.HasPrefix(m.path, dir+"/") {
			continue
		}
		if err := syscall.Unmount(m.path, syscall.MNT_DETACH); err != nil {
			return fmt.Errorf("unmounting %s: %w", m.path, err)
		}
	}
	return nil
}
