// SPDX-License-Identifier: Apache-2.0

package environment

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// TestTokenThatIsRefused: only 401 says so, and only an answer says otherwise.
func TestTokenThatIsRefused(t *testing.T) {
	var code atomic.Int32
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(int(code.Load()))
		_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure"}`)
	}))
	t.Cleanup(api.Close)
	var token Token
	client, err := Environment{Kubernetes: &rest.Config{Host: api.URL}}.Client(&token)
	if err != nil {
		t.Fatal(err)
	}
	ask := func() { _, _ = client.CoordinationV1().Leases("ns").Get(t.Context(), "x", metav1.GetOptions{}) }
	for i, c := range []struct {
		code    int32
		refused bool
	}{{http.StatusNotFound, false}, {http.StatusUnauthorized, true}, {http.StatusUnauthorized, true}, {http.StatusForbidden, false}, {http.StatusOK, false}, {http.StatusUnauthorized, true}} {
		code.Store(c.code)
		if ask(); token.Refused() != c.refused {
			t.Errorf("answer %d, %d: refused %v", i, c.code, token.Refused())
		}
	}
	api.Close()
	if ask(); !token.Refused() {
		t.Error("silence lets it in")
	}
}
