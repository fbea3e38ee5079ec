// SPDX-License-Identifier: Apache-2.0

// Package fault does to pods what happens to them in production: processes
// die, nodes stop, networks break.
package fault

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/cluster/internal/node"
)

// Pod is what a fault needs to know of a pod.
type Pod struct {
	Namespace, Name, UID string
	IP                   string            // empty until it has one, and for pods in the node's network
	Containers           map[string]string // containerd's ids by the containers' names
}

func (p Pod) String() string { return p.Namespace + "/" + p.Name }

// pods lists all pods, by namespace and name.
func pods(ctx context.Context, n *node.Node) (map[string]Pod, error) {
	out, err := n.Kubectl(ctx, "get", "pods", "--all-namespaces", "--output", "json")
	if err != nil {
		return nil, err
	}
	return parsePods([]byte(out))
}

func parsePods(data []byte) (map[string]Pod, error) {
	type containerStatus struct {
		Name        string
		ContainerID string
	}
	var list struct {
		Items []struct {
			Metadata struct{ Namespace, Name, UID string }
			Spec     struct{ HostNetwork bool }
			Status   struct {
				PodIP                                                                string
				InitContainerStatuses, ContainerStatuses, EphemeralContainerStatuses []containerStatus
			}
		}
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("reading the list of pods: %w", err)
	}
	found := map[string]Pod{}
	for _, item := range list.Items {
		pod := Pod{Namespace: item.Metadata.Namespace, Name: item.Metadata.Name, UID: item.Metadata.UID, Containers: map[string]string{}}
		if !item.Spec.HostNetwork {
			pod.IP = item.Status.PodIP
		}
		for _, statuses := range [][]containerStatus{item.Status.InitContainerStatuses, item.Status.ContainerStatuses, item.Status.EphemeralContainerStatuses} {
			for _, status := range statuses {
				pod.Containers[status.Name] = strings.TrimPrefix(status.ContainerID, "containerd://")
			}
		}
		found[pod.String()] = pod
	}
	return found, nil
}

// find returns a pod by its name in a namespace, or by NAMESPACE/NAME.
func find(all map[string]Pod, namespace, name string) (Pod, error) {
	if !strings.Contains(name, "/") {
		name = namespace + "/" + name
	}
	pod, found := all[name]
	if !found {
		return Pod{}, fmt.Errorf("there is no pod %s (name its namespace by -n)", name)
	}
	return pod, nil
}
