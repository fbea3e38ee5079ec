// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// Page reads a page of the agent in a pod, as everybody in the cluster can.
func (w *World) Page(ctx context.Context, pod corev1.Pod, path string) (string, error) {
	client := &http.Client{Transport: &http.Transport{DialContext: w.dial, DisableKeepAlives: true}}
	address := net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(contract.AgentPort))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return "", fmt.Errorf("reading %s of pod %s: %w", path, pod.Name, err)
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("reading %s of pod %s: %w", path, pod.Name, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", fmt.Errorf("reading %s of pod %s: %w", path, pod.Name, err)
	}
	return string(text), nil
}

// Logs are all that the containers of a pod wrote since they started.
func (w *World) Logs(ctx context.Context, pod corev1.Pod) (string, error) {
	return w.Kubectl(ctx, "", "logs", "-n", pod.Namespace, pod.Name, "--all-containers")
}
