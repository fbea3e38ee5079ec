// SPDX-License-Identifier: Apache-2.0

package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// sysctls are the kernel settings that the cluster or its kubelet change.
var sysctls = []string{
	"kernel/keys/root_maxbytes", "kernel/keys/root_maxkeys", "kernel/panic", "kernel/panic_on_oops",
	"net/ipv4/ip_forward", "vm/overcommit_memory", "vm/panic_on_oom",
}

// SaveSysctls writes the settings as they are into a file, and turns on the
// forwarding between pods.
func SaveSysctls(file string) error {
	values := map[string]string{}
	for _, name := range sysctls {
		data, err := os.ReadFile(filepath.Join("/proc/sys", name))
		if err == nil {
			values[name] = strings.TrimSpace(string(data))
		}
	}
	data, err := json.Marshal(values)
	if err != nil {
		return fmt.Errorf("saving kernel settings: %w", err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return fmt.Errorf("saving kernel settings: %w", err)
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return fmt.Errorf("turning on IP forwarding: %w", err)
	}
	return nil
}

// RestoreSysctls puts back what SaveSysctls found.
func RestoreSysctls(file string) error {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("restoring kernel settings: %w", err)
	}
	values := map[string]string{}
	_ = json.Unmarshal(data, &values) // a file that was cut off: nothing was changed yet
	for name, value := range values {
		if err := os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0o644); err != nil {
			return fmt.Errorf("restoring kernel settings: %w", err)
		}
	}
	return nil
}
