// SPDX-License-Identifier: Apache-2.0

package status

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// page is what a caller at an address reads.
func page(t *testing.T, p *Pages, path, from string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	r.RemoteAddr = from
	w := httptest.NewRecorder()
	p.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d", path, w.Code)
	}
	return w.Body.String()
}

// TestTenantsAreNotNamedToEachOther: the agent of a Sentinel keeps groups of many tenants, and every pod of the cluster reaches its
// port. Only who is in its pod reads their names; everybody else reads sums.
func TestTenantsAreNotNamedToEachOther(t *testing.T) {
	p := New(Status{}, Hooks{})
	p.Set(Status{Pod: "sentinel-0", Ready: true, Reason: "Agreed", Groups: []Status{{Group: "tenant.redis", Label: "tenant.redis", Master: "redis-0", Epoch: 1024}}})
	p.Metrics().Turn("tenant.redis", "wait", "Agreed", time.Millisecond, nil)
	p.Metrics().Turn("other.redis", "wait", "Agreed", time.Millisecond, nil)
	for _, path := range []string{contract.PathStatus, contract.PathMetrics} {
		for _, from := range []string{"10.0.0.9:1234", "[fd00::9]:1234", "192.168.0.1:1"} {
			if text := page(t, p, path, from); strings.Contains(text, "tenant") || strings.Contains(text, "redis-0") {
				t.Errorf("%s tells %s whose groups there are:\n%s", path, from, text)
			}
		}
		for _, from := range []string{"127.0.0.1:1234", "[::1]:1234"} {
			if text := page(t, p, path, from); !strings.Contains(text, "tenant.redis") {
				t.Errorf("%s does not tell %s, who is in the pod, what groups there are:\n%s", path, from, text)
			}
		}
	}
	if text := page(t, p, contract.PathMetrics, "10.0.0.9:1234"); !strings.Contains(text, `redis_sentinel_agent_decisions_total{action="wait",reason="Agreed"} 2`+"\n") {
		t.Errorf("the sum over the groups is missing:\n%s", text)
	}
	own := New(Status{}, Hooks{})
	own.Set(Status{Pod: "redis-0", Group: "redis", Label: "tenant.redis", Epoch: 1024})
	own.Metrics().Turn("tenant.redis", "wait", "Incumbent", time.Millisecond, nil)
	if text := page(t, own, contract.PathMetrics, "10.0.0.9:1234"); !strings.Contains(text, `record_epoch{group="tenant.redis"} 1024`) || !strings.Contains(text, `total{group="tenant.redis",action="wait"`) {
		t.Errorf("a Redis pod does not name its own group:\n%s", text)
	}
	if text := page(t, own, contract.PathStatus, "10.0.0.9:1234"); !strings.Contains(text, `"group":"redis"`) || strings.Contains(text, "tenant") {
		t.Errorf("people read the StatefulSet on the page of a Redis, and nothing else: %s", text)
	}
}

// TestGroupsThatComeAndGoLeaveLittle: names are a tenant's, and a counter for each would grow for ever.
func TestGroupsThatComeAndGoLeaveLittle(t *testing.T) {
	m := newMetrics()
	for n := range 3 * mostSeries {
		m.Turn("tenant."+strconv.Itoa(n), "wait", "Agreed", 0, nil)
	}
	if len(m.decisions) > mostSeries+1 {
		t.Errorf("%d lines of metrics, at most %d are allowed", len(m.decisions), mostSeries)
	}
	for n := range 3 * mostSeries {
		m.Forget("tenant." + strconv.Itoa(n))
	}
	if sum := m.counted(false)[`action="wait",reason="Agreed"`]; len(m.decisions) != 1 || sum != 3*mostSeries {
		t.Errorf("%d lines are left of groups that are gone, with a sum of %d", len(m.decisions), sum)
	}
}
