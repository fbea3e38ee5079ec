// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes/fake"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/act"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/status"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// reported is a report, and the function that returns what its pages say at a path.
func reported(t *testing.T) (r *Redis, reads func(path string) string) {
	t.Helper()
	env := environment.Environment{
		Namespace: "ns", PodName: "redis-1", Log: slog.New(slog.DiscardHandler), Settings: contract.Settings{StatefulSet: "redis"},
	}
	pages := status.New(status.Status{}, status.Hooks{})
	r = NewRedis(env, fake.NewClientset(), pages, func(run func(context.Context)) { run(context.WithoutCancel(t.Context())) })
	return r, func(path string) string {
		w := httptest.NewRecorder()
		pages.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		return w.Body.String()
	}
}

// lacks tells which lines a page does not have.
func lacks(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, "redis_sentinel_agent_"+line+"\n") {
			t.Errorf("%s is missing in\n%s", line, text)
		}
	}
}

// TestWhatIsSeenArrivesInMetrics, all of it, under the label of the group.
func TestWhatIsSeenArrivesInMetrics(t *testing.T) {
	r, reads := reported(t)
	self := decidetest.Pod(1, decidetest.Replica(0))
	self.Redis.LinkUp, self.Redis.LinkIdle, self.Redis.Offset, self.Redis.OnlineReplicas = true, 2*time.Second, 4711, 3
	v := decidetest.Formed(0, self, decidetest.Pod(0, decidetest.Master))
	v.TokenRefused = true
	v.Sentinels = append(v.Sentinels, model.Sentinel{Name: "silent", Monitors: true, Address: v.Record.Address})
	v.Sentinels[0].Address.Host = "10.9.9.9"
	r.Decided(v, decide.Decision{Reason: model.Synced, Ready: true}, nil)
	agreeing := len(v.Sentinels) - 2
	lacks(t, reads(contract.PathMetrics),
		`ready 1`, `record_epoch{group="ns.redis"} `+fmt.Sprint(v.Record.Epoch), `role{group="ns.redis",role="replica"} 1`, `link_up{group="ns.redis"} 1`,
		`link_idle_seconds{group="ns.redis"} 2`, `offset_bytes{group="ns.redis"} 4711`, `replicas{group="ns.redis"} 3`,
		`sentinels{group="ns.redis"} `+fmt.Sprint(len(v.Sentinels)), `sentinels_agreeing{group="ns.redis"} `+fmt.Sprint(agreeing), `token_refused{group="ns.redis"} 1`)
	if said := reads(contract.PathStatus); !strings.Contains(said, `"group":"redis"`) || !strings.Contains(said, `"tokenRefused":true`) {
		t.Errorf("the status page: %s", said)
	}
	v.TokenRefused, v.Self = false, decidetest.Pod(1, decidetest.Silent)
	r.Decided(v, decide.Decision{Reason: model.NotRunning}, nil)
	lacks(t, reads(contract.PathMetrics), `ready 0`, `role{group="ns.redis",role="unknown"} 1`, `link_up{group="ns.redis"} 0`, `token_refused{group="ns.redis"} 0`)
}

// TestChangesArriveInMetrics: what a change of master cost, with its cause, and for how long writes were held back for one.
func TestChangesArriveInMetrics(t *testing.T) {
	r, reads := reported(t)
	r.Decided(at(0, 0, follows, living()), decide.Decision{Reason: model.Synced}, nil)
	r.Decided(at(time.Second, 0, follows, silent), decide.Decision{Action: decide.Claim, Reason: model.MasterGone}, nil)
	r.Decided(led(1250*time.Millisecond, "redis-0", model.MasterGone, time.Second, silent), decide.Decision{Action: decide.Retain, Reason: model.Incumbent}, nil)
	var paused, givenUp act.Handed
	paused.Pause, givenUp.Preparing = 125*time.Millisecond, time.Second
	r.HandedOver(paused, nil)
	r.HandedOver(givenUp, nil)
	r.Yielded(250 * time.Millisecond)
	lacks(t, reads(contract.PathMetrics),
		`switch_seconds_sum{group="ns.redis",cause="MasterGone"} 1.25`, `switch_seconds_count{group="ns.redis",cause="MasterGone"} 1`,
		`handover_pause_seconds_sum{group="ns.redis",cause="handover"} 0.125`, `handover_pause_seconds_count{group="ns.redis",cause="handover"} 1`,
		`handover_pause_seconds_sum{group="ns.redis",cause="failover"} 0.25`, `handover_pause_seconds_count{group="ns.redis",cause="failover"} 1`)
}
