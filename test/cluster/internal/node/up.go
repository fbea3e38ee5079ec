// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/host"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/place"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/process"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/progress"
)

// Node is the one node, with its control plane.
type Node struct {
	Layout Layout
	Log    *progress.Log

	cgroups []string
}

// Up starts the node with the programs in the folder bin, and returns when it
// is Ready. The machine has to be clean, as Down leaves it.
func (n *Node) Up(ctx context.Context, bin, pauseTar string) error {
	if err := n.prepare(ctx, bin, time.Now()); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	l := n.Layout
	if err := n.start(ctx, containerd(l), etcd(l)); err != nil {
		return err
	}
	if err := n.wait(ctx, "etcd", etcdAnswers); err != nil {
		return err
	}
	if err := n.start(ctx, kubeAPIServer(l)); err != nil {
		return err
	}
	if err := n.wait(ctx, "containerd", n.containerdAnswers); err != nil {
		return err
	}
	if err := n.Load(ctx, pauseTar); err != nil {
		return err
	}
	if err := n.wait(ctx, "kube-apiserver", n.apiServerReady); err != nil {
		return err
	}
	n.Log.Step("the API server answers")
	if err := n.start(ctx, kubelet(l), kubeControllerManager(l), kubeScheduler(l), kubeProxy(l)); err != nil {
		return err
	}
	if _, err := n.Kubectl(ctx, "apply", "--filename", l.Config("after-start")); err != nil {
		return err
	}
	if err := n.start(ctx, coreDNS(l), volumes(self)); err != nil {
		return err
	}
	for component, check := range map[string]func(context.Context) error{
		"kubelet":                 n.nodeReady,
		"kube-controller-manager": n.serviceAccountExists,
		"kube-proxy":              serviceAnswers,
		"coredns":                 dnsAnswers,
	} {
		if err := n.wait(ctx, component, check); err != nil {
			return err
		}
	}
	return n.markUp()
}

// prepare makes files, kernel settings, cgroups and network.
func (n *Node) prepare(ctx context.Context, bin string, now time.Time) error {
	l := n.Layout
	if err := portsFree(ctx); err != nil {
		return err
	}
	for _, dir := range []string{"run", "logs", "pki", "config", "kubelet", "pod-logs", "volumes"} {
		if err := os.MkdirAll(l.in(dir), 0o755); err != nil {
			return fmt.Errorf("making the state folder: %w", err)
		}
	}
	if err := os.Symlink(bin, l.in("bin")); err != nil {
		return fmt.Errorf("making the state folder: %w", err)
	}
	if err := host.SaveSysctls(l.Sysctls()); err != nil {
		return err
	}
	if err := host.MakeNetwork(ctx); err != nil {
		return err
	}
	cgroups, err := host.MakeCgroups()
	if err != nil {
		return err
	}
	n.cgroups = cgroups
	if err := makePKI(l, now); err != nil {
		return err
	}
	return writeConfigs(l)
}

// portsFree returns an error that names the ports of the node that are taken,
// before anything starts and fails on one less clearly.
func portsFree(ctx context.Context) error {
	var config net.ListenConfig
	var taken []error
	for user, address := range ports {
		listener, err := config.Listen(ctx, "tcp", address)
		if err != nil {
			taken = append(taken, fmt.Errorf("%s needs %s: %w", user, address, err))
			continue
		}
		_ = listener.Close()
	}
	if len(taken) > 0 {
		return fmt.Errorf("another program (a second Kubernetes?) has ports of the node; end it first: %w", errors.Join(taken...))
	}
	return nil
}

func (n *Node) start(ctx context.Context, components ...component) error {
	for _, c := range components {
		path := c.path
		if path == "" {
			path = n.Layout.Bin(c.name)
		}
		_, err := process.Start(ctx, process.Command{
			Name: c.name, Path: path, Args: c.args, Env: []string{place.StateVariable + "=" + n.Layout.Dir},
			Log: n.Layout.LogFile(c.name), Cgroup: n.cgroups,
		}, n.Layout.Records())
		if err != nil {
			return n.explain(c.name, err)
		}
	}
	return nil
}

// wait waits until check succeeds, for as long as the component lives.
func (n *Node) wait(ctx context.Context, component string, check func(context.Context) error) error {
	user := ctx
	ctx, cancel := context.WithTimeout(user, 3*time.Minute)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if user.Err() != nil {
			return errors.New("interrupted; 'cluster down' removes what was started, 'cluster up' starts afresh")
		}
		if !n.lives(component) {
			return n.explain(component, errors.New("it ended"))
		}
		select {
		case <-ctx.Done():
			return n.explain(component, fmt.Errorf("it does not work yet: %w", err))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (n *Node) lives(component string) bool {
	records, err := process.Load(n.Layout.Records())
	return err == nil && slices.ContainsFunc(records, func(r process.Record) bool {
		return r.Name == component && r.Alive()
	})
}

// explain adds the end of the component's log to an error.
func (n *Node) explain(component string, err error) error {
	path := n.Layout.LogFile(component)
	return fmt.Errorf("starting %s: %w\nthe end of %s:\n%s", component, err, path, lastLines(path, 15))
}

func lastLines(path string, count int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
