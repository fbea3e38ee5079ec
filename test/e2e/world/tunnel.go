// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/httpstream" //nolint:staticcheck // what client-go's dialer gives
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
)

// tunnel connects to a pod's or a Service's address through the API server, as `kubectl port-forward` does: for clusters whose
// pods this machine cannot reach.
func (w *World) tunnel(ctx context.Context, _, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("tunnelling to %s: %w", address, err)
	}
	pod, err := w.podAt(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("tunnelling to %s: %w", address, err)
	}
	url := w.Client.CoreV1().RESTClient().Post().Resource("pods").Namespace(pod.Namespace).Name(pod.Name).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(w.Config)
	if err != nil {
		return nil, fmt.Errorf("tunnelling to %s: %w", address, err)
	}
	connection, _, err := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, url).Dial(portforward.PortForwardProtocolV1Name)
	if err != nil {
		return nil, fmt.Errorf("tunnelling to %s: %w", address, err)
	}
	conn, err := forward(connection, port)
	if err != nil {
		_ = connection.Close()
		return nil, fmt.Errorf("tunnelling to %s: %w", address, err)
	}
	return conn, nil
}

// forward opens the two streams of one forwarded port. A pipe connects the caller and the data, because a stream has no
// deadlines.
func forward(connection httpstream.Connection, port string) (net.Conn, error) {
	headers := http.Header{}
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	headers.Set(corev1.PortHeader, port)
	headers.Set(corev1.PortForwardRequestIDHeader, strconv.Itoa(0))
	failure, err := connection.CreateStream(headers)
	if err != nil {
		return nil, fmt.Errorf("opening the error stream: %w", err)
	}
	_ = failure.Close() // we write nothing into it
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := connection.CreateStream(headers)
	if err != nil {
		return nil, fmt.Errorf("opening the data stream: %w", err)
	}
	ours, theirs := net.Pipe()
	end := func() {
		_ = theirs.Close()
		_ = connection.Close()
	}
	go func() {
		defer end()
		_, _ = io.Copy(theirs, data)
	}()
	go func() {
		defer end()
		_, _ = io.Copy(data, theirs)
	}()
	go func() {
		// All that the kubelet says here is that nothing listens, or that the pod is gone.
		if text, _ := io.ReadAll(failure); len(text) > 0 {
			end()
		}
	}()
	return ours, nil
}

// podAt finds the pod with that address, or a ready pod behind the Service with that address.
func (w *World) podAt(ctx context.Context, ip string) (*corev1.Pod, error) {
	pods, err := w.Client.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "status.podIP=" + ip})
	if err != nil {
		return nil, fmt.Errorf("finding the pod at %s: %w", ip, err)
	}
	if len(pods.Items) > 0 {
		return &pods.Items[0], nil
	}
	services, err := w.Client.CoreV1().Services("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("finding the Service at %s: %w", ip, err)
	}
	for _, service := range services.Items {
		if service.Spec.ClusterIP != ip {
			continue
		}
		selector := metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: service.Spec.Selector})
		behind, err := w.Client.CoreV1().Pods(service.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return nil, fmt.Errorf("finding the pods of Service %s: %w", service.Name, err)
		}
		for i := range behind.Items {
			if podReady(&behind.Items[i]) {
				return &behind.Items[i], nil
			}
		}
	}
	return nil, errors.New("no pod has that address, and no ready pod is behind it")
}
