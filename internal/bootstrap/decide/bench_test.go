// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"fmt"
	"slices"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// BenchmarkNext times what most turns are, a master that stays and a replica that follows, and the most expensive one: a
// replica that compares the data of all pods because the master is gone.
func BenchmarkNext(b *testing.B) {
	for _, size := range decidetest.GroupSizes {
		pods, record := decidetest.Led(size.Pods)
		set := slices.Repeat(sentinels(at(0), holderAt)[:1], size.Sentinels)
		settled := func(self int) model.View {
			v := fresh(pods[self], slices.Delete(slices.Clone(pods), self, self+1)...)
			v.Record, v.Sentinels, v.Replicas = record, set, size.Pods
			return v
		}
		orphan := settled(1)
		orphan.Peers = orphan.Peers[1:]
		for i, v := range []model.View{settled(0), settled(1), orphan} {
			m := memoryOf(v, "long")
			b.Run(fmt.Sprintf("%s/%dpods%dsentinels", []string{"master", "replica", "masterGone"}[i], size.Pods, size.Sentinels), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					Next(v, m)
				}
			})
		}
	}
}
