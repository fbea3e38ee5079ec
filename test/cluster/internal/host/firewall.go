// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"os/exec"
	"strings"
)

// ruleMark is the comment on every iptables rule of the cluster.
const ruleMark = "redis-sentinel-test-cluster"

// allowForwarding lets pods' traffic through a firewall that forwards nothing
// by itself, as Docker leaves the machine. No rule of an nftables table could:
// what one of them accepts, the next may still drop.
func allowForwarding(ctx context.Context) error {
	if !strings.Contains(forwardRules(ctx), "-P FORWARD DROP") {
		return nil
	}
	for _, direction := range []string{"--source", "--destination"} {
		if err := run(ctx, "", "iptables", "--insert", "FORWARD", direction, PodCIDR,
			"--match", "comment", "--comment", ruleMark, "--jump", "ACCEPT"); err != nil {
			return err
		}
	}
	return nil
}

// endForwarding removes the rules of allowForwarding, however many there are.
func endForwarding(ctx context.Context) error {
	for rule := range strings.Lines(forwardRules(ctx)) {
		added, isRule := strings.CutPrefix(strings.TrimSpace(rule), "-A ")
		if isRule && strings.Contains(added, ruleMark) {
			if err := run(ctx, "", "iptables", append([]string{"-D"}, strings.Fields(added)...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// forwardRules returns the policy and the rules of what the machine forwards, a
// line each. A machine that cannot list them has no such firewall: no rules.
func forwardRules(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "iptables", "--list-rules", "FORWARD").Output()
	if err != nil {
		return ""
	}
	return string(out)
}
