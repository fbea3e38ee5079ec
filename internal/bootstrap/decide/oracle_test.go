// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"fmt"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// The oracle decides a second time, slowly and without any of the decider's helpers: it was written from
// the text of the protocol, docs/protocol.md.
// It knows less. For each view it says which actions the protocol allows; where only one is left, the situation is clear.

// oracle has the view that it judges in words of the protocol.
type oracle struct {
	v model.View
	m Memory
	// epoch, address and uid are what the greatest epoch names; the uid only where the record says it.
	epoch   uint64
	address model.Address
	uid     string
}

// newOracle finds the greatest epoch: at equal epochs the record counts, and nothing is taken from a running failover.
func newOracle(v model.View, m Memory) oracle {
	o := oracle{v: v, m: m}
	if v.Record.Known && v.Record.PodUID != "" {
		o.epoch, o.address, o.uid = v.Record.Epoch, v.Record.Address, v.Record.PodUID
	}
	for _, s := range v.Sentinels {
		if s.Answered && s.Monitors && !s.FailoverInProgress && s.ConfigEpoch > o.epoch {
			o.epoch, o.address, o.uid = s.ConfigEpoch, s.Address, ""
		}
	}
	return o
}

// allowed is the table of situations.
func (o oracle) allowed() []Action {
	switch self := o.v.Self.Redis; {
	case self.Answer == model.Silent:
		return o.gone()
	case self.Answer == model.Loading && o.iAmRecorded() && !o.someMaster():
		return o.restarted()
	case self.Answer == model.Loading:
		return []Action{Wait}
	case self.Role == model.Master && o.names(o.v.Self):
		return []Action{Retain}
	case self.Role == model.Master:
		return o.unnamedMaster()
	case o.iAmRecorded() && o.m.Claimed == Claimed{Epoch: o.v.Record.Epoch, RunID: self.RunID}:
		return []Action{Promote}
	case o.offered():
		return o.onlyIf(o.mayWrite(), Claim)
	case o.master() != nil:
		return o.rejoin(*o.master())
	case o.epoch == 0:
		return o.formation()
	case o.iAmRecorded() && (self.Following != model.FenceAddress || o.someMaster()):
		return []Action{Wait, Fence}
	case o.iAmRecorded():
		return o.restarted()
	}
	return o.masterSilent()
}

// wait changes nothing, or detaches from an address that no pod of the group has.
func (o oracle) wait() []Action {
	following := o.v.Self.Redis.Following
	known := slices.ContainsFunc(o.pods(), func(p model.Pod) bool { return p.Address == following })
	if o.v.API && o.v.Self.Redis.Role == model.Replica && following != model.FenceAddress && !known {
		return []Action{Wait, Fence}
	}
	return []Action{Wait}
}

func (o oracle) onlyIf(condition bool, action Action) []Action {
	if condition {
		return []Action{action}
	}
	return o.wait()
}

// unnamedMaster is the row "Promoted by Sentinel", and its opposite: an old master that is superseded.
func (o oracle) unnamedMaster() []Action {
	named := o.m.NamedEpoch > 0 && o.epoch > o.m.NamedEpoch
	late := o.v.Now.Sub(o.m.MasterSince) > o.v.Config.FailoverTimeout && !o.m.MasterSince.IsZero()
	switch {
	case o.master() != nil && o.foreign(o.v.Self):
		return []Action{Wait, Fence}
	case o.master() != nil && (named || late || !o.failover() && (o.allSentinelsAnswer() || o.mostSeeItAlive())):
		return []Action{Follow}
	case named && o.uid != "" && o.master() == nil:
		return []Action{Fence}
	case o.recordedFollowsMe() && (late || o.allSentinelsAnswer() && !o.failover()):
		return o.onlyIf(o.mayWrite(), Claim)
	case o.master() == nil && o.uid != "" && o.mostSentinelsNameMe() && !o.m.SilentSince.IsZero() && o.v.Now.Sub(o.m.SilentSince) > 3*time.Second &&
		(late || o.allSentinelsAnswer() && !o.failover()):
		return o.onlyIf(o.mayWrite(), Claim)
	case o.failover(), o.master() != nil:
		return []Action{Wait}
	case o.epoch == 0 && late:
		return append(o.formation(), Fence)
	case o.epoch == 0:
		return o.formation()
	case late && o.allSentinelsAnswer():
		return []Action{Fence}
	}
	return []Action{Wait}
}

