// SPDX-License-Identifier: Apache-2.0

package report

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/sentinel"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/status"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestMetricsOfAGroupJoin: its label is one beside its Redis and beside a Sentinel that knows it by a name of its own, which people read on
// the Sentinel's page.
func TestMetricsOfAGroupJoin(t *testing.T) {
	const line = `redis_sentinel_agent_record_epoch{group="ns.redis"} 2048` + "\n"
	r, reads := reported(t)
	r.Decided(model.View{Record: model.Record{Epoch: 2048}}, decide.Decision{}, nil)
	if text := reads(contract.PathMetrics); !strings.Contains(text, line) {
		t.Errorf("beside Redis:\n%s", text)
	}
	var g Group
	key := observe.GroupKey{Namespace: "ns", StatefulSet: "redis", MasterName: "mymaster"}
	view := model.SentinelView{Record: model.Record{Epoch: 2048}}
	pages := status.New(status.Status{}, status.Hooks{})
	pages.Set(status.Status{Groups: []status.Status{g.Decided(slog.New(slog.DiscardHandler), key.MasterName, key.Label(), view, sentinel.Decision{}, nil)}})
	here := func(path string) string {
		w, request := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
		request.RemoteAddr = "127.0.0.1:1234"
		pages.Handler().ServeHTTP(w, request)
		return w.Body.String()
	}
	if text := here(contract.PathMetrics); !strings.Contains(text, line) {
		t.Errorf("beside a Sentinel:\n%s", text)
	}
	if text := here(contract.PathStatus); !strings.Contains(text, `"group":"mymaster"`) {
		t.Errorf("the name that Sentinel uses is missing: %s", text)
	}
}
