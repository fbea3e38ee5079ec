// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// EnvMayChange allows tests to change the cluster of KUBECONFIG when it is 1.
const EnvMayChange = "TEST_MAY_CHANGE_CLUSTER"

// ErrMayNotChange means that nobody said that tests may change the cluster that KUBECONFIG names.
var ErrMayNotChange = errors.New("this test changes the cluster of KUBECONFIG: run it by make, or with " + EnvMayChange + "=1")

// ErrNoCluster means that nothing names a cluster.
var ErrNoCluster = errors.New("no cluster: set KUBECONFIG to a cluster's kubeconfig (`make cluster-up` starts a disposable one and says where its kubeconfig is)")

// World is one cluster, seen from a machine that can reach it.
type World struct {
	// Client is a typed Kubernetes client with the rights of the kubeconfig.
	Client kubernetes.Interface
	// Config is what Client was made of.
	Config *rest.Config

	kubeconfig string
	kubectl    string
	tool       *clusterTool
	servers    *servers
}

// Connect reads the kubeconfig file and checks that its cluster answers. An empty name is ErrNoCluster.
func Connect(ctx context.Context, kubeconfig string) (*World, error) {
	if kubeconfig == "" {
		return nil, ErrNoCluster
	}
	quiet()
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{Precedence: clientcmd.NewDefaultClientConfigLoadingRules().Precedence, ExplicitPath: explicit(kubeconfig)},
		&clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("reading kubeconfig %s: %w", kubeconfig, err)
	}
	// A test asks often and at once; the client's own limits would show in measured times.
	config.QPS, config.Burst = 200, 400
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for %s: %w", config.Host, err)
	}
	kubectl, err := findKubectl()
	if err != nil {
		return nil, err
	}
	w := &World{Client: client, Config: config, kubeconfig: kubeconfig, kubectl: kubectl, tool: &clusterTool{kubeconfig: kubeconfig}}
	w.servers = newServers(w.dial)

	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := client.CoreV1().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx); err != nil {
		return nil, fmt.Errorf("the cluster of %s at %s does not answer: %w", kubeconfig, config.Host, err)
	}
	return w, nil
}

// ConnectForTest is Connect with KUBECONFIG, where tests may change that cluster.
func ConnectForTest(ctx context.Context) (*World, error) {
	if os.Getenv(EnvMayChange) != "1" {
		return nil, ErrMayNotChange
	}
	return Connect(ctx, os.Getenv("KUBECONFIG"))
}

// ConnectWithNode is Connect where processes can be killed from the node; elsewhere it is ErrNoTool.
func ConnectWithNode(ctx context.Context, kubeconfig string) (*World, error) {
	w, err := Connect(ctx, kubeconfig)
	if err == nil && !w.CanKill() {
		w.Close()
		return nil, ErrNoTool
	}
	return w, err
}

// Close closes the connections to Redis and Sentinel servers.
func (w *World) Close() { w.servers.close() }

// Kubeconfig is the file that this world was made from.
func (w *World) Kubeconfig() string { return w.kubeconfig }

// explicit is the one file to read, or nothing where KUBECONFIG lists several, which the loading rules then merge.
func explicit(kubeconfig string) string {
	if kubeconfig == os.Getenv("KUBECONFIG") {
		return ""
	}
	return kubeconfig
}

func findKubectl() (string, error) {
	if path := os.Getenv("KUBECTL"); path != "" {
		return path, nil
	}
	path, err := exec.LookPath("kubectl")
	if err != nil {
		return "", fmt.Errorf("kubectl is needed to apply files: put it on PATH or name it in KUBECTL: %w", err)
	}
	return path, nil
}
