// SPDX-License-Identifier: Apache-2.0

package node

import (
	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/host"
)

// ProvideVolumes is the command of this program that serves volume claims.
const ProvideVolumes = "provide-volumes"

// component is one process of the node.
type component struct {
	name string
	path string // empty: the program of the same name that we built
	args []string
}

// ports are those that components listen on: one in use is reported early.
var ports = map[string]string{
	"etcd":                    "127.0.0.1:2379",
	"etcd's peers":            "127.0.0.1:2380",
	"kube-controller-manager": "127.0.0.1:10257",
	"kube-proxy's health":     "127.0.0.1:10256",
	"kube-proxy's metrics":    "127.0.0.1:10249",
	"kube-scheduler":          "127.0.0.1:10259",
	"kubelet's health":        "127.0.0.1:10248",
}

func containerd(l Layout) component {
	return component{"containerd", "/usr/bin/containerd", []string{"--config", l.Config("containerd.toml")}}
}

// etcd keeps its data in the page cache only: nothing here outlives the machine.
func etcd(l Layout) component {
	const client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
	return component{"etcd", "", []string{
		"--name", Name, "--data-dir", l.in("etcd"), "--unsafe-no-fsync",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
		"--initial-cluster", Name + "=" + peer,
	}}
}

func kubeAPIServer(l Layout) component {
	return component{"kube-apiserver", "", []string{
		"--etcd-servers=http://127.0.0.1:2379",
		"--bind-address=" + host.NodeIP,
		"--advertise-address=" + host.NodeIP,
		"--allow-privileged=true",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--client-ca-file=" + l.Certificate("ca"),
		"--tls-cert-file=" + l.Certificate("apiserver"),
		"--tls-private-key-file=" + l.Key("apiserver"),
		"--kubelet-client-certificate=" + l.Certificate("apiserver-kubelet-client"),
		"--kubelet-client-key=" + l.Key("apiserver-kubelet-client"),
		// No DNS knows the node by its name.
		"--kubelet-preferred-address-types=InternalIP",
		"--service-cluster-ip-range=" + host.ServiceCIDR,
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + l.in("pki", "service-accounts.pub"),
		"--service-account-signing-key-file=" + l.Key("service-accounts"),
		"--proxy-client-cert-file=" + l.Certificate("front-proxy-client"),
		"--proxy-client-key-file=" + l.Key("front-proxy-client"),
		"--requestheader-client-ca-file=" + l.Certificate("front-proxy-ca"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
	}}
}

func kubeControllerManager(l Layout) component {
	return component{"kube-controller-manager", "", append(controlPlaneClient(l, "kube-controller-manager"),
		"--root-ca-file="+l.Certificate("ca"),
		"--service-account-private-key-file="+l.Key("service-accounts"),
		"--use-service-account-credentials=true",
		"--cluster-signing-cert-file="+l.Certificate("ca"),
		"--cluster-signing-key-file="+l.Key("ca"),
		"--cluster-name="+Name,
		"--flex-volume-plugin-dir="+l.in("kubelet", "volume-plugins"),
	)}
}

func kubeScheduler(l Layout) component {
	return component{"kube-scheduler", "", controlPlaneClient(l, "kube-scheduler")}
}

// controlPlaneClient is what the controllers and the scheduler have in common.
// There is one of each: an election would only take time.
func controlPlaneClient(l Layout, name string) []string {
	return []string{
		"--kubeconfig=" + l.Kubeconfig(name),
		"--authentication-kubeconfig=" + l.Kubeconfig(name),
		"--authorization-kubeconfig=" + l.Kubeconfig(name),
		"--client-ca-file=" + l.Certificate("ca"),
		"--requestheader-client-ca-file=" + l.Certificate("front-proxy-ca"),
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
	}
}

func kubelet(l Layout) component {
	return component{"kubelet", "", []string{
		"--config=" + l.Config("kubelet.yaml"),
		"--kubeconfig=" + l.Kubeconfig("kubelet"),
		"--root-dir=" + l.in("kubelet"),
		"--cert-dir=" + l.in("kubelet", "pki"),
		"--hostname-override=" + Name,
		"--node-ip=" + host.NodeIP,
	}}
}

func kubeProxy(l Layout) component {
	return component{"kube-proxy", "", []string{"--config=" + l.Config("kube-proxy.yaml")}}
}

// volumes is this program itself, as a server.
func volumes(program string) component {
	return component{"volumes", program, []string{ProvideVolumes}}
}

func coreDNS(l Layout) component {
	return component{"coredns", "", []string{"-conf", l.Config("Corefile")}}
}
