// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// copyOf is a view that shares nothing with the one that it was made from.
func copyOf(v model.View) model.View {
	v.Peers, v.Sentinels, v.VolumeClaims = slices.Clone(v.Peers), slices.Clone(v.Sentinels), slices.Clone(v.VolumeClaims)
	v.Record.Members, v.Record.Lineage = maps.Clone(v.Record.Members), slices.Clone(v.Record.Lineage)
	if v.Record.Offer != nil {
		offer := *v.Record.Offer
		v.Record.Offer = &offer
	}
	return v
}

// TestNextWritesIntoNothingOfItsCaller: the view may be looked at by others, and the memory before a turn is kept where the turn
// comes to nothing.
func TestNextWritesIntoNothingOfItsCaller(t *testing.T) {
	check := func(v model.View, m Memory) {
		t.Helper()
		view, adopted, declined := copyOf(v), maps.Clone(m.AdoptedFrom), slices.Clone(m.Declined)
		_, after := Next(v, m)
		if !reflect.DeepEqual(v, view) || !maps.Equal(m.AdoptedFrom, adopted) || !slices.Equal(m.Declined, declined) {
			t.Fatalf("the caller's view or memory was changed: %+v became %+v, %v became %v", view, v, adopted, m.AdoptedFrom)
		}
		if after.AdoptedFrom != nil { // nor later, by the next turn
			Next(v, after)
		}
	}
	adopting := fresh(pod(2, replica(0)), pod(0, plain, master), pod(1, replica(0)))
	check(adopting, Memory{SyncedRun: "run-2"})
	check(adopting, Memory{SyncedRun: "run-2", AdoptedFrom: map[int]string{1: "another claim"}})
	check(adopting, Memory{SyncedRun: "run-2", AdoptedFrom: map[int]string{0: "the claim before"}})
	p, worlds := newParsed(), 0
	everyWorld(func(w world) {
		if worlds++; worlds%shortStride != 0 {
			return
		}
		for _, v := range p.views(w) {
			for _, kind := range memoryKinds {
				check(v, memoryOf(v, kind))
			}
		}
	})
}
