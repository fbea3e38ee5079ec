// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/provision"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/controlplane"
)

// Lab is what all scenarios share: a network, an API server, the agent's binary and the servers.
type Lab struct {
	API     *rest.Config
	Client  kubernetes.Interface
	Objects client.WithWatch
	Network *Network
	Names   *Names

	spawner *Spawner
	dir     string
	agent   string
	servers sync.Mutex
	stop    func()
}

// Open builds the agent and starts the network and the API server. The module is the directory of go.mod. Everything is in
// memory: a test of failover must not measure a disk.
func Open(ctx context.Context, module string) (l *Lab, err error) {
	l = &Lab{stop: func() {}}
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	if l.dir, err = os.MkdirTemp("/dev/shm", "redis-sentinel-process-"); err != nil {
		return l, fmt.Errorf("making a directory in memory: %w", err)
	}
	if err = os.Chmod(l.dir, 0o755); err != nil {
		return l, err
	}
	l.agent = filepath.Join(l.dir, "bootstrap")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", l.agent, "./cmd/bootstrap")
	build.Dir, build.Env = module, append(os.Environ(), "CGO_ENABLED=0")
	var out []byte
	if out, err = build.CombinedOutput(); err != nil {
		return l, fmt.Errorf("building the agent: %w: %s", err, out)
	}
	if l.spawner, err = NewSpawner(); err != nil {
		return l, err
	}
	if l.Network, err = NewNetwork(); err != nil {
		return l, err
	}
	if l.Names, err = NewNames(l.Network.Gateway); err != nil {
		return l, err
	}
	if l.API, l.stop, err = controlplane.Start(l.Network.Gateway.String(), l.audit(), ""); err != nil {
		return l, err
	}
	l.Client, err = kubernetes.NewForConfig(l.API)
	if err != nil {
		return l, err
	}
	if l.Objects, err = client.NewWithWatch(l.API, client.Options{Scheme: clientgoscheme.Scheme}); err != nil {
		return l, err
	}
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: labelsRole}, Rules: provision.LabelsRules()}
	return l, l.Objects.Create(ctx, role)
}

// labelsRole is what a chart has for the accounts of Sentinel sets.
const labelsRole = "role-labels"

// Close ends everything; pods end with their scenarios.
func (l *Lab) Close() {
	l.stop()
	if l.Names != nil {
		l.Names.Close()
	}
	var err error
	if l.Network != nil {
		err = l.Network.Close()
	}
	if err = errors.Join(err, os.RemoveAll(l.dir)); err != nil {
		fmt.Fprintln(os.Stderr, "closing the lab:", err)
	}
}

func (l *Lab) audit() string { return filepath.Join(l.dir, "audit.log") }