// recordedFollowsMe reports whether the record's master has become a replica of mine.
func (o oracle) recordedFollowsMe() bool {
	return o.uid != "" && slices.ContainsFunc(o.v.Peers, func(p model.Pod) bool {
		return o.names(p) && o.answers(p) && p.Redis.Role == model.Replica && p.Redis.Following == o.v.Self.Address
	})
}

// mayHaveBeenReplaced is the row "Mastership unconfirmed": whether another may take writes already, or may soon.
func (o oracle) mayHaveBeenReplaced() bool {
	self := o.v.Self
	above := o.m.NamedEpoch > 0 && o.epoch > o.m.NamedEpoch && !o.names(self)
	if above && (o.uid != "" || o.count(func(s model.Sentinel) bool { return s.Monitors && s.Address == o.address }) >= 2) {
		return true
	}
	sentinels := o.count(func(s model.Sentinel) bool { return s.Monitors && s.Address == self.Address && !s.MasterDown }) >= 2
	chosen := o.failover() && o.m.NamedEpoch == 0 && (o.m.MasterSince.IsZero() || o.v.Now.Sub(o.m.MasterSince) <= o.v.Config.FailoverTimeout)
	claimed := o.v.API && o.iAmRecorded() && (o.m.Claimed == Claimed{Epoch: o.v.Record.Epoch, RunID: self.Redis.RunID} && o.v.Now.Sub(o.m.ClaimedAt) < 2*time.Second ||
		o.m.LedEpoch == o.v.Record.Epoch && o.v.Now.Sub(o.m.LedSince) < 2*time.Second)
	if o.someMaster() && !sentinels && !chosen && !claimed {
		return true
	}
	for _, witnesses := range []bool{
		sentinels, chosen, claimed,
		!slices.ContainsFunc(o.v.Peers, func(p model.Pod) bool {
			return !o.answers(p) || p.Redis.Role != model.Replica || p.Redis.Following != self.Address
		}),
		o.v.API && o.iAmRecorded() && !slices.ContainsFunc(o.v.Peers, func(p model.Pod) bool {
			return p.Redis.Role == model.Master || p.Redis.Answer == model.Silent && !(p.Redis.Refused && p.Down)
		}),
		o.m.Confirmed.IsZero(),
	} {
		if witnesses {
			return false
		}
	}
	return o.v.Now.Sub(o.m.Confirmed) > o.v.Config.DownAfter-time.Second
}

// rejoin is the row of that name.
func (o oracle) rejoin(master model.Pod) []Action {
	following := o.v.Self.Redis.Following
	switch {
	case following == master.Address:
		return []Action{Wait}
	case o.failover() && following != model.FenceAddress:
		return o.wait()
	case o.foreign(o.v.Self):
		return []Action{Wait, Fence}
	}
	return []Action{Follow}
}

// formation is the row "First formation".
func (o oracle) formation() []Action {
	if o.someMaster() && o.v.Self.Redis.Role != model.Master || len(o.silent()) > 0 && !o.waitedEnough() || !o.mayWrite() {
		return o.wait()
	}
	var leader *model.Pod
	leaving := false
	for _, p := range o.answered() {
		switch {
		case p.Terminating:
			leaving = leaving || p.Redis.Keys > 0
		case leader == nil || leader.Redis.Keys == 0 && p.Redis.Keys > 0:
			leader = &p
		case leader.Redis.Keys > 0 && p.Redis.Keys > 0 && p.Redis.ReplID != leader.Redis.ReplID:
			return o.wait()
		case p.Redis.Keys > 0 && p.Redis.Offset > leader.Redis.Offset:
			leader = &p
		}
	}
	return o.onlyIf(leader != nil && leader.UID == o.v.Self.UID && (leader.Redis.Keys > 0 || !leaving), Claim)
}

