// SPDX-License-Identifier: Apache-2.0

package world

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// AnonymousMemory is the anonymous memory, in bytes, of a container's process on this machine, which has to be the node. The
// container's id is as in a pod's status. If a container has several processes, all are counted.
func AnonymousMemory(containerID string) (int64, error) {
	_, id, found := strings.Cut(containerID, "://")
	if !found {
		return 0, fmt.Errorf("container id %q has no scheme", containerID)
	}
	groups, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		return 0, fmt.Errorf("listing processes: %w", err)
	}
	total, processes := int64(0), 0
	for _, group := range groups {
		text, err := os.ReadFile(group)
		if err != nil || !bytes.Contains(text, []byte(id)) {
			continue // another container's, or gone since
		}
		memory, err := anonymous(filepath.Join(filepath.Dir(group), "smaps_rollup"))
		if err != nil {
			return 0, err
		}
		total += memory
		processes++
	}
	if processes == 0 {
		return 0, fmt.Errorf("no process of container %s runs on this machine", id)
	}
	return total, nil
}

func anonymous(path string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("reading the memory of a process: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, "Anonymous:"); found {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("reading %s: %w", path, err)
			}
			return kilobytes << 10, nil
		}
	}
	return 0, fmt.Errorf("%s has no anonymous memory", path)
}
