// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// devicePlugins is where every kubelet listens for device plugins, whatever its
// root is.
const devicePlugins = "/var/lib/kubelet/device-plugins"

// cniCache is where the CNI library notes the networks of pods.
const cniCache = "/var/lib/cni/results"

// removeShimSockets removes the sockets of shims, which containerd puts outside
// its own folders; the shim's bundle tells which.
func removeShimSockets(l Layout) error {
	bundles, err := filepath.Glob(l.in("containerd", "state", "io.containerd.runtime.v2.task", "*", "*", "address"))
	if err != nil {
		return fmt.Errorf("listing shims: %w", err)
	}
	for _, bundle := range bundles {
		address, err := os.ReadFile(bundle)
		if err != nil {
			continue // the container was just being made
		}
		if socket, isUnix := strings.CutPrefix(strings.TrimSpace(string(address)), "unix://"); isUnix {
			_ = os.Remove(socket)
		}
	}
	removeEmpty("/run/containerd/s", "/run/containerd")
	return nil
}

// removeStrays removes the few files that components insist on writing elsewhere.
func removeStrays(l Layout) error {
	strays, err := cniNotes(cniCache)
	if err != nil {
		return err
	}
	strays = append(strays, linksInto("/var/log/containers", l.in("pod-logs"))...)
	for _, path := range append(strays, devicePlugins+"/kubelet.sock") {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing what the cluster wrote: %w", err)
		}
	}
	removeEmpty(cniCache, filepath.Dir(cniCache), "/var/log/containers", devicePlugins, filepath.Dir(devicePlugins))
	return nil
}

// cniNotes returns the notes about the cluster's pods: NETWORK-POD-INTERFACE.
// Those about the cluster's network say which pods are meant; the loopback
// network's name is the same for every containerd of the machine.
func cniNotes(dir string) ([]string, error) {
	ours, err := filepath.Glob(filepath.Join(dir, cniNetwork+"-*"))
	if err != nil {
		return nil, fmt.Errorf("listing the notes of the CNI library: %w", err)
	}
	notes := ours
	for _, note := range ours {
		pod, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(note), cniNetwork+"-"), "-")
		notes = append(notes, filepath.Join(dir, "cni-loopback-"+pod+"-lo"))
	}
	return notes, nil
}

// linksInto returns the links in dir that point below target.
func linksInto(dir, target string) []string {
	entries, _ := os.ReadDir(dir)
	var links []string
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if to, err := os.Readlink(path); err == nil && strings.HasPrefix(to, target+"/") {
			links = append(links, path)
		}
	}
	return links
}

// removeEmpty removes those folders that hold nothing: others may use them too.
func removeEmpty(dirs ...string) {
	for _, dir := range dirs {
		_ = os.Remove(dir)
	}
}
