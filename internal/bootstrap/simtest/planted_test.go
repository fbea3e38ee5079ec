// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"slices"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
)

// plant is a design that is wrong in one way, and the rules of which one at least must catch it.
type plant struct {
	name   string
	caught []Rule
	mind   Deciders
	// trap makes the stories in which this design fails, where they are rare among all stories.
	trap func(seed uint64) Script
}

// plants are the designs that others chose, or that look right at first.
var plants = []plant{
	{"lowest ordinal always", []Rule{DataStays}, redisDecider(lowestOrdinal), nil},
	{"first Sentinel believed", []Rule{NoOrder, DataStays, NamedOnly, Settles}, redisDecider(firstSentinel), nil},
	{"MASTER's address believed", []Rule{OneAddress, Settles, NamedOnly, DataStays, OneClaim}, Deciders{Redis: decide.Next, Sentinel: adoptDuringFailover, MastersAddress: true}, trap(Step{At: 20 * time.Second, Do: "freeze-lead", For: 5 * time.Second})},
	{"epoch ignored", []Rule{NamedOnly, Settles, DataStays}, redisDecider(epochIgnored), nil},
	{"equal epochs kept", []Rule{Settles}, Deciders{Redis: decide.Next, Sentinel: equalEpochsKept}, trap(Step{At: 20 * time.Second, Do: "one-epoch"})},
	{"silence read as consent", []Rule{NoBoldSilence, DataStays}, redisDecider(silenceIsConsent), nil},
	{"empty node electable", []Rule{DataStays}, redisDecider(emptyElectable), nil},
	{"old master names the new one", []Rule{OwnClaimOnly, OneClaim, PlannedKeeps, DataStays, Settles}, Deciders{Redis: believesTheRecord, Sentinel: decide.NextForSentinel, NamesHeir: true}, nil},
	{"unpause on unknown answer", []Rule{PlannedKeeps}, Deciders{Redis: decide.Next, Sentinel: decide.NextForSentinel, UnpausesBlindly: true}, trap(Step{At: 20 * time.Second, Do: "lost-lead"}, Step{At: 20 * time.Second, Do: "delete-lead"})},
	{"RESET as a broom", []Rule{Settles, DataStays}, Deciders{Redis: decide.Next, Sentinel: decide.NextForSentinel, ResetsAsBroom: true}, nil},
	{"name taken for identity", []Rule{OwnClaimOnly, NamedOnly, OneAddress, DataStays, Settles}, redisDecider(nameIsIdentity), nil},
}

func redisDecider(next func(decide.View, decide.Memory) (decide.Decision, decide.Memory)) Deciders {
	return Deciders{Redis: next, Sentinel: decide.NextForSentinel}
}

// trap makes a world of three, and the given steps in it, a little later with each seed.
func trap(steps ...Step) func(uint64) Script {
	return func(seed uint64) Script {
		s := Script{Setup: Setup{Seed: seed, Nodes: 3, Sentinels: 3, Persistence: AOF, Found: -1}, Steps: slices.Clone(steps)}
		for i := range s.Steps {
			s.Steps[i].At += time.Duration(seed%977) * 7 * time.Millisecond
			s.Steps[i].For += time.Duration(seed%31) * 100 * time.Millisecond
		}
		return s
	}
}

// enough is how many stories a wrong design may survive.
const enough = 4000

// TestPlantedDecidersAreCaught: rules that let a wrong design pass would prove nothing about the right one.
func TestPlantedDecidersAreCaught(t *testing.T) {
	for _, p := range plants {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			scripts := Generate
			if p.trap != nil {
				scripts = p.trap
			}
			for seed := range uint64(enough) {
				if v := Run(scripts(seed+1), Real, false).Violation; v != nil && p.trap != nil {
					t.Fatalf("the right design is caught too, at seed %d: %s", seed+1, v)
				}
				v := Run(scripts(seed+1), p.mind, false).Violation
				if v != nil && slices.Contains(p.caught, v.Rule) {
					t.Logf("caught at seed %d: %s", seed+1, v)
					return
				}
			}
			t.Errorf("%d stories, and none of %v caught it", enough, p.caught)
		})
	}
}

// TestDemotingThePromotedIsCaught: who demotes what a Sentinel promoted breaks its failover. The agents mend that in the end,
// so that no rule breaks: it is the time without a master that tells.
func TestDemotingThePromotedIsCaught(t *testing.T) {
	scripts := trap(Step{At: 20 * time.Second, Do: "crash-lead"})
	slow := func(mind Deciders) int {
		n := 0
		for seed := range uint64(50) {
			if Run(scripts(seed+1), mind, false).Gap > downAfter+failoverTimeout/2 {
				n++
			}
		}
		return n
	}
	right, wrong := slow(Real), slow(redisDecider(promotedDemoted))
	t.Logf("of 50 failovers %d were slow, and %d where the promoted is demoted", right, wrong)
	if right > 5 || wrong < 45 {
		t.Errorf("want at most 5, and at least 45")
	}
}