// restarted is the row "My Redis restarted in its pod, I was master".
func (o oracle) restarted() []Action {
	self := o.v.Self
	inSync := slices.ContainsFunc(o.v.Peers, func(p model.Pod) bool { return o.mayBeOffered(p) && !o.behindMe(p) })
	heard := len(o.silent()) == 0 || o.waitedEnough()
	behind := !o.ours(self.Redis) || slices.ContainsFunc(o.v.Peers, func(p model.Pod) bool {
		return o.mayBeOffered(p) && p.Redis.Offset > self.Redis.Offset
	})
	others := slices.ContainsFunc(o.v.Peers, o.hasData)
	switch {
	case !o.v.API && self.Redis.Answer == model.Up && o.hasData(self) && o.mostSentinelsNameMe() && !inSync && heard:
		return []Action{Promote}
	case !o.v.API:
		return []Action{Wait}
	case inSync && self.Redis.Answer == model.Up && !behind:
		return []Action{OfferTransfer, Claim}
	case inSync:
		return []Action{OfferTransfer}
	case self.Redis.Answer != model.Up, !heard:
		return []Action{Wait}
	case o.hasData(self) && !o.member(self):
		return []Action{Wait, OfferTransfer, Claim} // one pod with two claims in its life: the protocol does not know it
	case o.hasData(self):
		return o.onlyIf(o.mayWrite(), Claim)
	case others:
		return []Action{OfferTransfer, Wait}
	}
	return o.onlyIf(len(o.silent()) == 0 && o.mayWrite(), Claim)
}

// behindMe reports whether a pod has less of my history than I: an offer to it would lose the rest.
func (o oracle) behindMe(p model.Pod) bool {
	return o.answers(o.v.Self) && p.Redis.ReplID == o.v.Self.Redis.ReplID && p.Redis.Offset < o.v.Self.Redis.Offset
}

// gone is the row "My Redis process is gone, I was master, I live": connections are refused, after an answer.
func (o oracle) gone() []Action {
	crashed := o.v.Self.Redis.Refused && o.m.AnsweredRun != ""
	if crashed && o.iAmRecorded() && o.v.API && !o.failover() && !o.someMaster() && slices.ContainsFunc(o.v.Peers, o.mayBeOffered) {
		return []Action{OfferTransfer}
	}
	return []Action{Wait}
}

// mayBeOffered reports whether a pod is a replica in sync that answers, has the group's history, and has not let an offer pass.
func (o oracle) mayBeOffered(p model.Pod) bool {
	return o.answers(p) && !p.Terminating && p.Redis.Role == model.Replica && o.member(p) && o.v.Record.Members[p.Ordinal].InSync &&
		o.ours(p.Redis) && !slices.Contains(o.m.Declined, p.Redis.RunID)
}

// masterSilent is that row and the row "Everything restarted".
func (o oracle) masterSilent() []Action {
	recorded := o.v.Record.PodUID != ""
	lives := recorded && slices.ContainsFunc(o.v.Peers, func(p model.Pod) bool {
		return o.names(p) && p.Redis.Answer != model.Silent && (p.Redis.Answer == model.Loading || !o.v.API || !o.waited(o.v.Config.FailoverTimeout))
	})
	overdue := o.v.Now.Sub(o.m.SilentSince) > o.v.Config.DownAfter+o.v.Config.FailoverTimeout && !o.m.SilentSince.IsZero()
	electable := slices.ContainsFunc(o.pods(), func(p model.Pod) bool {
		return o.answers(p) && p.Redis.Role == model.Replica && p.Redis.Priority > 0
	})
	soonest := overdue || !electable || o.count(o.findsNobody) == len(o.v.Sentinels) || recorded && o.nothingIsLeftOfIt()
	if lives || !o.mayWrite() || o.someMaster() || !o.provenGone() && !o.nothingIsLeftOfIt() || !soonest && !o.willNotAct() ||
		o.mayBeMore() && !o.waitedEnough() {
		return o.wait()
	}
	if !recorded {
		return o.formation()
	}
	if !o.mayLead(o.v.Self) {
		return o.wait()
	}
	alone := !slices.ContainsFunc(o.v.Peers, o.mayLead)
	if alone && soonest && !o.failover() && o.member(o.v.Self) {
		return []Action{Claim}
	}
	return append(o.wait(), Claim)
}

// nothingIsLeftOfIt reports whether the named pod does not exist, or is down and left to its replicas; and nobody hears its process, and no
// Sentinel is at it.
func (o oracle) nothingIsLeftOfIt() bool {
	exists := slices.ContainsFunc(o.pods(), func(p model.Pod) bool { return o.names(p) && !(p.Down && p.Redis.Refused && o.leftToReplicas()) })
	heard := slices.ContainsFunc(o.pods(), func(p model.Pod) bool {
		return o.answers(p) && p.Redis.Role == model.Replica && p.Redis.LinkUp && p.Redis.Following == o.address
	})
	return !exists && !heard && o.v.API && o.allSentinelsAnswer() && !o.failover()
}

