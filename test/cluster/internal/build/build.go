// SPDX-License-Identifier: Apache-2.0

// Package build makes the programs of the cluster from their Go modules, once
// for each version of the sources and of Go, in a folder outside the checkout.
package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/progress"
)

const (
	// KubernetesVersion is the version that the servers say they are; it has
	// to agree with kubernetes/go.mod.
	KubernetesVersion = "v1.36.3"
	helmVersion       = "v3.22.0"
	versionPackage    = "k8s.io/component-base/version"
)

// links are the programs in the one Kubernetes binary.
var links = []string{
	"etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy",
	"kube-scheduler", "kubectl", "kubelet",
}

// Builder builds from the sources in Source into a folder below Cache.
type Builder struct {
	Source string
	Cache  string
	Log    *progress.Log
}

// Node makes the programs of the node and returns their folder.
func (b Builder) Node(ctx context.Context) (string, error) {
	bin, err := b.folder()
	if err != nil {
		return "", err
	}
	ldflags := fmt.Sprintf("-s -w -X %[1]s.gitVersion=%[2]s -X %[1]s.gitMajor=1 -X %[1]s.gitMinor=36 -X %[1]s.gitTreeState=clean", versionPackage, KubernetesVersion)
	if err := b.once(ctx, bin, "kubernetes", "Kubernetes "+KubernetesVersion+" and etcd (minutes, the first time)",
		"build", "-C", filepath.Join(b.Source, "kubernetes"), "-trimpath", "-ldflags", ldflags, "-o", "{}", "."); err != nil {
		return "", err
	}
	if err := b.once(ctx, bin, "coredns", "CoreDNS (two minutes, the first time)",
		"build", "-C", filepath.Join(b.Source, "coredns"), "-trimpath", "-ldflags", "-s -w", "-o", "{}", "."); err != nil {
		return "", err
	}
	for _, name := range links {
		if err := os.Symlink("kubernetes", filepath.Join(bin, name)); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("naming the program %s: %w", name, err)
		}
	}
	return bin, nil
}

// Tools makes helm and kubectl and returns the folder of both.
func (b Builder) Tools(ctx context.Context) (string, error) {
	bin, err := b.Node(ctx)
	if err != nil {
		return "", err
	}
	err = b.once(ctx, bin, "helm", "Helm "+helmVersion+" (two minutes, the first time)",
		"install", "-trimpath", "-ldflags", "-s -w", "helm.sh/helm/v3/cmd/helm@"+helmVersion)
	return bin, err
}

// Program builds one static program of the module in dir, from its package pkg.
func Program(ctx context.Context, dir, pkg, out string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-C", dir, "-trimpath", "-ldflags", "-s -w", "-o", out, pkg)
	return run(cmd)
}

// once runs the go command that makes bin/name, unless it is there already.
// Programs appear under their names only when they are whole.
func (b Builder) once(ctx context.Context, bin, name, what string, goArgs ...string) error {
	final := filepath.Join(bin, name)
	if _, err := os.Stat(final); err == nil {
		return nil
	}
	b.Log.Step("building %s", what)
	scratch, err := os.MkdirTemp(bin, ".building-")
	if err != nil {
		return fmt.Errorf("building %s: %w", name, err)
	}
	defer os.RemoveAll(scratch)
	made := filepath.Join(scratch, name)
	for i, arg := range goArgs {
		if arg == "{}" {
			goArgs[i] = made
		}
	}
	cmd := exec.CommandContext(ctx, "go", goArgs...)
	cmd.Dir = b.Source
	cmd.Env = append(os.Environ(), "GOBIN="+scratch)
	if err := run(cmd); err != nil {
		return err
	}
	if err := os.Rename(made, final); err != nil {
		return fmt.Errorf("building %s: %w", name, err)
	}
	return nil
}

func run(cmd *exec.Cmd) error {
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, "CGO_ENABLED=0", "GOWORK=off")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	return nil
}

// folder returns the folder of the programs that belong to these sources and
// this Go, and makes it.
func (b Builder) folder() (string, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version(), runtime.GOARCH, KubernetesVersion, helmVersion)
	for _, module := range []string{"kubernetes", "coredns"} {
		for _, name := range []string{"go.mod", "go.sum", "main.go"} {
			if err := hashFile(sum, b.Source, module, name); err != nil {
				return "", err
			}
		}
	}
	bin := filepath.Join(b.Cache, hex.EncodeToString(sum.Sum(nil))[:16])
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", fmt.Errorf("making the folder of built programs: %w", err)
	}
	return bin, nil
}

func hashFile(sum io.Writer, source, module, name string) error {
	file, err := os.Open(filepath.Join(source, module, name))
	if err != nil {
		return fmt.Errorf("reading the sources of %s: %w", module, err)
	}
	defer file.Close()
	fmt.Fprintln(sum, module, name)
	if _, err := io.Copy(sum, file); err != nil {
		return fmt.Errorf("reading the sources of %s: %w", module, err)
	}
	return nil
}
