// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/host"
)

// upMarker is the file that exists once an "up" came to its end.
func (n *Node) upMarker() string { return n.Layout.in("up") }

func (n *Node) markUp() error {
	if err := os.WriteFile(n.upMarker(), nil, 0o600); err != nil {
		return fmt.Errorf("noting that the cluster is up: %w", err)
	}
	return nil
}

// Kubectl runs kubectl as the administrator and returns what it prints.
func (n *Node) Kubectl(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, n.Layout.Bin("kubectl"), append([]string{"--kubeconfig", n.Layout.AdminKubeconfig()}, args...)...)
	return output(cmd)
}

// Ctr runs containerd's command for the namespace that the kubelet uses.
func (n *Node) Ctr(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "ctr", append([]string{"--address", n.Layout.ContainerdSocket(), "--namespace", "k8s.io"}, args...)...)
	return output(cmd)
}

func output(cmd *exec.Cmd) (string, error) {
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", cmd, err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}

// Load imports docker-archive files into containerd.
func (n *Node) Load(ctx context.Context, tars ...string) error {
	for _, tar := range tars {
		if _, err := n.Ctr(ctx, "images", "import", "--snapshotter", snapshotter(n.Layout.Dir), tar); err != nil {
			return fmt.Errorf("loading an image: %w", err)
		}
	}
	return nil
}

func etcdAnswers(ctx context.Context) error { return get(ctx, "http://127.0.0.1:2379/health") }

func (n *Node) containerdAnswers(ctx context.Context) error {
	_, err := n.Ctr(ctx, "version")
	return err
}

func (n *Node) apiServerReady(ctx context.Context) error {
	_, err := n.Kubectl(ctx, "get", "--raw", "/readyz")
	return err
}

func (n *Node) nodeReady(ctx context.Context) error {
	const condition = `{.status.conditions[?(@.type=="Ready")].status} {.status.conditions[?(@.type=="Ready")].message} {.spec.taints[*].key}`
	out, err := n.Kubectl(ctx, "get", "node", Name, "--output", "jsonpath="+condition)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(out, "True ") || strings.Contains(out, "node.kubernetes.io/") {
		return fmt.Errorf("node %s is not ready: %s", Name, out)
	}
	return nil
}

// serviceAccountExists looks for what every pod needs; the controllers make it.
func (n *Node) serviceAccountExists(ctx context.Context) error {
	_, err := n.Kubectl(ctx, "get", "serviceaccount/default", "configmap/kube-root-ca.crt", "--namespace", "default")
	return err
}

// serviceAnswers reaches the API server by its Service, through kube-proxy.
func serviceAnswers(ctx context.Context) error {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", host.APIService+":443")
	if err != nil {
		return err
	}
	return conn.Close()
}

// dnsAnswers asks for the address of the API server's Service.
func dnsAnswers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(host.NodeIP, "53"))
	}}
	addresses, err := resolver.LookupHost(ctx, "kubernetes.default.svc.cluster.local.")
	if err != nil {
		return err
	}
	if len(addresses) != 1 || addresses[0] != host.APIService {
		return fmt.Errorf("the cluster DNS says that kubernetes.default is at %v", addresses)
	}
	return nil
}

func get(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}
