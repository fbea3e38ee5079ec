// SPDX-License-Identifier: Apache-2.0

package decidetest

import (
	"fmt"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Clock is the instant of every view in these tests: a Sunday in 2026.
var Clock = time.Date(2026, 11, 22, 17, 53, 20, 0, time.UTC)

// Replication ids: that of the group's lineage, and two that the record does not know. HolderAt is the record's first epoch.
const (
	LineageID = "1111111111111111111111111111111111111111"
	OtherID   = "2222222222222222222222222222222222222222"
	ThirdID   = "3333333333333333333333333333333333333333"
	HolderAt  = uint64(1795370000384)
)

// At is the address of an ordinal.
func At(ordinal int) model.Address {
	return model.Address{Host: fmt.Sprintf("10.0.0.%d", ordinal+1), Port: 6379}
}

// Pod is a running pod with an agent whose Redis has just started: fenced, overwritable, without a history. Changes make
// another of it.
func Pod(ordinal int, changes ...Change) model.Pod {
	return But(model.Pod{
		Name: fmt.Sprintf("redis-%d", ordinal), Ordinal: ordinal, UID: fmt.Sprintf("uid-%d", ordinal), Address: At(ordinal),
		VolumeClaim: fmt.Sprintf("claim-%d", ordinal), Injected: true,
		Redis: model.Redis{Answer: model.Up, Role: model.Replica, Following: model.FenceAddress, RunID: fmt.Sprintf("run-%d", ordinal), ReplID: fmt.Sprintf("%040d", 7000+ordinal)},
	}, changes...)
}

// Change makes another pod of a pod.
type Change func(model.Pod) model.Pod

// But returns the pod with changes.
func But(p model.Pod, changes ...Change) model.Pod {
	for _, c := range changes {
		p = c(p)
	}
	return p
}

// Edited returns the pod after an edit that has no name of its own.
func Edited(p model.Pod, edit func(*model.Pod)) model.Pod {
	edit(&p)
	return p
}

// Master makes it a master with the group's data.
func Master(p model.Pod) model.Pod {
	p.Redis.Role, p.Redis.Following, p.Redis.ReplID, p.Redis.Offset, p.Redis.Keys = model.Master, model.Address{}, LineageID, 100, 10
	p.Redis.OnlineReplicas, p.Redis.HeardReplicas = 2, 2
	return p
}

// Replica makes it a replica in sync of an ordinal, with the group's data.
func Replica(of int) Change {
	return func(p model.Pod) model.Pod {
		p.Redis.Role, p.Redis.Following, p.Redis.LinkUp, p.Redis.Priority = model.Replica, At(of), true, 100
		p.Redis.ReplID, p.Redis.Offset, p.Redis.Keys = LineageID, 100, 10
		return p
	}
}

// LinkDown breaks its replication link.
func LinkDown(p model.Pod) model.Pod { p.Redis.LinkUp = false; return p }

// Silent takes away the answer of its Redis.
func Silent(p model.Pod) model.Pod { p.Redis = model.Redis{}; return p }

// Data gives it other data.
func Data(id string, offset, keys int64) Change {
	return func(p model.Pod) model.Pod {
		p.Redis.ReplID, p.Redis.Offset, p.Redis.Keys = id, offset, keys
		return p
	}
}

// Plain takes away its agent.
func Plain(p model.Pod) model.Pod { p.Injected = false; return p }

// Recreated is the same ordinal in a recreated pod at a new address, with the same volume claim.
func Recreated(p model.Pod) model.Pod {
	p.UID += "-new"
	p.Address.Host = fmt.Sprintf("10.0.1.%d", p.Ordinal+1)
	p.Redis.RunID += "-new"
	return p
}

// Sentinels are three that name one address at one epoch.
func Sentinels(names model.Address, epoch uint64) []model.Sentinel {
	s := make([]model.Sentinel, 3)
	for i := range s {
		s[i] = model.Sentinel{Name: fmt.Sprintf("sentinel-%d", i), Answered: true, Monitors: true, Address: names, ConfigEpoch: epoch, Replicas: 2}
	}
	return s
}

// SilentSentinels are three that do not answer.
func SilentSentinels() []model.Sentinel { return make([]model.Sentinel, 3) }

// RecordOf names an ordinal as holder, with all three ordinals in sync.
func RecordOf(ordinal int) model.Record {
	return model.Record{
		Known: true, Holder: fmt.Sprintf("redis-%d", ordinal), PodUID: fmt.Sprintf("uid-%d", ordinal), Address: At(ordinal),
		Epoch: HolderAt, Lineage: []string{LineageID}, Version: "7",
		Members: map[int]model.Member{0: {VolumeClaim: "claim-0", InSync: true}, 1: {VolumeClaim: "claim-1", InSync: true}, 2: {VolumeClaim: "claim-2", InSync: true}},
	}
}

// Config is what the group's user decided.
func Config() model.Config {
	return model.Config{
		CrashLoss: 2 * time.Second, DownAfter: 5 * time.Second, FailoverTimeout: 10 * time.Second, RecoveryTimeout: time.Minute,
		Priority: 100, ServeStale: true, MinReplicas: 1, MaxLag: 3,
	}
}

// Fresh is the view of a group whose record has no holder yet.
func Fresh(self model.Pod, peers ...model.Pod) model.View {
	return model.View{
		Now: Clock, Self: self, UIDByName: self.UID, Peers: peers, Replicas: 3, Sentinels: SilentSentinels(),
		Record: model.Record{Known: true, Version: "1"}, API: true, PodsListed: true, Config: Config(),
	}
}

// Formed is the view of a group that ordinal `holder` leads, as all Sentinels know.
func Formed(holder int, self model.Pod, peers ...model.Pod) model.View {
	v := Fresh(self, peers...)
	v.Record, v.Sentinels = RecordOf(holder), Sentinels(At(holder), HolderAt)
	return v
}

// GroupSizes are the groups that decisions are timed for: the usual one, and the largest that anyone should run.
var GroupSizes = []struct{ Pods, Sentinels int }{{3, 3}, {9, 5}}

// Led are the pods of a group that ordinal 0 leads, and the record that says so.
func Led(pods int) ([]model.Pod, model.Record) {
	all, record := []model.Pod{Pod(0, Master)}, RecordOf(0)
	for n := 1; n < pods; n++ {
		all = append(all, Pod(n, Replica(0)))
		record.Members[n] = model.Member{VolumeClaim: Pod(n).VolumeClaim, InSync: true}
	}
	return all, record
}
