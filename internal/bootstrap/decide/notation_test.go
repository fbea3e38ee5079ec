// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The words of the tables that both deciders have in common: pods, Sentinels, the record. testdata/redis.txt explains them.

// reader collects the first error, so that each cell is read without a branch a word.
type reader struct{ err error }

func (in *reader) fail(what, word string) {
	if in.err == nil {
		in.err = fmt.Errorf("%s: %q is not understood", what, word)
	}
}

// number reads a whole number that may have a sign.
func (in *reader) number(what, word string) int64 {
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		in.fail(what, word)
	}
	return n
}

// ago reads a duration and gives the instant that lies so long in the past.
func (in *reader) ago(what, word string) time.Time {
	d, err := time.ParseDuration(word)
	if err != nil {
		in.fail(what, word)
	}
	return clock.Add(-d)
}

// epoch reads a distance to the record's first epoch; nothing is none, and "far" is beyond belief.
func (in *reader) epoch(what, word string) uint64 {
	switch word {
	case "":
		return holderAt
	case "+far":
		return ^uint64(0)
	}
	return uint64(int64(holderAt) + in.number(what, word))
}

// address reads an ordinal's address: 0 the first pod's, 0' that of a pod which was born again, x an outsider's.
func (in *reader) address(what, word string) Address {
	if word == "x" {
		return outsider
	}
	ordinal, again := strings.CutSuffix(word, "'")
	a := at(int(in.number(what, ordinal)))
	if again {
		a.Host = strings.Replace(a.Host, "10.0.0.", "10.0.1.", 1)
	}
	return a
}

// outsider is an address that no pod of the group has.
var outsider = Address{Host: "10.9.9.9", Port: 6379}

// addressWord is the opposite of address.
func addressWord(a Address) string {
	for n := range 10 {
		word := strconv.Itoa(n)
		switch a {
		case at(n):
			return word
		case (&reader{}).address("", word+"'"):
			return word + "'"
		}
	}
	if a == (Address{}) {
		return "-"
	}
	return "x"
}

var dataIDs = map[string]string{"a": lineageID, "b": otherID, "c": thirdID}

var podWord = regexp.MustCompile(`^(\d)(\?|-|L|M|\.|[>/](?:\d'?|x))(?:=([abc])@(\d+)\*(\d+))?((?:\+[a-z2]+)*)$`)

// pod reads one pod, for example 1>0=a@90*9+term.
func (in *reader) pod(word string) Pod {
	part := podWord.FindStringSubmatch(word)
	if part == nil {
		in.fail("pod", word)
		return Pod{}
	}
	result := pod(int(in.number("ordinal", part[1])))
	switch state := part[2]; state[0] {
	case '?':
		result = result.silent()
	case '-':
		result = result.silent()
		result.Redis.Refused = true
	case 'L':
		result.Redis.Answer = Loading
	case 'M':
		result = result.master()
	case '>', '/':
		result = result.replica(0)
		result.Redis.Following, result.Redis.LinkUp = in.address("master", state[1:]), state[0] == '>'
	}
	if part[3] != "" {
		result = result.data(dataIDs[part[3]], in.number("offset", part[4]), in.number("keys", part[5]))
	}
	for flag := range strings.SplitSeq(strings.TrimPrefix(part[6], "+"), "+") {
		result = in.flag(result, flag)
	}
	return result
}

func (in *reader) flag(pod Pod, flag string) Pod {
	switch flag {
	case "":
	case "plain":
		pod.Injected = false
	case "term":
		pod.Terminating = true
	case "born":
		pod = pod.reborn()
	case "volume":
		pod.VolumeClaim = "another claim"
	case "ephemeral":
		pod.VolumeClaim = pod.UID
	case "again":
		pod.Redis.RunID += "-again"
	case "other":
		pod.UID = "another pod"
	case "updated":
		pod.Updated = true
	case "sick":
		pod.Redis.PersistenceError = true
	case "never":
		pod.Redis.Priority = 0
	case "old":
		pod.Redis.TooOld = true
	case "labelled":
		pod.Label = RoleMasterLabel
	case "second":
		pod.Redis.ReplID2 = lineageID
	default:
		in.fail("flag of a pod", flag)
	}
	return pod
}

// pods reads the pods of a cell; "-" is none.
func (in *reader) pods(cell string) []Pod {
	var all []Pod
	for _, word := range words(cell) {
		all = append(all, in.pod(word))
	}
	return all
}

var sentinelWord = regexp.MustCompile(`^(\d'?|x)((?:[+-]\d+|\+far)?)(!?)(~?)$`)

// sentinel reads what one Sentinel says, for example 0+1!.
func (in *reader) sentinel(word string) Sentinel {
	switch word {
	case "?":
		return Sentinel{}
	case "blank":
		return Sentinel{Answered: true}
	}
	part := sentinelWord.FindStringSubmatch(word)
	if part == nil {
		in.fail("Sentinel", word)
		return Sentinel{}
	}
	return Sentinel{
		Answered: true, Monitors: true, Address: in.address("Sentinel", part[1]), ConfigEpoch: in.epoch("Sentinel", part[2]),
		MasterDown: part[3] != "", FailoverInProgress: part[4] != "",
	}
}

var holderWord = regexp.MustCompile(`^(\d'?)((?:[+-]\d+|\+far)?)$`)

// record reads the record, for example 0+1024 behind=2 offer=1@100.
func (in *reader) record(cell string) Record {
	first, rest, _ := strings.Cut(cell, " ")
	var r Record
	switch part := holderWord.FindStringSubmatch(first); {
	case first == "unread":
	case first == "none":
		r = Record{Known: true}
	case part == nil:
		in.fail("record", first)
		return r
	default:
		r = recordOf(int(part[1][0] - '0'))
		r.Address, r.Epoch = in.address("record", part[1]), in.epoch("record", part[2])
		if strings.HasSuffix(part[1], "'") {
			r.PodUID = pod(int(part[1][0] - '0')).reborn().UID
		}
	}
	for _, word := range words(rest) {
		in.recordWord(&r, word)
	}
	return r
}

func (in *reader) recordWord(r *Record, word string) {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "behind":
		n := int(in.number(name, value))
		r.Members[n] = Member{VolumeClaim: r.Members[n].VolumeClaim}
	case "lost":
		delete(r.Members, int(in.number(name, value)))
	case "offer":
		to, offset, _ := strings.Cut(value, "@")
		n := int(in.number(name, to))
		r.Offer = &Offer{PodUID: pod(n).UID, RunID: pod(n).Redis.RunID, ReplID: lineageID, Offset: in.number(name, offset)}
	case "anew":
		r.UID = "a second record of that name"
	default:
		in.fail("record", word)
	}
}

// words splits a cell; "-" says that there is nothing.
func words(cell string) []string {
	if cell == "-" {
		return nil
	}
	return strings.Fields(cell)
}
