// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// EnvClusterTool names the binary of test/cluster that runs the cluster under test.
const EnvClusterTool = "TEST_CLUSTER_BIN"

// ErrNoTool means that this cluster's node is out of reach.
var ErrNoTool = errors.New("processes can be killed only on the cluster of test/cluster: set " + EnvClusterTool + " to its binary")

// clusterTool runs the program of test/cluster, for what only the node can do.
type clusterTool struct{ kubeconfig string }

func (c *clusterTool) configured() bool { return os.Getenv(EnvClusterTool) != "" }

// run runs the tool and returns its output; when it fails, the error contains what it said.
func (c *clusterTool) run(ctx context.Context, arguments ...string) (string, error) {
	binary := os.Getenv(EnvClusterTool)
	if binary == "" {
		return "", ErrNoTool
	}
	command := exec.CommandContext(ctx, binary, arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig)
	output, err := command.CombinedOutput()
	if err != nil {
		return string(output), fmt.Errorf("cluster %s: %w: %s", strings.Join(arguments, " "), err, strings.TrimSpace(string(output)))
	}
	return string(output), nil
}

// Root finds the root of the repository from the working directory upward.
func Root() (string, error) {
	directory, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	for start := directory; ; directory = filepath.Dir(directory) {
		if _, err := os.Stat(filepath.Join(directory, "internal", "contract")); err == nil {
			return directory, nil
		}
		if directory == filepath.Dir(directory) {
			return "", fmt.Errorf("finding the repository: no directory above %s contains internal/contract", start)
		}
	}
}
