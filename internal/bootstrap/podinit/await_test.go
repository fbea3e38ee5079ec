// SPDX-License-Identifier: Apache-2.0

package podinit

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestAwaitStartedReturnsWhenTheConfigurationIsThere(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) <= 3 {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	if err := awaitStarted(t.Context(), strings.TrimPrefix(server.URL, "http://")); err != nil || asked.Load() != 4 {
		t.Errorf("asked %d times, err=%v", asked.Load(), err)
	}
}

func TestAwaitStartedSaysWhatTheAgentSaid(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "not yet", http.StatusServiceUnavailable)
		cancel()
	}))
	t.Cleanup(server.Close)
	if err := awaitStarted(ctx, strings.TrimPrefix(server.URL, "http://")); err == nil || !strings.Contains(err.Error(), "has not started") {
		t.Errorf("err=%v", err)
	}
}
