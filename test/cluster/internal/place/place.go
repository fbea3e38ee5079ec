// SPDX-License-Identifier: Apache-2.0

// Package place knows where everything lies: the state of the cluster, the
// cache of built programs, and the sources they are built from.
package place

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Module is the path of the module that this program is part of.
const Module = "github.com/redis-sentinel/redis-sentinel-webhook/test/cluster"

// StateVariable is the environment variable that names another state folder.
const StateVariable = "TEST_CLUSTER_DIR"

const defaultState = "/var/lib/redis-sentinel-test-cluster"

// Sockets lie in the state folder, and their paths must fit into 107 bytes.
const maxState = 60

// State returns the folder that holds everything of a running cluster.
func State(getenv func(string) string) (string, error) {
	dir := getenv(StateVariable)
	if dir == "" {
		return defaultState, nil
	}
	if !filepath.IsAbs(dir) || filepath.Clean(dir) == "/" {
		return "", fmt.Errorf("%s=%q: give an absolute path of a folder for the cluster alone", StateVariable, dir)
	}
	if len(dir) > maxState {
		return "", fmt.Errorf("%s=%q: longer than %d bytes, sockets in it would not work; choose a shorter path", StateVariable, dir, maxState)
	}
	return filepath.Clean(dir), nil
}

// Cache returns the folder for what is built once for a machine.
func Cache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder (set HOME or XDG_CACHE_HOME): %w", err)
	}
	return filepath.Join(dir, "redis-sentinel-test-cluster"), nil
}

// Source returns the folder of this module's sources: from, or test/cluster in
// from or in one of its parents.
func Source(from string) (string, error) {
	for dir := from; ; dir = filepath.Dir(dir) {
		for _, candidate := range []string{dir, filepath.Join(dir, "test", "cluster")} {
			if module, err := moduleOf(candidate); err == nil && module == Module {
				return candidate, nil
			}
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no sources of %s in %s or above it: run this inside a checkout", Module, from)
		}
	}
}

func moduleOf(dir string) (string, error) {
	file, err := os.Open(filepath.Join(dir, "go.mod"))
	if err != nil {
		return "", err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, found := strings.CutPrefix(lines.Text(), "module "); found {
			return strings.TrimSpace(name), nil
		}
	}
	return "", errors.New("go.mod without a module line")
}
