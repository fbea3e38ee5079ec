// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"fmt"
	"time"
)

// clock is the instant of every view in these tests: a Sunday in 2026.
var clock = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const (
	lineageID = "1111111111111111111111111111111111111111"
	otherID   = "2222222222222222222222222222222222222222"
	thirdID   = "3333333333333333333333333333333333333333"
	holderAt  = uint64(1795370000384)
)

func at(ordinal int) Address { return Address{Host: fmt.Sprintf("10.0.0.%d", ordinal+1), Port: 6379} }

// pod is a living pod with an agent whose Redis is fresh: fenced, empty, blank.
func pod(ordinal int) Pod {
	return Pod{
		Name: fmt.Sprintf("redis-%d", ordinal), Ordinal: ordinal, UID: fmt.Sprintf("uid-%d", ordinal), Address: at(ordinal),
		VolumeClaim: fmt.Sprintf("claim-%d", ordinal), Injected: true,
		Redis: Redis{Answer: Up, Role: Replica, Following: FenceAddress, RunID: fmt.Sprintf("run-%d", ordinal), ReplID: fmt.Sprintf("%040d", 7000+ordinal)},
	}
}

// master, replica and restarted turn a pod into one with the group's data.
func (p Pod) master() Pod {
	p.Redis.Role, p.Redis.Following, p.Redis.ReplID, p.Redis.Offset, p.Redis.Keys = Master, Address{}, lineageID, 100, 10
	p.Redis.OnlineReplicas = 2
	return p
}

func (p Pod) replica(of int) Pod {
	p.Redis.Role, p.Redis.Following, p.Redis.LinkUp, p.Redis.Priority = Replica, at(of), true, 100
	p.Redis.ReplID, p.Redis.Offset, p.Redis.Keys = lineageID, 100, 10
	return p
}

func (p Pod) linkDown() Pod { p.Redis.LinkUp = false; return p }

func (p Pod) silent() Pod { p.Redis = Redis{}; return p }

func (p Pod) data(id string, offset, keys int64) Pod {
	p.Redis.ReplID, p.Redis.Offset, p.Redis.Keys = id, offset, keys
	return p
}

func (p Pod) plain() Pod { p.Injected = false; return p }

// reborn is the same ordinal in a new pod at a new address, with the same claim.
func (p Pod) reborn() Pod {
	p.UID += "-new"
	p.Address.Host = fmt.Sprintf("10.0.1.%d", p.Ordinal+1)
	p.Redis.RunID += "-new"
	return p
}

func sentinels(names Address, epoch uint64) []Sentinel {
	s := make([]Sentinel, 3)
	for i := range s {
		s[i] = Sentinel{Name: fmt.Sprintf("sentinel-%d", i), Answered: true, Monitors: true, Address: names, ConfigEpoch: epoch}
	}
	return s
}

func silentSentinels() []Sentinel { return make([]Sentinel, 3) }

// recordOf names an ordinal as holder, with all three ordinals in sync.
func recordOf(ordinal int) Record {
	return Record{
		Known: true, Holder: fmt.Sprintf("redis-%d", ordinal), PodUID: fmt.Sprintf("uid-%d", ordinal), Address: at(ordinal),
		Epoch: holderAt, Lineage: []string{lineageID}, Version: "7",
		Members: map[int]Member{0: {"claim-0", true}, 1: {"claim-1", true}, 2: {"claim-2", true}},
	}
}

func config() Config {
	return Config{
		DownAfter: 5 * time.Second, FailoverTimeout: 10 * time.Second, RecoveryTimeout: time.Minute,
		Priority: 100, ServeStale: true, MinReplicas: 1,
	}
}

// fresh is the view of a group whose record has no holder yet.
func fresh(self Pod, peers ...Pod) View {
	return View{
		Now: clock, Self: self, UIDByName: self.UID, Peers: peers, Replicas: 3, Sentinels: silentSentinels(),
		Record: Record{Known: true, Version: "1"}, API: true, Config: config(),
	}
}

// formed is the view of a group that ordinal `holder` leads, as all Sentinels know.
func formed(holder int, self Pod, peers ...Pod) View {
	v := fresh(self, peers...)
	v.Record, v.Sentinels = recordOf(holder), sentinels(at(holder), holderAt)
	return v
}
