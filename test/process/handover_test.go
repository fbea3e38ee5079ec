// SPDX-License-Identifier: Apache-2.0

package process

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/test/e2e/world"
	"github.com/redis-sentinel/redis-sentinel-webhook/test/process/lab"
)

// announced is how long a handover waits for Sentinels that are late.
const announced = time.Second

// TestHandoversInARow: a person asks for one master after the other under load. Nothing is lost, and an application with its client's
// defaults sees no error.
func TestHandoversInARow(t *testing.T) {
	const handovers = 12
	everyVersion(t, func(t *testing.T, s *lab.Scene) {
		set, master := group(s, lab.Options{})
		writer, err := world.WriteTo(t.Context(), set.Client(), world.Writes{Rate: 500})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(writer.Close)
		for n := range handovers {
			acknowledge(s, writer, 100)
			next := set.Pods[(master.Ordinal+1+n%2)%len(set.Pods)]
			set.Request(next)
			until(s, stalled, next.Name+" to lead", func(context.Context) string {
				if set.Master() != next {
					return "not yet"
				}
				return ""
			})
			master = set.WaitFormed(stalled)
		}
		acknowledge(s, writer, 100)
		w := written(s, writer)
		if len(w.Lost) > 0 {
			t.Errorf("%d of %d acknowledged writes are lost", len(w.Lost), len(w.Acks))
		}
		until(s, stalled, "the agents to tell of all handovers", func(context.Context) string { // a former master looks after its clients first
			if n := len(set.Handovers()); n < handovers {
				return fmt.Sprintf("they tell of %d of %d", n, handovers)
			}
			return ""
		})
		handed := set.Handovers()
		slices.SortFunc(handed, func(a, b lab.Handover) int { return cmp.Compare(a.Pause, b.Pause) })
		late := slices.ContainsFunc(handed, func(h lab.Handover) bool { return h.Announcing >= announced })
		if len(w.Errors) > 0 && !late { // clients that were let go before Sentinels could tell them where to go need luck
			t.Errorf("%d writes failed, the first: %v", len(w.Errors), w.Errors[0].Err)
		}
		s.Logf("writes were held back for %s (median), %s at most", handed[len(handed)/2].Pause, handed[len(handed)-1].Pause)
	})
}
