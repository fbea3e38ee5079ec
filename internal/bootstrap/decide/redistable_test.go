// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

const (
	redisTable = "testdata/redis.txt"
	redisCells = 6
)

// TestRedisTable: every situation of testdata/redis.txt has the answer that is written there.
func TestRedisTable(t *testing.T) {
	decidetest.CheckTable(t, redisTable, redisCells, func(question []string) ([]string, error) {
		in := &reader{}
		v, m := in.redisSituation(question)
		if in.Err != nil {
			return nil, in.Err
		}
		d, _ := Next(v, m)
		return []string{d.Action.String(), string(d.Reason), targetWord(v, d), readyWord(d)}, nil
	})
}

func readyWord(d Decision) string {
	if d.Ready {
		return "ready"
	}
	return "-"
}

// targetWord is the pod that the action is about: the master to follow, the successor, or the pod that the mastership is
// offered to.
func targetWord(v model.View, d Decision) string {
	a := d.Target
	switch d.Action {
	case Handover:
		a = d.Successor.Address
	case OfferTransfer:
		a = v.Peers[slices.IndexFunc(v.Peers, func(p model.Pod) bool { return p.UID == offerOf(d).PodUID })].Address
	default:
	}
	return addressWord(a)
}

// redisSituation reads the cells me, peers, sentinels, record, world and memory.
func (in *reader) redisSituation(cells []string) (model.View, Memory) {
	v := fresh(in.Pod(cells[0]), in.Pods(cells[1])...)
	v.Sentinels = nil
	for _, word := range words(cells[2]) {
		v.Sentinels = append(v.Sentinels, in.Sentinel(word))
	}
	v.Record = in.Record(cells[3])
	for _, word := range words(cells[4]) {
		in.world(&v, word)
	}
	var m Memory
	for _, word := range words(cells[5]) {
		in.memory(v, &m, word)
	}
	return v, m
}

func (in *reader) world(v *model.View, word string) {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "noapi":
		v.API = false
	case "notoken":
		v.API, v.TokenRefused = false, true
	case "asked":
		v.Config.Handover = "redis-" + value
	case "setgone":
		v.SetGone = true
	case "ordered":
		v.OrderedReady = true
	case "claims":
		for _, digit := range value {
			v.VolumeClaims = append(v.VolumeClaims, int(digit-'0'))
		}
	case "replicas":
		v.Replicas = int(in.Number(name, value))
	case "leaving":
		v.Leaving = true
	case "releasing":
		v.Releasing = true
	case "replaced":
		v.UIDByName = "the uid of another pod"
	case "initial":
		v.Config.InitialMaster = "redis-" + value
	case "replace":
		v.Config.ReplaceData = "redis-" + value
	default:
		in.Fail("world", word)
	}
}

// memory reads one word. What is remembered of the named master applies to the one that the view names.
func (in *reader) memory(v model.View, m *Memory, word string) {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "claimed":
		m.Claimed = Claimed{Epoch: in.Epoch(name, value), RunID: pod(v.Self.Ordinal).Redis.RunID}
	case "leaving":
		m.LeavingSince = in.Ago(name, value)
	case "synced":
		m.SyncedRun = v.Self.Redis.RunID
	case "heard":
		since, down := strings.CutSuffix(value, ":down")
		m.Heard = Heard{Epoch: leaderOf(&v).epoch, At: in.Ago(name, since), Down: down}
	case "silent":
		m.SilentSince, m.SilentEpoch = in.Ago(name, value), leaderOf(&v).epoch
	case "waited":
		*m = waiting(v, *m).memory
		m.WaitingSince = in.Ago(name, value)
	case "refused":
		m.RefusedSince = in.Ago(name, value)
	case "yields":
		m.YieldSince = in.Ago(name, value)
	case "hung":
		m.HungSince = in.Ago(name, value)
	case "master":
		m.MasterSince = in.Ago(name, value)
	case "named":
		m.NamedEpoch = in.Epoch(name, value)
	case "confirmed":
		m.Confirmed = in.Ago(name, value)
	case "seen":
		m.MaxEpoch = in.Epoch(name, value)
	case "since":
		m.MaxVersion = value
	case "offered":
		to, since, _ := strings.Cut(value, ":")
		m.OfferedTo, m.OfferedAt = pod(int(in.Number(name, to))).Redis.RunID, in.Ago(name, since)
	case "declined":
		m.Declined = append(m.Declined, pod(int(in.Number(name, value))).Redis.RunID)
	case "answered":
		m.AnsweredRun = pod(v.Self.Ordinal).Redis.RunID
	case "adopted":
		n := int(in.Number(name, value))
		m.AdoptedFrom = map[int]string{n: "claim-" + strconv.Itoa(n)}
	default:
		in.Fail("memory", word)
	}
}

// TestNotationRefusesWhatItDoesNotKnow: a word that is overlooked would make a line mean something else than it says.
func TestNotationRefusesWhatItDoesNotKnow(t *testing.T) {
	good := []string{"0.", "1? 2>0", "0 0+1! ?", "0 behind=2", "noapi", "synced silent=16s"}
	in := &reader{}
	if v, m := in.redisSituation(good); in.Err != nil || v.API || len(v.Peers) != 2 || !v.Sentinels[1].MasterDown || m.SilentSince != clock.Add(-16*time.Second) {
		t.Fatalf("a good line: %v, read as %+v", in.Err, v)
	}
	for cell, bad := range []string{"0", "1? 2>0+unheard", "0 0+", "0 behind=", "noap", "silent=16"} {
		line := slices.Clone(good)
		line[cell] = bad
		in := &reader{}
		if in.redisSituation(line); in.Err == nil {
			t.Errorf("%q was read without an error", bad)
		}
	}
}
