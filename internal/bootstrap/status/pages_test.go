// SPDX-License-Identifier: Apache-2.0

package status

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

func request(t *testing.T, p *Pages, method, path, token string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	r.Header.Set(contract.HookHeader, token)
	w := httptest.NewRecorder()
	p.Handler().ServeHTTP(w, r)
	return w.Code
}

func TestHookIsTheKubeletsAlone(t *testing.T) {
	left := 0
	p := New(Status{}, Hooks{Token: "secret", Leave: func(context.Context) bool { left++; return true }})
	for _, token := range []string{"", "wrong", "secret "} {
		if code := request(t, p, http.MethodGet, contract.PathPreStop, token); code != http.StatusForbidden {
			t.Errorf("token %q: %d, want 403", token, code)
		}
	}
	if code := request(t, p, http.MethodGet, contract.PathPreStop, "secret"); code != http.StatusNoContent || left != 1 {
		t.Errorf("the kubelet: %d, departures %d, want 204 and 1", code, left)
	}
	p = New(Status{}, Hooks{Token: "secret", Leave: func(context.Context) bool { return false }})
	if code := request(t, p, http.MethodGet, contract.PathPreStop, "secret"); code != http.StatusTooManyRequests {
		t.Errorf("a departure that may not begin: %d, want 429", code)
	}
	p = New(Status{}, Hooks{})
	if code := request(t, p, http.MethodGet, contract.PathPreStop, ""); code != http.StatusForbidden {
		t.Errorf("an agent without a token answers %d to a caller without one, want 403", code)
	}
}

func TestProbesRepeatTheLastDecision(t *testing.T) {
	p := New(Status{}, Hooks{Notify: func() {}})
	if code := request(t, p, http.MethodGet, contract.PathStarted, ""); code != http.StatusServiceUnavailable {
		t.Errorf("started before the configuration exists: %d", code)
	}
	p.MarkStarted()
	p.Set(Status{Ready: true, Reason: "Incumbent"})
	for _, path := range []string{contract.PathStarted, contract.PathReady, contract.PathStatus, contract.PathMetrics} {
		if code := request(t, p, http.MethodGet, path, ""); code != http.StatusOK {
			t.Errorf("%s: %d, want 200", path, code)
		}
	}
	if code := request(t, p, http.MethodGet, contract.PathNotify, ""); code != http.StatusMethodNotAllowed {
		t.Errorf("a GET notifies: %d", code)
	}
}
