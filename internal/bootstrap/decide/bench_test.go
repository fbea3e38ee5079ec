// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// groupSizes are the groups that decisions are timed for: the usual one, and the largest that anybody should run.
var groupSizes = []struct{ pods, sentinels int }{{3, 3}, {9, 5}}

// led are the pods of a group that ordinal 0 leads, and the record that says so.
func led(pods int) ([]Pod, Record) {
	all, record := []Pod{pod(0).master()}, recordOf(0)
	for n := 1; n < pods; n++ {
		all = append(all, pod(n).replica(0))
		record.Members[n] = Member{VolumeClaim: pod(n).VolumeClaim, InSync: true}
	}
	return all, record
}

// BenchmarkNext times what most turns are, a master that holds and a replica that follows, and the dearest one: a replica
// that compares everybody's data because the master is gone.
func BenchmarkNext(b *testing.B) {
	for _, size := range groupSizes {
		pods, record := led(size.pods)
		set := slices.Repeat(sentinels(at(0), holderAt)[:1], size.sentinels)
		settled := func(self int) View {
			v := fresh(pods[self], slices.Delete(slices.Clone(pods), self, self+1)...)
			v.Record, v.Sentinels, v.Replicas = record, set, size.pods
			return v
		}
		orphan := settled(1)
		orphan.Peers = orphan.Peers[1:]
		for i, v := range []View{settled(0), settled(1), orphan} {
			m := memoryOf(v, "long")
			b.Run(fmt.Sprintf("%s/%dpods%dsentinels", []string{"master", "replica", "masterGone"}[i], size.pods, size.sentinels), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					Next(v, m)
				}
			})
		}
	}
}

// BenchmarkNextForSentinel times a group at rest and one whose record is ahead.
func BenchmarkNextForSentinel(b *testing.B) {
	for _, size := range groupSizes {
		pods, record := led(size.pods)
		v := beside(func(v *SentinelView) {
			v.Pods, v.Record, v.Own.Replicas, v.Peers = pods, record, nil, nil
			for _, p := range pods[1:] {
				v.Own.Replicas = append(v.Own.Replicas, SeenReplica{Address: p.Address, Priority: p.Redis.Priority})
			}
			for n := range size.sentinels - 1 {
				v.Peers = append(v.Peers, Peer{ID: strings.Repeat(fmt.Sprint(n), 40), Address: Address{"10.1.0.2", 26379 + n}})
			}
			v.Own.Peers = v.Peers
		})
		behind := v
		behind.Own.ConfigEpoch -= EpochStep
		for i, v := range []SentinelView{v, behind} {
			b.Run(fmt.Sprintf("%s/%dpods%dsentinels", []string{"agreed", "behind"}[i], size.pods, size.sentinels), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					NextForSentinel(v, SentinelMemory{})
				}
			})
		}
	}
}