// lowestOrdinal: pod 0 leads whenever nobody does.
func lowestOrdinal(v decide.View, m decide.Memory) (decide.Decision, decide.Memory) {
	d, after := decide.Next(v, m)
	r := v.Self.Redis
	claimed := v.Record.PodUID == v.Self.UID && v.Record.Epoch == m.Claimed.Epoch
	if v.Self.Ordinal == 0 && r.Answer == decide.Up && r.Role == decide.Replica && v.API && !masterAnswers(v) && !claimed {
		d.Action, d.Reason, d.Epoch = decide.Claim, decide.BestData, decide.NextEpoch(v.Now, v.Record.Epoch)
	}
	return d, after
}

func masterAnswers(v decide.View) bool {
	return slices.ContainsFunc(v.Peers, func(p decide.Pod) bool { return p.Redis.Role == decide.Master && p.Redis.Answer == decide.Up })
}

// firstSentinel: whatever the first Sentinel in the list says, counts.
func firstSentinel(v decide.View, m decide.Memory) (decide.Decision, decide.Memory) {
	if len(v.Sentinels) > 0 && v.Sentinels[0].Monitors {
		v.Sentinels = v.Sentinels[:1]
		v.Record.Epoch, v.Record.Address = v.Sentinels[0].ConfigEpoch, v.Sentinels[0].Address
		v.Record.PodUID = ""
		for _, p := range append([]decide.Pod{v.Self}, v.Peers...) {
			if p.Address == v.Record.Address {
				v.Record.PodUID = p.UID
			}
		}
	}
	m.MaxEpoch = 0
	return decide.Next(v, m)
}

// adoptDuringFailover: the Sentinel's word counts while its failover runs.
func adoptDuringFailover(v decide.SentinelView, m decide.SentinelMemory) (decide.SentinelDecision, decide.SentinelMemory) {
	v.Own.FailoverInProgress = false
	return decide.NextForSentinel(v, m)
}

// epochIgnored: whoever answers as master is the master.
func epochIgnored(v decide.View, m decide.Memory) (decide.Decision, decide.Memory) {
	if v.Self.Redis.Role == decide.Master {
		return decide.Decision{Reason: decide.Incumbent, Ready: true, Recheck: 1e9}, m
	}
	return decide.Next(v, m)
}

// equalEpochsKept: two addresses at one epoch are nobody's business.
func equalEpochsKept(v decide.SentinelView, m decide.SentinelMemory) (decide.SentinelDecision, decide.SentinelMemory) {
	d, after := decide.NextForSentinel(v, m)
	if d.Reason == decide.EqualEpochs {
		d.Action = decide.SentinelWait
	}
	return d, after
}

// silenceIsConsent: who does not answer has nothing to say.
func silenceIsConsent(v decide.View, m decide.Memory) (decide.Decision, decide.Memory) {
	less := v
	less.Peers = slices.DeleteFunc(slices.Clone(v.Peers), func(p decide.Pod) bool { return p.Redis.Answer == decide.Silent })
	less.VolumeClaims = nil
	return decide.Next(less, m)
}

// emptyElectable: a node is as good as another, whether it holds something or not.
func emptyElectable(v decide.View, m decide.Memory) (decide.Decision, decide.Memory) {
	d, after := decide.Next(v, m)
	if d.Reason == decide.TransferAfterRestart || d.Reason == decide.RestartedWaiting {
		d = decide.Decision{Action: decide.Claim, Reason: decide.RestartedInPlace, Epoch: decide.NextEpoch(v.Now, v.Record.Epoch), Members: v.Record.Members, Lineage: v.Record.Lineage, Recheck: 1e6}
	}
	return d, after
}

// promotedDemoted: a Redis is no master before its agent saw it named.
func promotedDemoted(v decide.View, m decide.Memory) (decide.Decision, decide.Memory) {
	d, after := decide.Next(v, m)
	if d.Reason == decide.PromotedBySentinel || d.Reason == decide.UnnamedMaster {
		d = decide.Decision{Action: decide.Fence, Reason: decide.NeverNamed, Recheck: 1e8}
	}
	return d, after
}

// believesTheRecord: who is named in the record promotes itself, claim or not.
func believesTheRecord(v decide.View, m decide.Memory) (decide.Decision, decide.Memory) {
	d, after := decide.Next(v, m)
	if v.Record.PodUID == v.Self.UID && v.Self.Redis.Role == decide.Replica && d.Action == decide.Wait {
		d.Action, d.Epoch = decide.Promote, v.Record.Epoch
	}
	return d, after
}

// nameIsIdentity: the record names my pod, so it names me, whoever I am now.
func nameIsIdentity(v decide.View, m decide.Memory) (decide.Decision, decide.Memory) {
	if v.Record.Holder == v.Self.Name {
		v.Record.PodUID, v.Record.Address, v.UIDByName = v.Self.UID, v.Self.Address, v.Self.UID
		m.Claimed = decide.Claimed{Epoch: v.Record.Epoch, RunID: v.Self.Redis.RunID}
	}
	return decide.Next(v, m)
}
