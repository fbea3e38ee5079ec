// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// BenchmarkNext times a group at rest and one whose record is ahead.
func BenchmarkNext(b *testing.B) {
	for _, size := range decidetest.GroupSizes {
		pods, record := decidetest.Led(size.Pods)
		v := beside(func(v *model.SentinelView) {
			v.Pods, v.Record, v.Own.Replicas, v.Peers = pods, record, nil, nil
			for _, p := range pods[1:] {
				v.Own.Replicas = append(v.Own.Replicas, model.SeenReplica{Address: p.Address, Priority: p.Redis.Priority})
			}
			for n := range size.Sentinels - 1 {
				v.Peers = append(v.Peers, model.Peer{ID: strings.Repeat(fmt.Sprint(n), 40), Address: model.Address{Host: "10.1.0.2", Port: 26379 + n}})
			}
			v.Own.Peers = v.Peers
		})
		behind := v
		behind.Own.ConfigEpoch -= model.EpochStep
		for i, v := range []model.SentinelView{v, behind} {
			b.Run(fmt.Sprintf("%s/%dpods%dsentinels", []string{"agreed", "behind"}[i], size.Pods, size.Sentinels), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					Next(v, Memory{})
				}
			})
		}
	}
}
