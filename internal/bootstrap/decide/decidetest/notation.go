// SPDX-License-Identifier: Apache-2.0

package decidetest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// The words of the tables that both deciders have in common: pods, Sentinels, the record. testdata/redis.txt explains them.

// Reader collects the first error, so that each cell is read without a branch for each word.
type Reader struct{ Err error }

// Fail remembers the first word that was not understood.
func (in *Reader) Fail(what, word string) {
	if in.Err == nil {
		in.Err = fmt.Errorf("%s: %q is not understood", what, word)
	}
}

// Number reads an integer that may have a sign.
func (in *Reader) Number(what, word string) int64 {
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		in.Fail(what, word)
	}
	return n
}

// Ago reads a duration and returns the instant that lies so far in the past.
func (in *Reader) Ago(what, word string) time.Time {
	d, err := time.ParseDuration(word)
	if err != nil {
		in.Fail(what, word)
	}
	return Clock.Add(-d)
}

// Epoch reads a distance to the record's first epoch; nothing is none, and "far" is unbelievable.
func (in *Reader) Epoch(what, word string) uint64 {
	switch word {
	case "":
		return HolderAt
	case "+far":
		return ^uint64(0)
	}
	return uint64(int64(HolderAt) + in.Number(what, word))
}

// Address reads an ordinal's address: 0 the first pod's, 0' that of its recreated pod, x an unknown one.
func (in *Reader) Address(what, word string) model.Address {
	if word == "x" {
		return Unknown
	}
	ordinal, again := strings.CutSuffix(word, "'")
	a := At(int(in.Number(what, ordinal)))
	if again {
		a.Host = strings.Replace(a.Host, "10.0.0.", "10.0.1.", 1)
	}
	return a
}

// Unknown is an address that no pod of the group has.
var Unknown = model.Address{Host: "10.9.9.9", Port: 6379}

// AddressWord is the inverse of Address.
func AddressWord(a model.Address) string {
	for n := range 10 {
		word := strconv.Itoa(n)
		switch a {
		case At(n):
			return word
		case (&Reader{}).Address("", word+"'"):
			return word + "'"
		}
	}
	if a == (model.Address{}) {
		return "-"
	}
	return "x"
}

var dataIDs = map[string]string{"a": LineageID, "b": OtherID, "c": ThirdID}

var podWord = regexp.MustCompile(`^(\d)(\?|-|k|f|b|L|M|\.|[>/](?:\d'?|x))(?:=([abc])@(\d+)\*(\d+))?((?:\+[a-z2]+)*)$`)

// Pod reads one pod, for example 1>0=a@90*9+term.
func (in *Reader) Pod(word string) model.Pod {
	part := podWord.FindStringSubmatch(word)
	if part == nil {
		in.Fail("pod", word)
		return model.Pod{}
	}
	result := Pod(int(in.Number("ordinal", part[1])))
	switch state := part[2]; state[0] {
	case '?':
		result = But(result, Silent)
	case '-':
		result = But(result, Silent)
		result.Redis.Refused = true
	case 'k':
		result = But(result, Silent)
		result.Redis.Denied = "WRONGPASS"
	case 'f':
		result = But(result, Silent)
		result.Redis.Full = true
	case 'b':
		result = But(result, Silent)
		result.Redis.Busy = true
	case 'L':
		result.Redis.Answer = model.Loading
	case 'M':
		result = But(result, Master)
	case '>', '/':
		result = But(result, Replica(0))
		result.Redis.Following, result.Redis.LinkUp = in.Address("master", state[1:]), state[0] == '>'
	}
	if part[3] != "" {
		result = But(result, Data(dataIDs[part[3]], in.Number("offset", part[4]), in.Number("keys", part[5])))
	}
	for flag := range strings.SplitSeq(strings.TrimPrefix(part[6], "+"), "+") {
		result = in.flag(result, flag)
	}
	return result
}

