// SPDX-License-Identifier: Apache-2.0

package node

import (
	"fmt"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/host"
)

// kubeletConfig differs from a stock kubelet's only in where things lie, in
// limits that a small machine would reach, and in leaving images alone: they
// were loaded by hand and nothing could pull them again.
func kubeletConfig(l Layout) string {
	return fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %[1]s
authentication:
  x509: {clientCAFile: %[2]q}
  webhook: {enabled: true}
  anonymous: {enabled: false}
authorization: {mode: Webhook}
clusterDNS: [%[1]s]
clusterDomain: cluster.local
containerRuntimeEndpoint: %[3]q
cgroupDriver: cgroupfs
cgroupRoot: /%[4]s
failCgroupV1: false
failSwapOn: false
podLogsDir: %[5]q
volumePluginDir: %[6]q
makeIPTablesUtilChains: false
oomScoreAdj: 0
maxPods: 250
podPidsLimit: -1
serializeImagePulls: false
registryPullQPS: 0
imageGCHighThresholdPercent: 100
# Tests kill one container many times; the stock back-off, up to 5 minutes, would only make them wait.
crashLoopBackOff: {maxContainerRestartPeriod: 5s}
evictionHard:
  memory.available: 50Mi
  nodefs.available: 1%%
  nodefs.inodesFree: 1%%
  imagefs.available: 1%%
`, host.NodeIP, l.Certificate("ca"), "unix://"+l.ContainerdSocket(), host.CgroupRoot, l.in("pod-logs"), l.in("kubelet", "volume-plugins"))
}

func proxyConfig(l Layout) string {
	return fmt.Sprintf(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
bindAddress: %[1]s
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
hostnameOverride: %[2]s
clientConnection: {kubeconfig: %[3]q}
clusterCIDR: %[4]s
conntrack: {maxPerCore: 0, min: 0}
oomScoreAdj: 0
`, host.NodeIP, Name, l.Kubeconfig("kube-proxy"), host.PodCIDR)
}
