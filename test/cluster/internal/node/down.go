// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/host"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/process"
)

const endTimeout = 20 * time.Second

// Down ends and removes everything, however much of it there is: after a
// half-finished start, a crash or a reboot it does the same.
func (n *Node) Down(ctx context.Context) error {
	records, err := process.Load(n.Layout.Records())
	if err != nil {
		return err
	}
	// The kubelet first, or it would start again what the others end.
	slices.SortStableFunc(records, func(a, b process.Record) int {
		return rank(a.Name) - rank(b.Name)
	})
	var errs []error
	for _, r := range records {
		errs = append(errs, r.Kill(endTimeout))
	}
	// What is left in the cgroup are pods, shims and helpers of components.
	errs = append(errs, host.EndCgroups(endTimeout))
	errs = append(errs, removeShimSockets(n.Layout), host.UnmountBelow(n.Layout.Dir), host.EndNetwork(ctx))
	errs = append(errs, host.RestoreSysctls(n.Layout.Sysctls()), removeStrays(n.Layout))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("taking the cluster down (the rest is gone; run it again): %w", err)
	}
	if err := os.RemoveAll(n.Layout.Dir); err != nil {
		return fmt.Errorf("removing the state folder: %w", err)
	}
	return nil
}

func rank(component string) int {
	if component == "kubelet" {
		return 0
	}
	return 1
}