func (in *Reader) flag(p model.Pod, flag string) model.Pod {
	switch flag {
	case "":
	case "plain":
		p.Injected = false
	case "term":
		p.Terminating = true
	case "new":
		p = But(p, Recreated)
	case "volume":
		p.VolumeClaim = "another claim"
	case "ephemeral":
		p.VolumeClaim = p.UID
	case "again":
		p.Redis.RunID += "-again"
	case "other":
		p.UID = "another pod"
	case "down":
		p.Down = true
	case "ready":
		p.Ready = true
	case "updated":
		p.Updated = true
	case "sick":
		p.Redis.PersistenceError = true
	case "never":
		p.Redis.Priority = 0
	case "old":
		p.Redis.TooOld = true
	case "newer":
		p.Redis.Version = model.Version{Major: 8}
	case "older":
		p.Redis.Version = model.Version{Major: 7}
	case "ownfile":
		p.Redis.OtherFile = true
	case "labelled":
		p.Label = contract.RoleMaster
	case "second":
		p.Redis.ReplID2 = LineageID
	default:
		in.Fail("flag of a pod", flag)
	}
	return p
}

// Pods reads the pods of a cell; "-" is none.
func (in *Reader) Pods(cell string) []model.Pod {
	var all []model.Pod
	for _, word := range Words(cell) {
		all = append(all, in.Pod(word))
	}
	return all
}

var sentinelWord = regexp.MustCompile(`^(\d'?|x)((?:[+-]\d+|\+far)?)(!?)(~?)(\^?)(_?)$`)

// Sentinel reads what one Sentinel says, for example 0+1!.
func (in *Reader) Sentinel(word string) model.Sentinel {
	switch word {
	case "?":
		return model.Sentinel{}
	case "blank":
		return model.Sentinel{Answered: true}
	}
	part := sentinelWord.FindStringSubmatch(word)
	if part == nil {
		in.Fail("Sentinel", word)
		return model.Sentinel{}
	}
	return model.Sentinel{
		Answered: true, Monitors: true, Address: in.Address("Sentinel", part[1]), ConfigEpoch: in.Epoch("Sentinel", part[2]),
		MasterDown: part[3] != "", FailoverInProgress: part[4] != "", Elected: part[5] != "", Replicas: replicasListed(part[6]),
	}
}

// replicasListed is how many replicas a Sentinel lists: two, or none after "_".
func replicasListed(none string) int {
	if none != "" {
		return 0
	}
	return 2
}

var holderWord = regexp.MustCompile(`^(\d'?)((?:[+-]\d+|\+far)?)$`)

// Record reads the record, for example 0+1024 behind=2 offer=1@100.
func (in *Reader) Record(cell string) model.Record {
	first, rest, _ := strings.Cut(cell, " ")
	var r model.Record
	switch part := holderWord.FindStringSubmatch(first); {
	case first == "unread":
	case first == "none":
		r = model.Record{Known: true}
	case part == nil:
		in.Fail("record", first)
		return r
	default:
		r = RecordOf(int(part[1][0] - '0'))
		r.Address, r.Epoch = in.Address("record", part[1]), in.Epoch("record", part[2])
		if strings.HasSuffix(part[1], "'") {
			r.PodUID = Pod(int(part[1][0]-'0'), Recreated).UID
		}
	}
	for _, word := range Words(rest) {
		in.recordWord(&r, word)
	}
	return r
}

func (in *Reader) recordWord(r *model.Record, word string) {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "behind":
		n := int(in.Number(name, value))
		r.Members[n] = model.Member{VolumeClaim: r.Members[n].VolumeClaim}
	case "lost":
		delete(r.Members, int(in.Number(name, value)))
	case "offer", "sealed":
		to, offset, _ := strings.Cut(value, "@")
		n := int(in.Number(name, to))
		r.Offer = &model.Offer{PodUID: Pod(n).UID, RunID: Pod(n).Redis.RunID, ReplID: LineageID, Offset: in.Number(name, offset)}
		if name == "sealed" {
			r.Offer.Seal = model.SealOf("a word")
		}
	case "recreated":
		r.UID = "a second record of that name"
	default:
		in.Fail("record", word)
	}
}

// Words splits a cell; "-" means that there is nothing.
func Words(cell string) []string {
	if cell == "-" {
		return nil
	}
	return strings.Fields(cell)
}
