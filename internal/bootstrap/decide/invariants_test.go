// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"reflect"
	"slices"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// invariants are what no decision of the sweep may break, by the names of docs/protocol.md.
var invariants = []struct {
	name  string
	holds func(model.View, Memory, Decision) bool
}{
	{"total: a reason of the closed list, and a time to look again", func(_ model.View, _ Memory, d Decision) bool {
		return d.Reason.Sentence() != "" && d.Recheck > 0
	}},
	{"S1: a claim has an epoch of its own, above all that was heard", func(v model.View, _ Memory, d Decision) bool {
		return d.Action != Claim || d.Epoch%model.EpochStep == 0 && d.Epoch > v.Record.Epoch &&
			!slices.ContainsFunc(v.Sentinels, func(s model.Sentinel) bool { return s.ConfigEpoch >= d.Epoch })
	}},
	{"S3: an empty node does not lead while known data answered", func(v model.View, _ Memory, d Decision) bool {
		return d.Action != Claim && (d.Action != Promote || d.Reason == model.OwnClaim) || !holdsNothing(v, v.Self) ||
			!slices.ContainsFunc(v.Peers, func(p model.Pod) bool { return holdsKnownData(v, p) })
	}},
	{"S3: foreign data is not replaced without its owner's word", func(v model.View, m Memory, d Decision) bool {
		r := v.Self.Redis
		strange := r.Keys > 0 && !belongs(v, v.Self) && !slices.Contains(v.Record.Lineage, r.ReplID) && m.SyncedRun != r.RunID && !r.LinkUp
		return d.Action != Follow && d.Action != Join || !strange || v.Config.ReplaceData == v.Self.Name
	}},
	{"S5: I follow a master that answered, never myself or a foreign server", func(v model.View, _ Memory, d Decision) bool {
		return d.Action != Follow && (d.Action != Join || d.Target == model.Address{}) || d.Target != v.Self.Address && slices.ContainsFunc(v.Peers, func(p model.Pod) bool {
			return p.Address == d.Target && p.Redis.Answer == model.Up && (p.Redis.Role == model.Master || !p.Injected)
		})
	}},
	{"no claim of a pod that leaves, without the API, or without a StatefulSet", func(v model.View, _ Memory, d Decision) bool {
		return d.Action != Claim || v.API && !v.Self.Terminating && !v.SetGone
	}},
	{"no promotion without my own claim for this process, or by the old epoch in an outage of the API", func(v model.View, m Memory, d Decision) bool {
		own := m.Claimed == Claimed{Epoch: v.Record.Epoch, RunID: v.Self.Redis.RunID}
		return d.Action != Promote || recordedHolder(v) && d.Epoch == v.Record.Epoch && (own || !v.API && !holdsNothing(v, v.Self))
	}},
	{"a Redis that did not answer is left alone", func(v model.View, _ Memory, d Decision) bool {
		return v.Self.Redis.Answer == model.Up || d.Action == Wait || (v.Self.Redis.Answer == model.Loading || v.Self.Redis.Refused) && d.Action == OfferTransfer ||
			v.Self.Redis.Busy && d.Action == Fence
	}},
}

// The words of docs/protocol.md, written down again without the decider's help.

func belongs(v model.View, p model.Pod) bool {
	member, known := v.Record.Members[p.Ordinal]
	return known && member.VolumeClaim == p.VolumeClaim
}

// holdsNothing reports whether a pod has no key, no link, and either a process without a history or a claim that the group does
// not know.
func holdsNothing(v model.View, p model.Pod) bool {
	r := p.Redis
	history := r.Offset > 0 || slices.Contains(v.Record.Lineage, r.ReplID)
	return r.Answer == model.Up && r.Keys == 0 && !r.LinkUp && (!history || !belongs(v, p))
}

// holdsKnownData reports whether a pod has keys that are the group's; before there is a group, any keys.
func holdsKnownData(v model.View, p model.Pod) bool {
	known := !v.Record.HasHolder() || belongs(v, p) || slices.Contains(v.Record.Lineage, p.Redis.ReplID)
	return p.Redis.Answer == model.Up && p.Redis.Keys > 0 && known
}

// recordedHolder reports whether the record has my uid and my address.
func recordedHolder(v model.View) bool {
	return v.Record.HasHolder() && v.Record.PodUID == v.Self.UID && v.Record.Address == v.Self.Address
}

func checkInvariants(group []turn, wrong *findings) {
	for _, u := range group {
		for _, i := range invariants {
			if !i.holds(u.view, u.memory, u.decision) {
				wrong.add(i.name, u)
			}
		}
	}
}

// acceptedRivals are the worlds in which two pods claim at the same instant. The compare-and-swap lets one of them through, and
// here either may be the one.
var acceptedRivals = []excuse{
	{"an offer stands, and the holder or another replica does not wait for its target", func(u turn) bool { return u.view.Record.Offer != nil }},
	{"the named pod answers, and did not lead in its time: its agent is gone, which this world gives it all the same", func(u turn) bool {
		return u.kind != "fresh" && u.kind != "claimed" && slices.ContainsFunc(append([]model.Pod{u.view.Self}, u.view.Peers...), func(p model.Pod) bool {
			return p.Address == leaderOf(&u.view).address && p.Redis.Answer == model.Up
		})
	}},
	{"a pod that remembers that its link was up takes its own data for known, and no other can know that", func(u turn) bool {
		return u.memory.SyncedRun != "" && slices.ContainsFunc(append([]model.Pod{u.view.Self}, u.view.Peers...), func(p model.Pod) bool {
			return p.Redis.Keys > 0 && !belongs(u.view, p) && !slices.Contains(u.view.Record.Lineage, p.Redis.ReplID)
		})
	}},
}

// checkRivals checks that all pods of a world that see the same choose the same leader.
func checkRivals(group []turn, rivals *findings) {
	claims := 0
	for _, u := range group {
		if u.decision.Action == Claim {
			claims++
		}
		if claims == 2 {
			rivals.add("two pods claim", u)
			return
		}
	}
}

// checkOrder is S6.
func checkOrder(group []turn, wrong *findings) {
	for _, u := range group {
		v := u.view
		v.Peers, v.Sentinels = slices.Clone(v.Peers), slices.Clone(v.Sentinels)
		slices.Reverse(v.Peers)
		v.Sentinels = append(v.Sentinels[1:], v.Sentinels[0])
		if d, _ := Next(v, u.memory); !sameDecision(d, u.decision) {
			wrong.add("S6: the order of a list changes the decision", u)
		}
	}
}

func sameDecision(a, b Decision) bool {
	return reflect.DeepEqual(a.Record, b.Record) && slices.Equal(a.Commands, b.Commands) && a.Action == b.Action && a.Reason == b.Reason && a.Target == b.Target && a.Epoch == b.Epoch &&
		a.Successor.UID == b.Successor.UID && a.Ready == b.Ready && a.Tuning == b.Tuning && a.Recheck == b.Recheck
}

// leaderOf is whom a view names to an agent that remembers nothing.
func leaderOf(v *model.View) leader {
	s := situation{View: *v}
	return s.leaderNow()
}
