// SPDX-License-Identifier: Apache-2.0

// Package host is what the cluster needs of the machine and leaves on it:
// packages, cgroups, network, mounts and kernel settings.
package host

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
)

// remedy is the way out for every machine that this cluster cannot run on.
const remedy = "to test on a cluster you already have, set CLUSTER=current: the current kubectl context is used"

// Require returns an error that says why this machine cannot carry the cluster,
// or nil if it can.
func Require(euid int) error {
	switch {
	case runtime.GOOS != "linux":
		return fmt.Errorf("the test cluster runs on Linux, this is %s; %s", runtime.GOOS, remedy)
	case euid != 0:
		return errors.New("the test cluster needs root (containers, network and mounts of its own); " + remedy)
	}
	for _, program := range []string{"apt-get", "dpkg-query"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("the test cluster takes its programs from Debian packages and there is no %s here; %s", program, remedy)
		}
	}
	return nil
}
