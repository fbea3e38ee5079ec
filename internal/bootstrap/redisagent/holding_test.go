// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestHolding: what is measured is the time for which clients waited, whoever paused and whatever ended it.
func TestHolding(t *testing.T) {
	const ms = time.Millisecond
	nothing := decide.Decision{Action: decide.Retain}
	pauses := decide.Decision{Commands: []decide.Command{{Do: decide.PauseWrites, For: 1500 * ms}}}
	resumes := decide.Decision{Commands: []decide.Command{{Do: decide.ResumeWrites}}}
	follows := decide.Decision{Action: decide.Follow, Commands: []decide.Command{{Do: decide.ReplicateFrom}, {Do: decide.DisconnectClients}}}
	type turn struct {
		at     time.Duration
		d      decide.Decision
		failed bool
	}
	for name, c := range map[string]struct {
		heard time.Duration // by elections; 0 is never
		turns []turn
		want  []time.Duration
	}{
		"it is replaced":            {10 * ms, []turn{{20 * ms, pauses, false}, {300 * ms, pauses, false}, {510 * ms, follows, false}, {900 * ms, nothing, false}}, []time.Duration{500 * ms}},
		"nothing came of it":        {10 * ms, []turn{{60 * ms, resumes, false}, {100 * ms, resumes, false}}, []time.Duration{50 * ms}},
		"nobody heard, a turn saw":  {0, []turn{{100 * ms, pauses, false}, {400 * ms, resumes, false}}, []time.Duration{300 * ms}},
		"the pause ran out":         {10 * ms, []turn{{110 * ms, pauses, false}, {900 * ms, nothing, false}, {5000 * ms, nothing, false}}, []time.Duration{1600 * ms}},
		"the end came too late":     {10 * ms, []turn{{5000 * ms, resumes, false}}, []time.Duration{1500 * ms}},
		"it could not be ended":     {10 * ms, []turn{{100 * ms, resumes, true}, {200 * ms, resumes, false}}, []time.Duration{190 * ms}},
		"it did not begin":          {0, []turn{{100 * ms, pauses, true}, {200 * ms, resumes, false}}, nil},
		"the agent before me began": {0, []turn{{100 * ms, resumes, false}}, nil},
		"twice":                     {10 * ms, []turn{{20 * ms, resumes, false}, {1000 * ms, pauses, false}, {1200 * ms, resumes, false}}, []time.Duration{10 * ms, 200 * ms}},
	} {
		start := time.Unix(1_800_000_000, 0)
		var h holding
		if c.heard > 0 {
			h.hold(start.Add(c.heard), 1500*ms)
		}
		var got []time.Duration
		for _, x := range c.turns {
			if long, over := h.turn(x.d, !x.failed, start.Add(x.at)); over {
				got = append(got, long)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestElectionsMeasureTheirPause: from the moment at which my Redis held writes back, and not where it could not.
func TestElectionsMeasureTheirPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBallot(t)
		resumes := decide.Decision{Commands: []decide.Command{{Do: decide.ResumeWrites}}}
		b.hangs, b.fails = time.Second, errors.New("no answer")
		b.heard(t.Context())
		if long, over := b.holding.turn(resumes, true, time.Now()); over {
			t.Errorf("writes went on, and count as held back for %s", long)
		}
		b.fails = nil
		b.heard(t.Context())
		time.Sleep(40 * time.Millisecond)
		if long, over := b.holding.turn(resumes, true, time.Now()); !over || long != 40*time.Millisecond {
			t.Errorf("held back for %s, %v; want 40 ms", long, over)
		}
	})
}

// TestTurnTellsForHowLongWritesWereHeldBack in its metrics.
func TestTurnTellsForHowLongWritesWereHeldBack(t *testing.T) {
	v := led()
	v.Yielded = true // and no Sentinel is elected any more: the turn lets writes go on
	s := newStage(t, v)
	s.elections.holding.hold(time.Now(), time.Minute)
	s.turn(t.Context())
	if text := metrics(t, s); !strings.Contains(text, `redis_sentinel_agent_handover_pause_seconds_count{group="ns.redis",cause="failover"} 1`+"\n") {
		t.Errorf("the pause was not counted:\n%s", text)
	}
}

// TestHandoverThatPausedNobodyIsNotCounted: its successor would not have accepted the offer.
func TestHandoverThatPausedNobodyIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := led()
		v.Leaving = true
		s := newStage(t, v)
		s.turn(t.Context())
		if text := metrics(t, s); !s.did("ask the successor") || strings.Contains(text, "handover_pause") {
			t.Errorf("after %d steps:\n%s", len(s.journal), text)
		}
	})
}

// metrics is what the agent of a stage shows of itself.
func metrics(t *testing.T, s *stage) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.pages.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, contract.PathMetrics, http.NoBody))
	return w.Body.String()
}
