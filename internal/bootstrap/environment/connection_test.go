// SPDX-License-Identifier: Apache-2.0

package environment

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// TestDeadConnectionIsNoticed: the network swallows what goes over a connection to the API, and every new one works. An agent is not deaf for
// the 45 seconds of the library's own numbers.
func TestDeadConnectionIsNoticed(t *testing.T) {
	api := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"x"}}`)
	}))
	api.EnableHTTP2 = true
	api.StartTLS()
	t.Cleanup(api.Close)
	swallows := &atomic.Bool{}
	e := Environment{Kubernetes: &rest.Config{
		Host: api.URL, TLSClientConfig: rest.TLSClientConfig{Insecure: true},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err != nil || swallows.Load() { // made afterwards, it works
				return conn, err
			}
			return swallowing{conn, swallows}, nil
		},
	}}
	client, err := e.Client(&Token{})
	if err != nil {
		t.Fatal(err)
	}
	get := func(long time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), long)
		defer cancel()
		_, err := client.CoordinationV1().Leases("ns").Get(ctx, "x", metav1.GetOptions{})
		return err
	}
	if err := get(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	swallows.Store(true)
	for until := time.Now().Add(25 * time.Second); ; {
		err := get(2 * time.Second)
		if err == nil {
			return
		}
		if time.Now().After(until) || !strings.Contains(err.Error(), "deadline") && !strings.Contains(err.Error(), "connection") {
			t.Fatalf("the API does not answer: %v", err)
		}
	}
}

// swallowing is a connection over which nothing arrives from some moment on, and nobody is told.
type swallowing struct {
	net.Conn
	swallows *atomic.Bool
}

// Write takes everything.
func (s swallowing) Write(data []byte) (int, error) {
	if s.swallows.Load() {
		return len(data), nil
	}
	return s.Conn.Write(data)
}
