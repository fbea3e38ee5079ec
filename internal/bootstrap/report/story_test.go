// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// at is the view of pod 1 some time after the beginning, with the record naming a pod.
func at(after time.Duration, named int, self, master model.Pod) model.View {
	v := decidetest.Formed(named, self, master)
	v.Now = decidetest.Clock.Add(after)
	return v
}

// TestEveryChangeIsToldOnce: with who led before, why, and what it cost.
func TestEveryChangeIsToldOnce(t *testing.T) {
	follows, leads := decidetest.Pod(1, decidetest.Replica(0)), decidetest.Pod(1, decidetest.Master)
	living, silent := decidetest.Pod(0, decidetest.Master), decidetest.Pod(0, decidetest.Silent)
	living.Redis.Offset = 150
	wait, retain := decide.Decision{Action: decide.Wait}, decide.Decision{Action: decide.Retain}
	claim := func(why model.Reason) decide.Decision { return decide.Decision{Action: decide.Claim, Reason: why} }
	offered := at(2*time.Second, 0, follows, living)
	offered.Record.Offer = &model.Offer{PodUID: "uid-1", Reason: string(model.HandoverRequested)}
	type turn struct {
		view     model.View
		decision decide.Decision
	}
	first := turn{at(0, 0, follows, living), wait}
	for name, c := range map[string]struct {
		turns    []turn
		accepted bool
		want     []string
	}{
		"a crash": {
			[]turn{first, {at(time.Second, 0, follows, silent), claim(model.MasterGone)}, {at(1200*time.Millisecond, 1, leads, silent), retain}},
			false,
			[]string{"redis-1 leads instead of redis-0 (MasterGone, epoch", "at most 1200 ms", "What redis-0 acknowledged", "at least 50 bytes"},
		},
		"a Sentinel's choice": {
			[]turn{first, {at(time.Second, 0, leads, silent), wait}, {at(3*time.Second, 1, leads, silent), retain}},
			false,
			[]string{"(PromotedBySentinel, epoch", "at most 3000 ms"},
		},
		"a handover": {
			[]turn{first, {at(2100*time.Millisecond, 1, leads, decidetest.Pod(0, decidetest.Replica(1))), retain}},
			true,
			[]string{"(HandoverRequested, epoch", "at most 45 ms", "none that was acknowledged is lost"},
		},
		"it led when its agent started": {[]turn{{at(0, 1, leads, silent), retain}}, false, nil},
		"nothing changes":               {[]turn{first, {at(time.Second, 0, follows, living), wait}}, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var s story
			var told []*Switch
			for i, x := range c.turns {
				if i == 1 && c.accepted {
					s.accepted(offered, 45*time.Millisecond)
				}
				for range 2 { // what is told once is not told again
					if change := s.turn(x.view, x.decision); change != nil {
						told = append(told, change)
					}
				}
			}
			if len(told) != min(len(c.want), 1) {
				t.Fatalf("told %d times: %v", len(told), told)
			}
			for _, want := range c.want {
				if !strings.Contains(told[0].String(), want) {
					t.Errorf("%q lacks %q", told[0], want)
				}
			}
		})
	}
}
