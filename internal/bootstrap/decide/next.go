// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

const (
	// tick is how long an agent waits for a wake-up before it observes again.
	tick = time.Second
	// soon is the recheck while something is about to change.
	soon = 100 * time.Millisecond
	// atOnce follows an action, whose effect only the next observation shows.
	atOnce = time.Millisecond
)

// Next decides for the agent of a Redis pod. It is total: every view gives an action or a named wait.
func Next(v model.View, m Memory) (Decision, Memory) {
	s := situation{View: v, memory: m}
	s.findFacts()
	s.believeKept()
	d := s.decide()
	if !d.Ready {
		d.Ready = s.readyWhileFenced()
	}
	if d.Recheck == 0 {
		d.Recheck = tick
	}
	d = s.guardWrites(s.endPause(d))
	return d, s.memory
}

// endPause ends a pause that may stand at a replica, which refuses writes anyway: it may lead again before the pause is over.
func (s *situation) endPause(d Decision) Decision {
	if r := &s.Self.Redis; s.memory.Paused && r.Answer == model.Up && r.Role == model.Replica {
		s.memory.Paused = false
		d.Commands = append(d.Commands, Command{Do: ResumeWrites})
	}
	return d
}

// decide is the table of docs/protocol.md: the first row that holds decides.
func (s *situation) decide() Decision {
	r := &s.Self.Redis
	switch {
	case s.UIDByName != "" && !s.visible(), s.UIDByName == "" && s.API && s.PodsListed:
		return s.fence(model.Replaced) // it was deleted by force, and others lead, or will
	case r.Answer == model.Silent:
		return s.notRunning()
	case r.TooOld:
		return s.unfit(model.ServerTooOld)
	case r.OtherFile:
		return s.unfit(model.OtherConfiguration)
	case r.Answer == model.Loading && s.holdsRecord && !s.peerIsMaster:
		return s.restarted()
	case r.Answer == model.Loading:
		return Decision{Reason: model.LoadingData, Recheck: soon}
	case !s.Record.Known || s.recordIsStale():
		return s.unchanged(model.RecordUnknown)
	case r.Role == model.Master:
		return s.asMaster()
	}
	d := s.asReplica()
	if d.Action == Wait && s.followsUnknownAddress() {
		d = s.detach()
	}
	if d.Action == Wait { // a Sentinel may point it at a master at any time
		d = s.joinFirst(d)
	}
	return d
}

// recordIsStale reports whether the record is older than one that was seen before: it was read from a source that lags. A smaller
// epoch in a later version is a fact: somebody wrote it, or the API's store was restored.
func (s *situation) recordIsStale() bool {
	return s.Record.Epoch < s.memory.MaxEpoch && !s.Record.LaterThan(s.memory.MaxVersion)
}

// asMaster decides while my Redis accepts writes, rightly or not.
func (s *situation) asMaster() Decision {
	if s.promotedEmpty() {
		return s.fence(model.PromotedEmpty)
	}
	if s.selfLeads {
		// The claim is spent: anything that demotes me from now on has a reason, and a record that I read long ago must not
		// undo it.
		if s.ownClaim() {
			s.memory.LedEpoch, s.memory.LedSince = s.Record.Epoch, s.memory.ClaimedAt
		}
		s.memory.NamedEpoch, s.memory.MasterSince, s.memory.Claimed = s.leader.epoch, time.Time{}, Claimed{}
		return s.retain()
	}
	if s.memory.MasterSince.IsZero() {
		s.memory.MasterSince = s.Now
	}
	if s.master == nil && s.leader.exists() {
		s.trackLeaderSilence(s.leader.epoch)
	}
	// A master that an epoch once named knows that it is superseded. One that nothing has named yet is, most likely, the choice
	// of a Sentinel whose failover is not over: demoting it would set that failover back by many seconds.
	wasNamed := s.memory.NamedEpoch > 0 && s.leader.epoch > s.memory.NamedEpoch
	overdue := s.overdue()
	switch {
	case s.leader.exists() && s.memory.NamedEpoch > s.leader.epoch && (overdue || s.allSentinelsAnswered): // a silent one may say it still
		return s.claim(model.RecordWentBack)
	case wasNamed && s.master == nil && s.leader.podUID != "":
		return s.fence(model.Superseded) // it cannot be reached, and the record is certain
	case s.master != nil && (wasNamed || overdue || !s.failoverRunning && (s.allSentinelsAnswered || s.masterConfirmed())):
		return s.follow(s.master, model.Superseded)
	case s.holderFollowsSelf() && (overdue || s.allSentinelsAnswered && !s.failoverRunning):
		return s.claim(model.HolderFollows)
	case s.claimantHangs() && (overdue || s.allSentinelsAnswered && !s.failoverRunning):
		return s.claim(model.MasterGone)
	case s.failoverRunning:
		return s.stayMaster(model.PromotedBySentinel)
	case !s.leader.exists():
		before := s.memory
		if d := s.formation(); d.Action != Wait || !overdue {
			return d
		}
		s.memory = before
		// The pod that should claim waits for every other master to step down.
		return s.fence(model.NeverNamed)
	case s.chosenInstead():
		return s.claim(model.MasterGone)

	case overdue && s.allSentinelsAnswered:
		return s.fence(model.NeverNamed)
	}
	return s.stayMaster(model.UnnamedMaster)
}

