// SPDX-License-Identifier: Apache-2.0

package node

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/host"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/volume"
)

// PauseImage holds a pod's namespaces open; the cluster makes it itself.
const PauseImage = "redis-sentinel-test-cluster/pause:1"

// APIServer is where the API server listens, for the node and for pods.
const APIServer = "https://" + host.NodeIP + ":6443"

// writeConfigs writes the files that components read.
func writeConfigs(l Layout) error {
	for name, text := range map[string]string{
		"containerd.toml":          containerdConfig(l),
		"cni/10-pods.conflist":     cniConfig(l),
		"kubelet.yaml":             kubeletConfig(l),
		"kube-proxy.yaml":          proxyConfig(l),
		"Corefile":                 corefile(l),
		"after-start/rbac.yaml":    coreDNSRoles,
		"after-start/storage.yaml": volume.StorageClass,
	} {
		path := l.Config(name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("writing configurations: %w", err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return fmt.Errorf("writing configurations: %w", err)
		}
	}
	return nil
}

// writeKubeconfig writes a client's file with everything in it, so that users
// can copy it.
func writeKubeconfig(l Layout, identity string) error {
	encoded := map[string]string{}
	for what, path := range map[string]string{
		"ca": l.Certificate("ca"), "cert": l.Certificate(identity), "key": l.Key(identity),
	} {
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("writing the kubeconfig of %s: %w", identity, err)
		}
		encoded[what] = base64.StdEncoding.EncodeToString(data)
	}
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: %[1]s
  cluster: {server: %[2]q, certificate-authority-data: %[3]s}
users:
- name: %[4]s
  user: {client-certificate-data: %[5]s, client-key-data: %[6]s}
contexts:
- name: %[1]s
  context: {cluster: %[1]s, user: %[4]s}
current-context: %[1]s
`, Name, APIServer, encoded["ca"], identity, encoded["cert"], encoded["key"])
	if err := os.WriteFile(l.Kubeconfig(identity), []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing the kubeconfig of %s: %w", identity, err)
	}
	return nil
}

// containerdConfig keeps everything of containerd in the state folder.
//
// It restricts OOM scores, because runc cannot lower one without
// CAP_SYS_RESOURCE and dies with "can't get final child's PID from pipe: EOF".
func containerdConfig(l Layout) string {
	return fmt.Sprintf(`version = 2
root = %[1]q
state = %[2]q
[grpc]
  address = %[3]q
[plugins."io.containerd.internal.v1.opt"]
  path = %[4]q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %[5]q
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = %[6]q
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = %[7]q
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        Root = %[8]q
`, l.in("containerd", "root"), l.in("containerd", "state"), l.ContainerdSocket(), l.in("containerd", "opt"),
		PauseImage, l.Config("cni"), snapshotter(l.Dir), l.in("runc"))
}

// snapshotter is the overlay file system, unless the state folder already lies
// on one (inside of a container): those do not stack.
func snapshotter(dir string) string {
	const overlayMagic = 0x794c7630
	var fs syscall.Statfs_t
	if syscall.Statfs(dir, &fs) == nil && fs.Type == overlayMagic {
		return "native"
	}
	return "overlayfs"
}

// cniConfig gives every pod a point-to-point link to the node: all traffic
// between pods is routed, so that Services and cut connections need no help
// from the bridge's netfilter hooks.
func cniConfig(l Layout) string {
	return fmt.Sprintf(`{
  "cniVersion": "0.4.0",
  "name": %q,
  "plugins": [{
    "type": "ptp",
    "ipMasq": false,
    "ipam": {
      "type": "host-local",
      "dataDir": %q,
      "ranges": [[{"subnet": %q, "gateway": %q}]],
      "routes": [{"dst": "0.0.0.0/0"}]
    }
  }]
}
`, cniNetwork, l.in("cni"), host.PodCIDR, host.PodGateway)
}

// cniNetwork names the network in the cache of the CNI library.
const cniNetwork = "redis-sentinel-test-cluster"

// corefile is the stock Corefile of a cluster, bound to the node's address.
func corefile(l Layout) string {
	return fmt.Sprintf(`.:53 {
    bind %[1]s
    errors
    health %[1]s:8080
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig %[2]q
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    cache 30 {
        disable success cluster.local
        disable denial cluster.local
    }
    loadbalance
    forward . /etc/resolv.conf
}
`, host.NodeIP, l.Kubeconfig("coredns"))
}

// coreDNSRoles is what CoreDNS may read. The other components' roles are built
// into the API server.
const coreDNSRoles = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "system:coredns"}
rules:
- {apiGroups: [""], resources: [endpoints, services, pods, namespaces, nodes], verbs: [list, watch]}
- {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "system:coredns"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:coredns"}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: "system:coredns"}
`
