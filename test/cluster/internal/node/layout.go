// SPDX-License-Identifier: Apache-2.0

// Package node brings up, looks at and takes down the cluster's one node.
package node

import "path/filepath"

// Name is what the node calls itself.
const Name = "test-cluster"

// Layout says where things lie in the state folder.
type Layout struct{ Dir string }

func (l Layout) in(parts ...string) string {
	return filepath.Join(append([]string{l.Dir}, parts...)...)
}

// Bin is a link to the folder of programs that this cluster was started from.
func (l Layout) Bin(program string) string { return l.in("bin", program) }

// Records holds a file for each component's process.
func (l Layout) Records() string { return l.in("run") }

// LogFile holds the output of a component.
func (l Layout) LogFile(component string) string { return l.in("logs", component+".log") }

// Certificate is the certificate of one identity.
func (l Layout) Certificate(identity string) string { return l.in("pki", identity+".crt") }

// Key is the private key that belongs to Certificate.
func (l Layout) Key(identity string) string { return l.in("pki", identity+".key") }

// Config is a file that a component reads.
func (l Layout) Config(name string) string { return l.in("config", name) }

// Kubeconfig lets one identity speak to the API server.
func (l Layout) Kubeconfig(identity string) string { return l.in("config", identity+".kubeconfig") }

// AdminKubeconfig is the one for users.
func (l Layout) AdminKubeconfig() string { return l.Kubeconfig("admin") }

// Sysctls remembers the kernel settings from before.
func (l Layout) Sysctls() string { return l.in("sysctls.json") }

// ContainerdSocket is where containerd listens.
func (l Layout) ContainerdSocket() string { return l.in("containerd.sock") }

// Cuts remembers the connections that tests broke.
func (l Layout) Cuts() string { return l.in("cuts.json") }

// Volumes holds the folders of persistent volumes.
func (l Layout) Volumes() string { return l.in("volumes") }
