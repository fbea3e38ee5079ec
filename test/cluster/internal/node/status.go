// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/process"
)

// Exists reports whether there is anything of a cluster.
func (n *Node) Exists() bool {
	_, err := os.Stat(n.Layout.Dir)
	return err == nil
}

// Healthy returns an error that says why the cluster is not up and whole, or nil
// if it is.
func (n *Node) Healthy(ctx context.Context) error {
	if _, err := os.Stat(n.upMarker()); err != nil {
		return errors.New("the cluster was not started to the end; run 'cluster up'")
	}
	records, err := process.Load(n.Layout.Records())
	if err != nil {
		return err
	}
	for _, r := range records {
		if !r.Alive() {
			return fmt.Errorf("%s does not run any more (its log: %s); run 'cluster up'", r.Name, n.Layout.LogFile(r.Name))
		}
	}
	return n.nodeReady(ctx)
}

// Status prints what runs.
func (n *Node) Status(ctx context.Context, out io.Writer) error {
	if !n.Exists() {
		return fmt.Errorf("no cluster in %s; run 'cluster up'", n.Layout.Dir)
	}
	records, err := process.Load(n.Layout.Records())
	if err != nil {
		return err
	}
	for _, r := range records {
		state := "runs"
		if !r.Alive() {
			state = "ended"
		}
		fmt.Fprintf(out, "%-24s %-6s pid %-8d log %s\n", r.Name, state, r.PID, n.Layout.LogFile(r.Name))
	}
	if err = n.Healthy(ctx); err != nil {
		return err
	}
	pods, err := n.Kubectl(ctx, "get", "nodes,pods", "--all-namespaces", "--output", "wide")
	if err != nil {
		return err
	}
	fmt.Fprint(out, pods)
	return nil
}