// leftToReplicas reports whether I heard the recorded master until it went down, no Sentinel misses it, no other member in sync is unheard, and
// the record has no offer that its target may accept.
func (o oracle) leftToReplicas() bool {
	offer, heard := o.v.Record.Offer, o.m.Heard
	return o.uid != "" && heard.Epoch == o.epoch && !heard.Down && o.v.Now.Sub(heard.At) < o.v.Config.DownAfter-time.Second &&
		o.count(func(s model.Sentinel) bool { return s.Address == o.address && s.MasterDown }) == 0 &&
		!slices.ContainsFunc(o.silent(), func(p model.Pod) bool { return !o.names(p) && o.v.Record.Members[p.Ordinal].InSync }) &&
		(offer == nil || !slices.ContainsFunc(o.pods(), func(p model.Pod) bool {
			return o.answers(p) && p.UID == offer.PodUID && p.Redis.RunID == offer.RunID && p.Redis.ReplID == offer.ReplID && p.Redis.Offset >= offer.Offset
		}))
}

// mayBeMore reports whether a silent candidate may have more than those that answered. Beside a member in sync that never went away, a
// disk has not: neither that of a process that loads, nor that of the named pod.
func (o oracle) mayBeMore() bool {
	stayed := slices.ContainsFunc(o.answered(), func(p model.Pod) bool {
		return p.Injected && !p.Terminating && o.member(p) && o.v.Record.Members[p.Ordinal].InSync && o.ours(p.Redis) &&
			p.Redis.Role == model.Replica && p.Redis.Priority > 0
	})
	return slices.ContainsFunc(o.silent(), func(p model.Pod) bool {
		return !stayed || p.Redis.Answer != model.Loading && !o.names(p) && (p.Name != o.v.Record.Holder || p.UID == o.v.Record.PodUID)
	})
}

// mayLead rules out what "best" forbids: an empty node beside one with data, one with foreign data, one that is terminating,
// and one that is behind another under the same id. The recorded holder's own data comes before all others.
func (o oracle) mayLead(p model.Pod) bool {
	if !o.answers(p) || p.Terminating || o.foreign(p) || o.givenUp(p) && slices.ContainsFunc(o.answered(), o.othersData) {
		return false
	}
	if !o.hasData(p) {
		nothing := !slices.ContainsFunc(o.answered(), o.hasData) && len(o.silent()) == 0
		holder := slices.ContainsFunc(o.pods(), func(q model.Pod) bool { return o.answers(q) && !q.Terminating && q.Name == o.v.Record.Holder })
		return nothing && (p.Name == o.v.Record.Holder || !holder)
	}
	return p.Name == o.v.Record.Holder || !slices.ContainsFunc(o.answered(), func(q model.Pod) bool {
		return !q.Terminating && !o.givenUp(q) && o.member(q) == o.member(p) && q.Redis.ReplID == p.Redis.ReplID && q.Redis.Offset > p.Redis.Offset
	})
}

// givenUp reports whether a pod is another one that is named, answers, and did not lead in its time: its agent is gone.
func (o oracle) givenUp(p model.Pod) bool { return p.UID != o.v.Self.UID && o.names(p) }

// othersData reports whether a pod that was not named may lead in place of the named one.
func (o oracle) othersData(p model.Pod) bool {
	return !o.names(p) && !p.Terminating && !o.foreign(p) && o.hasData(p)
}

// The words of section 3.

func (o oracle) pods() []model.Pod {
	all := append([]model.Pod{o.v.Self}, o.v.Peers...)
	slices.SortFunc(all, func(a, b model.Pod) int { return a.Ordinal - b.Ordinal })
	return all
}

func (o oracle) answers(p model.Pod) bool { return p.Redis.Answer == model.Up }

func (o oracle) answered() []model.Pod {
	return slices.DeleteFunc(o.pods(), func(p model.Pod) bool { return !o.answers(p) })
}

// silent are the candidates that have not answered. In the sweep each of them has a pod.
func (o oracle) silent() []model.Pod { return slices.DeleteFunc(o.pods(), o.answers) }

