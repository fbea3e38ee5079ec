// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	sentinelTable = "testdata/sentinel.txt"
	sentinelCells = 5
)

// TestSentinelTable: every situation of testdata/sentinel.txt has the answer that stands there.
func TestSentinelTable(t *testing.T) {
	checkTable(t, sentinelTable, sentinelCells, func(question []string) ([]string, error) {
		in := &reader{}
		v, m := in.sentinelSituation(question)
		if in.err != nil {
			return nil, in.err
		}
		d, _ := NextForSentinel(v, m)
		return []string{d.Action.String(), string(d.Reason), addressWord(d.Target), epochWord(d.Epoch), labelWord(v, d)}, nil
	})
}

// epochWord is the distance to the record's first epoch.
func epochWord(epoch uint64) string {
	if epoch == 0 {
		return "-"
	}
	return fmt.Sprintf("%+d", int64(epoch-holderAt))
}

// labelWord has a letter for each pod of the line: m master, r replica, - none. Nothing is said where no label is put.
func labelWord(v SentinelView, d SentinelDecision) string {
	if d.Labels == nil {
		return "untouched"
	}
	var word strings.Builder
	for _, p := range v.Pods {
		word.WriteString(map[string]string{RoleMasterLabel: "m", RoleReplicaLabel: "r", "": "-"}[d.Labels[p.Name]])
	}
	return word.String()
}

// sentinelSituation reads the cells mine, pods, record, world and memory.
func (in *reader) sentinelSituation(cells []string) (SentinelView, SentinelMemory) {
	v := beside(func(*SentinelView) {})
	mine, rest, _ := strings.Cut(cells[0], " ")
	v.Own.Sentinel = in.sentinel(mine)
	if !v.Own.Monitors {
		v.Own = OwnSentinel{Sentinel: v.Own.Sentinel}
	}
	for _, word := range words(rest) {
		in.mine(&v, word)
	}
	v.Pods, v.Record = in.pods(cells[1]), in.record(cells[2])
	for _, word := range words(cells[3]) {
		in.sentinelWorld(&v, word)
	}
	var m SentinelMemory
	for _, word := range words(cells[4]) {
		in.sentinelMemory(v, &m, word)
	}
	return v, m
}

func (in *reader) mine(v *SentinelView, word string) {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "alone":
		v.Own.Peers, v.Peers = nil, nil
	case "ghost":
		v.Own.Peers = append(v.Own.Peers, Peer{ID: "ghost"})
	case "lists":
		v.Own.Replicas = nil
		for digit := range strings.SplitSeq(value, "") {
			v.Own.Replicas = append(v.Own.Replicas, SeenReplica{Address: in.address(name, digit), Priority: 100})
		}
	case "unelectable":
		for i := range v.Own.Replicas {
			v.Own.Replicas[i].Priority = 0
		}
	case "slow":
		v.Own.Watching.DownAfter = 30 * time.Second
	default:
		in.fail("my Sentinel", word)
	}
}

func (in *reader) sentinelWorld(v *SentinelView, word string) {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "stranger":
		v.ForeignServers = append(v.ForeignServers, in.address(name, value))
	case "nolist":
		v.PodsKnown = false
	case "norecord":
		v.RecordGone = true
	case "elsewhere":
		v.Elsewhere = true
	default:
		in.fail("world", word)
	}
}

func (in *reader) sentinelMemory(v SentinelView, m *SentinelMemory, word string) {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "unverified":
		m.UnverifiedSince, m.UnverifiedEpoch = in.ago(name, value), v.Own.ConfigEpoch
	case "seen":
		m.MaxEpoch = in.epoch(name, value)
	case "stale":
		m.StaleSince = in.ago(name, value)
	case "pruned":
		m.PrunedAt = in.ago(name, value)
	case "renewed":
		m.RenewedAt = in.ago(name, value)
	default:
		in.fail("memory", word)
	}
}
