// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestSentinelWhoseAgentIsNotLetIn answers clients as before, and its page says what its agent cannot do.
func TestSentinelWhoseAgentIsNotLetIn(t *testing.T) {
	var code atomic.Int32
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(code.Load())) }))
	t.Cleanup(api.Close)
	m, _ := watched(t, inAnHour)
	m.env.Kubernetes = &rest.Config{Host: api.URL}
	client, err := m.env.Client(m.token)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code    int32
		answers bool
		ready   bool
		reason  model.Reason
	}{
		{http.StatusOK, true, true, model.Agreed},
		{http.StatusUnauthorized, true, true, model.TokenRefused},
		{http.StatusUnauthorized, false, false, model.SentinelSilent},
		{http.StatusForbidden, true, true, model.Agreed},
	} {
		code.Store(c.code)
		_, _ = client.CoordinationV1().Leases("ns").Get(t.Context(), "x", metav1.GetOptions{})
		s := m.statusNow(c.answers, time.Now())
		if s.Ready != c.ready || s.Reason != string(c.reason) || s.Sentinel.TokenRefused != (c.code == http.StatusUnauthorized) {
			t.Errorf("%d, Sentinel answers %v: %+v, %+v", c.code, c.answers, s, s.Sentinel)
		}
	}
}