// waitedEnough reports whether recovery-timeout is over: the memories of the sweep fit their views, so that the clock has not
// started over.
func (o oracle) waitedEnough() bool { return o.waited(0) }

// waited reports whether recovery-timeout and some more are over, and no pod whose data counts is loading.
func (o oracle) waited(more time.Duration) bool {
	loads := slices.ContainsFunc(o.pods(), func(p model.Pod) bool {
		return p.Redis.Answer == model.Loading && (p.Name == o.v.Record.Holder || o.v.Record.PodUID == "")
	})
	return !loads && !o.m.WaitingSince.IsZero() && o.v.Now.Sub(o.m.WaitingSince) > o.v.Config.RecoveryTimeout+more
}

func (o oracle) mayWrite() bool { return o.v.API && !o.v.Self.Terminating && !o.v.SetGone }

// mayJoin reports whether a pod is new to the group and holds nothing foreign: then it adds its claim to the members before all
// else.
func (o oracle) mayJoin() bool {
	return o.v.API && o.v.Record.HasHolder() && o.answers(o.v.Self) && !o.member(o.v.Self) && !o.foreign(o.v.Self)
}

func (o oracle) names(p model.Pod) bool {
	return o.epoch > 0 && p.Address == o.address && (o.uid == "" || o.uid == p.UID)
}

func (o oracle) iAmRecorded() bool { return o.uid != "" && o.names(o.v.Self) }

// master is the verified master: a running pod that the greatest epoch names and that answers role:master.
func (o oracle) master() *model.Pod {
	i := slices.IndexFunc(o.v.Peers, func(p model.Pod) bool { return o.names(p) && o.answers(p) && p.Redis.Role == model.Master })
	if i < 0 {
		return nil
	}
	return &o.v.Peers[i]
}

func (o oracle) someMaster() bool {
	return slices.ContainsFunc(o.v.Peers, func(p model.Pod) bool { return o.answers(p) && p.Redis.Role == model.Master })
}

// offered reports whether the holder that the greatest epoch names offers the mastership to this process, which has the data
// for it.
func (o oracle) offered() bool {
	offer, r := o.v.Record.Offer, o.v.Self.Redis
	return offer != nil && o.epoch == o.v.Record.Epoch && offer.PodUID == o.v.Self.UID && !o.iAmRecorded() &&
		offer.RunID == r.RunID && offer.ReplID == r.ReplID && r.Offset >= offer.Offset
}

func (o oracle) failover() bool {
	return slices.ContainsFunc(o.v.Sentinels, func(s model.Sentinel) bool { return s.FailoverInProgress })
}

func (o oracle) allSentinelsAnswer() bool {
	return o.count(func(s model.Sentinel) bool { return s.Answered }) == 3
}

func (o oracle) mostSeeItAlive() bool {
	known := !o.m.MasterSince.IsZero() && o.v.Now.Sub(o.m.MasterSince) > 2*time.Second
	return known && o.count(func(s model.Sentinel) bool { return s.Monitors && s.Address == o.address && !s.MasterDown }) >= 2
}

func (o oracle) mostSentinelsNameMe() bool {
	return o.count(func(s model.Sentinel) bool { return s.Monitors && s.Address == o.v.Self.Address }) >= 2
}

// count is the number of the three Sentinels that satisfy a condition.
func (o oracle) count(holds func(model.Sentinel) bool) (n int) {
	for _, s := range o.v.Sentinels {
		if holds(s) {
			n++
		}
	}
	return n
}

// provenGone reports whether the pod is gone from the API; or most Sentinels say so of it; or, where most are silent or watch another,
// it is not Ready and every other link is down. No pod of the sweep is Ready.
func (o oracle) provenGone() bool {
	holder := slices.IndexFunc(o.v.Peers, o.names)
	switch {
	case holder < 0 && o.v.API && !o.names(o.v.Self), o.count(func(s model.Sentinel) bool { return s.Address == o.address && s.MasterDown }) >= 2:
		return true
	case holder < 0 || o.count(func(s model.Sentinel) bool { return s.Monitors && s.Address == o.address }) >= 2:
		return false
	}
	return !slices.ContainsFunc(o.pods(), func(p model.Pod) bool {
		return p.UID != o.v.Peers[holder].UID && (!o.answers(p) || p.Redis.Role != model.Replica || p.Redis.LinkUp)
	})
}

