// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// CgroupRoot is the cgroup that holds everything the cluster runs: its own
// components, the shims and the pods, and nothing else.
const CgroupRoot = "redis-sentinel-test-cluster"

const (
	cgroupMount = "/sys/fs/cgroup"
	components  = "components" // the leaf of processes that are not pods
)

// hierarchies returns the mount points of all cgroup hierarchies: one on
// version 2, one for each controller on version 1.
func hierarchies() ([]string, error) {
	mounts, err := mountPoints()
	if err != nil {
		return nil, err
	}
	var found []string
	for _, m := range mounts {
		if (m.kind == "cgroup" || m.kind == "cgroup2") && strings.HasPrefix(m.path, cgroupMount) {
			found = append(found, m.path)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("no cgroups are mounted in " + cgroupMount + ": mount cgroup2 there, as systemd does")
	}
	return found, nil
}

// MakeCgroups makes the cluster's cgroup in every hierarchy, because the kubelet
// wants it there, and returns the cgroup.procs files that a component enters.
func MakeCgroups() (procs []string, err error) {
	roots, err := hierarchies()
	if err != nil {
		return nil, err
	}
	for _, root := range roots {
		ours := filepath.Join(root, CgroupRoot)
		leaf := filepath.Join(ours, components)
		if err := os.MkdirAll(leaf, 0o755); err != nil {
			return nil, fmt.Errorf("making cgroups: %w", err)
		}
		if err := delegate(root, ours); err != nil {
			return nil, err
		}
		prefer(ours, 262144, 10000)
		prefer(leaf, 4096, 400)
		// A process in a cpuset needs processors and memory in it, which a new
		// cgroup of version 1 lacks: components stay out of that hierarchy.
		if filepath.Base(root) != "cpuset" && !strings.Contains(filepath.Base(root), "cpuset,") {
			procs = append(procs, filepath.Join(leaf, "cgroup.procs"))
		}
	}
	return procs, nil
}

// delegate lets the cgroups below these have all controllers. Version 1 knows
// no such thing.
func delegate(cgroups ...string) error {
	for _, dir := range cgroups {
		data, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading cgroup controllers: %w", err)
		}
		for _, controller := range strings.Fields(string(data)) {
			// The kubelet reports a controller that is missing.
			_ = os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+controller), 0o644)
		}
	}
	return nil
}

// prefer gives a cgroup a larger share of busy processors; the defaults are 1024
// and 100. Otherwise the whole cluster would count like one compiler that runs
// beside it, and a node that gets no time looks like a broken one.
func prefer(dir string, shares, weight int) {
	for name, value := range map[string]int{"cpu.shares": shares, "cpu.weight": weight} {
		if path := filepath.Join(dir, name); exists(path) {
			_ = os.WriteFile(path, []byte(strconv.Itoa(value)), 0o644) // slower, but it works
		}
	}
}

// EndCgroups kills whatever runs in the cluster's cgroup and removes it.
func EndCgroups(timeout time.Duration) error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	var dirs []string
	for _, root := range roots {
		dirs = append(dirs, cgroupsBelow(filepath.Join(root, CgroupRoot))...)
	}
	for end := time.Now().Add(timeout); ; time.Sleep(20 * time.Millisecond) {
		thaw(dirs)
		pids := pidsIn(dirs)
		if len(pids) == 0 {
			break
		}
		if time.Now().After(end) {
			return fmt.Errorf("ending the processes in cgroup %s: still there after %s: %v", CgroupRoot, timeout, pids)
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	return removeCgroups(dirs, timeout)
}

// removeCgroups removes children before parents. The kernel needs a moment
// after the last process.
func removeCgroups(dirs []string, timeout time.Duration) error {
	for end := time.Now().Add(timeout); ; time.Sleep(20 * time.Millisecond) {
		var failed error
		for _, dir := range slices.Backward(dirs) {
			if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
				failed = fmt.Errorf("removing cgroup: %w", err)
			}
		}
		if failed == nil || time.Now().After(end) {
			return failed
		}
	}
}

// cgroupsBelow lists a cgroup and its descendants, parents first.
func cgroupsBelow(dir string) []string {
	var dirs []string
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return nil // what vanishes during the walk needs no ending
	})
	return dirs
}

// pidsIn returns the processes in these cgroups, never init or this process.
func pidsIn(dirs []string) []int {
	var pids []int
	for _, dir := range dirs {
		data, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		for _, field := range strings.Fields(string(data)) {
			if pid, err := strconv.Atoi(field); err == nil && pid > 1 && pid != os.Getpid() {
				pids = append(pids, pid)
			}
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}

// thaw lets frozen processes die. Files that are not there belong to the other
// version of cgroups.
func thaw(dirs []string) {
	for _, dir := range dirs {
		for name, value := range map[string]string{"freezer.state": "THAWED", "cgroup.freeze": "0"} {
			if path := filepath.Join(dir, name); exists(path) {
				_ = os.WriteFile(path, []byte(value), 0o644)
			}
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