// announced is how long after a promotion by a Sentinel its peers have heard of it at the latest: they say hello every two seconds.
const announced = 2 * time.Second

// masterConfirmed reports whether most Sentinels of the set see the named master alive, though my Redis has been master for so long
// that they would know of it: no silent one has been elected to promote me.
func (s *situation) masterConfirmed() bool {
	named := s.leader.address
	return s.Now.Sub(s.memory.MasterSince) > announced && s.majority(func(x *model.Sentinel) bool { return x.Monitors && x.Address == named && !x.MasterDown })
}

// holderFollowsSelf reports whether the recorded holder has become a replica of my Redis, and no failover of the Sentinels has done
// that: somebody gave FAILOVER to the holder, which Redis carries out without any epoch.
func (s *situation) holderFollowsSelf() bool {
	if s.leaderPod == nil || s.leader.podUID == "" {
		return false
	}
	r := &s.leaderPod.Redis
	return r.Answer == model.Up && r.Role == model.Replica && r.Following == s.Self.Address
}

// overdue reports whether my Redis has been a master that nothing names for longer than a failover takes.
func (s *situation) overdue() bool {
	return !s.memory.MasterSince.IsZero() && s.Now.Sub(s.memory.MasterSince) > s.Config.FailoverTimeout
}

// stayMaster leaves alone a master that may turn out to be the right one soon.
func (s *situation) stayMaster(why model.Reason) Decision {
	return Decision{Reason: why, Ready: true, Tuning: s.masterTuning(), Recheck: soon}
}

// chosenInstead reports whether Sentinels finished a failover to my Redis at an epoch below that of a claim which they never
// heard of, and whose pod is gone: it ended before it led. Clients write here already, and a claim makes that right.
func (s *situation) chosenInstead() bool {
	return s.leaderAbsent() && s.majorityNamesSelf()
}

// claimantHangs reports whether the same is so, but that pod is there, and has not led in its time.
func (s *situation) claimantHangs() bool {
	return s.master == nil && s.leader.podUID != "" && s.silentFor() > promotionTime && s.majorityNamesSelf()
}

// promotedEmpty reports whether a Sentinel, which reads the replicas only every ten seconds, promoted a process that has just
// restarted and holds nothing, while others hold the group's data, or may hold it. They would copy the empty data set: this is
// the one failover that must be broken.
func (s *situation) promotedEmpty() bool {
	r := &s.Self.Redis
	if !s.Record.HasHolder() || s.holdsRecord || s.Record.PodUID == s.Self.UID || s.memory.SyncedRun == r.RunID || r.Keys > 0 || s.inLineage(r) {
		return false
	}
	if !s.allHeard() {
		return true
	}
	for i := range s.Peers {
		p := &s.Peers[i]
		if p.Injected && p.Redis.Answer == model.Up && p.Redis.Keys > 0 && (s.isMember(p) || s.inLineage(&p.Redis)) {
			return true
		}
	}
	return false
}

// asReplica decides while my Redis follows another server, or the fence address.
func (s *situation) asReplica() Decision {
	following := s.Self.Redis.Following
	switch {
	case s.ownClaim():
		return s.keepClaim()
	case s.offeredToSelf():
		return s.claim(model.TransferAccepted)
	case s.master != nil && s.failoverRunning && following != model.FenceAddress && following != s.master.Address:
		return s.unchanged(model.FailoverRunning)
	case s.master != nil:
		return s.follow(s.master, model.Following)
	case !s.leader.exists():
		return s.formation()
	case s.holdsRecord && (following != model.FenceAddress || s.peerIsMaster):
		return s.repointed()
	case s.holdsRecord:
		return s.restarted()
	case s.readopting():
		return s.adoption(s.plainPods())
	}
	return s.recovery()
}

// ownClaim reports whether the record names me at the epoch of my claim, which was made for this very process. Only I write my
// name at that epoch, so the claim was accepted, whether its answer came or not.
func (s *situation) ownClaim() bool {
	return s.holdsRecord && s.memory.Claimed == Claimed{Epoch: s.Record.Epoch, RunID: s.Self.Redis.RunID}
}

// keepClaim promotes my Redis by my claim. What I offered meanwhile, because it hung, is taken back first: who accepted it is before me.
func (s *situation) keepClaim() Decision {
	d := s.promote(model.OwnClaim, s.memory.Claimed.Epoch, s.syncedOnce())
	if s.Record.Offer != nil {
		next := s.Record
		next.Offer = nil
		d.Record = &next
	}
	return d
}

// unfit keeps a server fenced that lacks what a handover needs, or that whoever starts it starts in a way of their own. If the record
// names it, because the image was changed in its pod, it still gives the mastership to a replica in sync: no other agent would take it
// from a running pod.
func (s *situation) unfit(why model.Reason) Decision {
	if s.holdsRecord && s.Self.Redis.Role != model.Master {
		before := s.memory
		if d := s.restarted(); d.Action == OfferTransfer {
			return d
		}
		s.memory = before
	}
	return s.fence(why)
}
