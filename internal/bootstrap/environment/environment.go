// SPDX-License-Identifier: Apache-2.0

// Package environment is the identity of an agent: its pod, what the webhook told it, and how it reaches the API.
package environment

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Environment is the agent's identity: its pod, and what the webhook told it.
type Environment struct {
	Namespace string
	PodName   string
	PodUID    string
	// NodeName is the node that the pod is on; it is the host that the pod's Events come from.
	NodeName string
	// PodIP is the pod's first address; its family is the family of the whole group.
	PodIP    netip.Addr
	Settings contract.Settings
	// HookToken must come with the preStop hook.
	HookToken string
	Log       *slog.Logger
	// ConfigDir and those below are those of package contract, except in tests.
	ConfigDir  string
	PrivateDir string
	KeysDir    string
	AuthDir    string
	PeerDir    string
	// Listen is where the agent's endpoints are served.
	Listen string
	// Kubernetes is how the API is reached; nil means as a pod does.
	Kubernetes *rest.Config
}

// Read takes the environment from variables and names each that is missing or invalid.
func Read(getenv func(string) string, log *slog.Logger) (Environment, error) {
	e := Environment{
		Namespace: getenv(contract.EnvNamespace), PodName: getenv(contract.EnvPodName), PodUID: getenv(contract.EnvPodUID),
		NodeName: getenv(contract.EnvNodeName), HookToken: getenv(contract.EnvHookToken), Log: log,
		ConfigDir: contract.ConfigDir, PrivateDir: contract.PrivateDir, KeysDir: contract.KeysDir, AuthDir: contract.AuthDir, PeerDir: contract.PeerDir,
		Listen: fmt.Sprintf(":%d", contract.AgentPort),
	}
	for name, value := range map[string]string{contract.EnvNamespace: e.Namespace, contract.EnvPodName: e.PodName, contract.EnvPodUID: e.PodUID} {
		if value == "" {
			return e, fmt.Errorf("environment variable %s is empty: the agent runs only in pods that the webhook has injected", name)
		}
	}
	first, _, _ := strings.Cut(getenv(contract.EnvPodIPs), ",")
	ip, err := netip.ParseAddr(strings.TrimSpace(first))
	if err != nil {
		return e, fmt.Errorf("environment variable %s: %w", contract.EnvPodIPs, err)
	}
	e.PodIP = ip
	e.Settings, err = contract.DecodeSettings(getenv(contract.EnvSettings))
	return e, err
}

// noticesIn are the variables by which the library that talks to the API learns when to ask whether a connection is still one, in seconds, and
// for how long to wait for the answer. By its own 30 and 15 an agent would be deaf for so long where a network swallows what is sent.
var noticesIn = map[string]string{"HTTP2_READ_IDLE_TIMEOUT_SECONDS": "4", "HTTP2_PING_TIMEOUT_SECONDS": "3"}

// GroupLabel is what metrics call the group of a Redis pod, and what those of its Sentinels call it: whatever name Sentinel uses.
func (e Environment) GroupLabel() string {
	return contract.MasterName(e.Namespace, e.Settings.StatefulSet)
}

// Client makes a client of the API with small buffers: an agent runs in every Redis pod. The token listens to all of its answers.
func (e Environment) Client(token *Token) (kubernetes.Interface, error) {
	config := e.Kubernetes
	if config == nil {
		var err error
		if config, err = rest.InClusterConfig(); err != nil {
			return nil, fmt.Errorf("configuring the Kubernetes client: %w", err)
		}
	}
	config = rest.CopyConfig(config)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	config.QPS, config.Burst = 20, 40
	config.UserAgent = "redis-sentinel-bootstrap"
	config.Wrap(token.heard)
	for name, seconds := range noticesIn {
		if _, set := os.LookupEnv(name); !set {
			if err := os.Setenv(name, seconds); err != nil {
				return nil, fmt.Errorf("configuring the Kubernetes client: %w", err)
			}
		}
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("creating the Kubernetes client: %w", err)
	}
	return client, nil
}

// Server is the Redis or Sentinel that the agent runs beside, over loopback.
func (e Environment) Server() model.Address {
	host := "127.0.0.1"
	if e.PodIP.Is6() {
		host = "::1"
	}
	return model.Address{Host: host, Port: e.Settings.Port}
}
