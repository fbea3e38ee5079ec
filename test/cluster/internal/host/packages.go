// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/progress"
)

// packages are the Debian packages that the node and the images are made of.
var packages = []string{
	"bash", "busybox-static", "conntrack", "containerd", "containernetworking-plugins", "iproute2", "iptables",
	"libc-bin", "mount", "nftables", "redis-sentinel", "redis-server", "redis-tools", "runc",
}

// policy is the file by which Debian asks whether a package may start its
// service; policyDenies is the answer "no".
const (
	policy       = "/usr/sbin/policy-rc.d"
	policyDenies = "#!/bin/sh\n# Written by the test cluster while it installs packages.\nexit 101\n"
)

// InstallPackages installs what is missing of these and more, and lets no
// package start a service: the cluster has a containerd of its own, and Redis
// runs in pods.
func InstallPackages(ctx context.Context, log *progress.Log, more ...string) error {
	missing := missingPackages(ctx, slices.Concat(packages, more))
	if len(missing) == 0 {
		return nil
	}
	restore, err := denyServices()
	if err != nil {
		return err
	}
	defer restore()
	log.Step("installing Debian packages: %s", strings.Join(missing, " "))
	install := append([]string{"install", "--yes", "--no-install-recommends"}, missing...)
	if aptGet(ctx, install...) == nil {
		return nil
	}
	// The lists of packages are probably missing or old.
	if err := aptGet(ctx, "update"); err != nil {
		return err
	}
	return aptGet(ctx, install...)
}

// missingPackages asks dpkg; the order of packages is kept.
func missingPackages(ctx context.Context, wanted []string) []string {
	var missing []string
	for _, name := range wanted {
		out, err := exec.CommandContext(ctx, "dpkg-query", "--show", "--showformat=${db:Status-Status}", name).Output()
		if err != nil || string(out) != "installed" {
			missing = append(missing, name)
		}
	}
	return missing
}

// denyServices makes the policy file say no, and returns what puts back the one
// that was there.
func denyServices() (restore func(), err error) {
	old, err := os.ReadFile(policy)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		restore = func() { _ = os.Remove(policy) }
	case err != nil:
		return nil, fmt.Errorf("keeping packages from starting services: %w", err)
	default:
		info, err := os.Stat(policy)
		if err != nil {
			return nil, fmt.Errorf("keeping packages from starting services: %w", err)
		}
		restore = func() { _ = writeWithMode(policy, string(old), info.Mode()) }
	}
	if err := writeWithMode(policy, policyDenies, 0o755); err != nil {
		return nil, fmt.Errorf("keeping packages from starting services: %w", err)
	}
	return restore, nil
}

func writeWithMode(path, text string, mode os.FileMode) error {
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

func aptGet(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", append([]string{"--quiet"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}
