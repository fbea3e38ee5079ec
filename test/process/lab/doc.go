// SPDX-License-Identifier: Apache-2.0

// Package lab runs pods as processes: a real redis-server or redis-sentinel, and the real agent beside it, in a network
// namespace and a root directory of their own, so that they find the addresses, ports and paths of a pod. What a pod consists
// of comes from the injection itself; its objects are in a real API server. The lab plays the StatefulSet controller and the
// kubelet: it creates pods, reports their addresses and readiness, restarts what ended, calls the hook.
package lab
