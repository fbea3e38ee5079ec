// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const freezeTimeout = 10 * time.Second

// FreezePod stops or continues all processes of a pod, by its cgroup.
func FreezePod(uid string, frozen bool) error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	// Version 1 has a hierarchy for it; where it has one, a version 2 beside
	// it holds no pods.
	for _, f := range []freezer{
		{file: "freezer.state", state: "freezer.state", stop: "FROZEN", run: "THAWED", is: "FROZEN", isNot: "THAWED"},
		{file: "cgroup.freeze", state: "cgroup.events", stop: "1", run: "0", is: "frozen 1", isNot: "frozen 0"},
	} {
		for _, root := range roots {
			for _, dir := range cgroupsBelow(filepath.Join(root, CgroupRoot)) {
				if filepath.Base(dir) == "pod"+uid && exists(filepath.Join(dir, f.file)) {
					return f.set(dir, frozen)
				}
			}
		}
	}
	return fmt.Errorf("no cgroup of pod %s that can be frozen", uid)
}

// freezer is how one version of cgroups stops processes.
type freezer struct {
	file, stop, run  string // what to write
	state, is, isNot string // what can be read afterwards
}

func (f freezer) set(dir string, frozen bool) error {
	value, want := f.run, f.isNot
	if frozen {
		value, want = f.stop, f.is
	}
	for end := time.Now().Add(freezeTimeout); ; time.Sleep(10 * time.Millisecond) {
		if err := os.WriteFile(filepath.Join(dir, f.file), []byte(value), 0o644); err != nil {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, f.state))
		if err != nil {
			return err
		}
		if strings.Contains(string(data), want) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("its state is %q after %s", strings.TrimSpace(string(data)), freezeTimeout)
		}
	}
}
