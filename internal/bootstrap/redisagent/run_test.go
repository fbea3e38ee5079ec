// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestProbesAreAnsweredWhileTheAPIIsAway: the kubelet must not restart an agent for want of an API server, and an agent that waits for
// one ends when it is asked to.
func TestProbesAreAnsweredWhileTheAPIIsAway(t *testing.T) {
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	env := testEnvironment(t)
	env.Listen, env.Kubernetes = free.Addr().String(), &rest.Config{Host: "https://127.0.0.1:1"}
	if err = free.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, env) }()
	const late = 20 * time.Second
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if started(t, env.Listen) {
			break
		}
		if time.Since(begin) > late {
			t.Fatal("the startup probe is not answered")
		}
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("an end that was asked for is the error %v", err)
		}
	case <-time.After(late):
		t.Error("it does not end")
	}
}

func started(t *testing.T, address string) bool {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+contract.PathStarted, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}
