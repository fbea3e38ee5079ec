// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

const (
	tableFile  = "testdata/sentinel.txt"
	tableCells = 5
)

// TestSentinelTable: every situation of testdata/sentinel.txt has the answer that is written there.
func TestSentinelTable(t *testing.T) {
	decidetest.CheckTable(t, tableFile, tableCells, func(question []string) ([]string, error) {
		in := &reader{}
		v, m := in.sentinelSituation(question)
		if in.Err != nil {
			return nil, in.Err
		}
		d, _ := Next(v, m)
		return []string{d.Action.String(), string(d.Reason), decidetest.AddressWord(d.Target), epochWord(d.Epoch), labelWord(v, d)}, nil
	})
}

// epochWord is the distance to the record's first epoch.
func epochWord(epoch uint64) string {
	if epoch == 0 {
		return "-"
	}
	return fmt.Sprintf("%+d", int64(epoch-holderAt))
}

// labelWord has a letter for each pod of the line: m master, r replica, - none; "untouched" where no label is set.
func labelWord(v model.SentinelView, d Decision) string {
	if d.Labels == nil {
		return "untouched"
	}
	var word strings.Builder
	for _, p := range v.Pods {
		word.WriteString(map[string]string{contract.RoleMaster: "m", contract.RoleReplica: "r", "": "-"}[d.Labels[p.Name]])
	}
	return word.String()
}

// sentinelSituation reads the cells mine, pods, record, world and memory.
func (in *reader) sentinelSituation(cells []string) (model.SentinelView, Memory) {
	v := beside(func(*model.SentinelView) {})
	mine, rest, _ := strings.Cut(cells[0], " ")
	v.Own.Sentinel = in.Sentinel(mine)
	if !v.Own.Monitors {
		v.Own = model.OwnSentinel{Sentinel: v.Own.Sentinel}
	}
	for _, word := range decidetest.Words(rest) {
		in.mine(&v, word)
	}
	v.Pods, v.Record = in.Pods(cells[1]), in.Record(cells[2])
	for _, word := range decidetest.Words(cells[3]) {
		in.sentinelWorld(&v, word)
	}
	var m Memory
	for _, word := range decidetest.Words(cells[4]) {
		in.sentinelMemory(v, &m, word)
	}
	return v, m
}

func (in *reader) mine(v *model.SentinelView, word string) {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "alone":
		v.Own.Peers, v.Peers = nil, nil
	case "ghost":
		v.Own.Peers = append(v.Own.Peers, model.Peer{ID: "ghost"})
	case "lists":
		v.Own.Replicas = nil
		for digit := range strings.SplitSeq(value, "") {
			address := in.Address(name, strings.ToLower(digit))
			v.Own.Replicas = append(v.Own.Replicas, model.SeenReplica{Address: address, Priority: 100, Down: digit == "X"})
		}
	case "unelectable":
		for i := range v.Own.Replicas {
			v.Own.Replicas[i].Priority = 0
		}
	case "slow":
		v.Own.Watching.DownAfter = 30 * time.Second
	default:
		in.Fail("my Sentinel", word)
	}
}

func (in *reader) sentinelWorld(v *model.SentinelView, word string) {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "foreign":
		v.ForeignServers = append(v.ForeignServers, in.Address(name, value))
	case "nolist":
		v.PodsKnown = false
	case "norecord":
		v.RecordGone = true
	case "taken":
		v.NameTaken = true
	case "elsewhere":
		v.Elsewhere = true
	default:
		in.Fail("world", word)
	}
}

func (in *reader) sentinelMemory(v model.SentinelView, m *Memory, word string) {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "unverified":
		m.UnverifiedSince, m.UnverifiedEpoch = in.Ago(name, value), v.Own.ConfigEpoch
	case "failover":
		m.FailoverSince = in.Ago(name, value)
	case "seen":
		m.MaxEpoch = in.Epoch(name, value)
	case "since":
		m.MaxVersion = value
	case "stale":
		m.StaleSince = in.Ago(name, value)
	case "pruned":
		m.PrunedAt = in.Ago(name, value)
	case "renewed":
		m.RenewedAt = in.Ago(name, value)
	default:
		in.Fail("memory", word)
	}
}