// willNotAct reports whether most Sentinels list no replica and none is at it; or the pod is gone and most will never fail over, because
// they see a server at its address or have removed the group. They have had down-after to see it.
func (o oracle) willNotAct() bool {
	gone := o.v.API && !slices.ContainsFunc(o.v.Peers, o.names)
	quiet := o.count(func(s model.Sentinel) bool {
		return s.Answered && (!s.Monitors || s.Address == o.address && !s.MasterDown)
	}) >= 2
	return (gone && quiet || o.count(o.findsNobody) >= 2 && o.count(func(s model.Sentinel) bool { return s.Answered }) == 3 && !o.failover()) && !o.m.SilentSince.IsZero() && o.v.Now.Sub(o.m.SilentSince) > o.v.Config.DownAfter+2*time.Second
}

// findsNobody reports whether a Sentinel watches the named master and lists no replica.
func (o oracle) findsNobody(s model.Sentinel) bool {
	return s.Monitors && s.Address == o.address && s.Replicas == 0
}

func (o oracle) member(p model.Pod) bool {
	m, ok := o.v.Record.Members[p.Ordinal]
	return ok && m.VolumeClaim == p.VolumeClaim
}

func (o oracle) ours(r model.Redis) bool { return slices.Contains(o.v.Record.Lineage, r.ReplID) }

// hasData is the opposite of empty: keys, or a link, or the group's history in a claim that the group knows.
func (o oracle) hasData(p model.Pod) bool {
	r := p.Redis
	return o.answers(p) && (r.Keys > 0 || r.LinkUp || (o.ours(r) || r.Offset > 0) && o.member(p))
}

// foreign reports whether a pod has keys in a claim of no member, under an id outside the lineage, and this run never had a
// link.
func (o oracle) foreign(p model.Pod) bool {
	synced := p.UID == o.v.Self.UID && (p.Redis.LinkUp || o.m.SyncedRun == p.Redis.RunID)
	return o.answers(p) && p.Redis.Keys > 0 && !o.member(p) && !o.ours(p.Redis) && !synced
}

// differences are where the decider and docs/protocol.md differ. One that no view needs any more has to go.
var differences = []excuse{
	{"a pod that was promoted by a failover that is over claims at once, where a claim that Sentinels never heard of stands above it and its pod is gone", func(u turn) bool {
		return u.view.Self.Redis.Role == model.Master && u.decision.Action == Claim && u.decision.Reason == model.MasterGone
	}},
	{"what a pod holds that ends, and whose data is worth more than all that may lead, is waited for like a candidate that does not answer", func(u turn) bool {
		ends := func(p model.Pod) bool {
			return p.Terminating && p.Redis.Answer == model.Up && p.VolumeClaim != p.UID && (p.Redis.Keys > 0 || p.Redis.Offset > 0)
		}
		return (u.decision.Action == Wait || u.decision.Action == Fence) && slices.ContainsFunc(u.view.Peers, ends)
	}},
}

func checkOracle(group []turn, wrong *findings) {
	for _, u := range group {
		if torn(u.view) {
			continue
		}
		o := newOracle(u.view, u.memory)
		allowed := o.allowed()
		if o.mayJoin() && (slices.Contains(allowed, Wait) || slices.Contains(allowed, Follow)) {
			allowed = append(allowed, Join)
		}
		if r := u.view.Self.Redis; r.Answer != model.Silent && r.Role == model.Master && !u.decision.endsMastership() {
			if replaced := o.mayHaveBeenReplaced(); replaced != (u.decision.Tuning.MinReplicas == model.NoWrites) || replaced && u.decision.Ready {
				wrong.add(fmt.Sprintf("by the protocol it may have been replaced: %v; its writes need %d replicas, ready %v", replaced, u.decision.Tuning.MinReplicas, u.decision.Ready), u)
			}
		}
		if !slices.Contains(allowed, u.decision.Action) {
			wrong.add("the protocol allows"+namesOf(allowed)+", decided "+u.decision.Action.String()+"/"+string(u.decision.Reason), u)
		}
	}
}

func namesOf(actions []Action) string {
	var names string
	for _, a := range actions {
		names += " " + a.String()
	}
	return names
}
