// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// majority reports whether most Sentinels of the whole set, silent ones included, answered and satisfy a condition.
func (s *situation) majority(holds func(*model.Sentinel) bool) bool {
	n := 0
	for i := range s.Sentinels {
		if s.Sentinels[i].Answered && holds(&s.Sentinels[i]) {
			n++
		}
	}
	return n > len(s.Sentinels)/2
}

// majorityNamesSelf reports whether most Sentinels of the set send clients to my Redis.
func (s *situation) majorityNamesSelf() bool {
	self := s.Self.Address
	return s.majority(func(x *model.Sentinel) bool { return x.Monitors && x.Address == self })
}

// leaderGone reports whether the named master is gone by the answer of others. My own failure to reach it is never proof.
func (s *situation) leaderGone() bool {
	if s.leaderAbsent() {
		return true
	}
	watches := func(x *model.Sentinel) bool { return x.Monitors && x.Address == s.leader.address }
	if s.majority(func(x *model.Sentinel) bool { return watches(x) && x.MasterDown }) {
		return true
	}
	if s.majority(watches) || s.leaderPod == nil || s.leaderPod.Ready || !s.API {
		return false
	}
	for i := range s.size() {
		p := s.pod(i)
		if p.UID != s.leaderPod.UID && (p.Redis.Answer != model.Up || p.Redis.Role != model.Replica || s.hearsMaster(&p.Redis)) {
			return false
		}
	}
	return true
}

// hearsMaster reports whether a replica's link is up and something came over it within down-after. A link to a machine that has lost
// power counts as up for a minute.
func (s *situation) hearsMaster(r *model.Redis) bool {
	return r.LinkUp && r.LinkIdle < s.Config.DownAfter
}

// nobodyHearsLeader reports whether no pod that answers hears anything of the named master, and nothing answers where it was that
// is master with the group's history, or does not say.
func (s *situation) nobodyHearsLeader() bool {
	if s.Ghost.TurnsAway() || s.Ghost.Answer == model.Up && s.Ghost.Role == model.Master && s.inLineage(&s.Ghost) {
		return false
	}
	for i := range s.size() {
		if r := &s.pod(i).Redis; r.Answer == model.Up && r.Role == model.Replica && r.Following == s.leader.address && s.hearsMaster(r) {
			return false
		}
	}
	return true
}

// leaderAbsent reports whether the named pod does not exist, by a list of the API.
func (s *situation) leaderAbsent() bool {
	return s.API && s.PodsListed && s.leaderPod == nil && !s.selfLeads
}

// electable reports whether Sentinel could still promote a replica: one that answers, whose priority allows it, and that a Sentinel lists.
func (s *situation) electable() bool {
	if s.noneListed() {
		return false
	}
	for i := range s.size() {
		if r := &s.pod(i).Redis; r.Answer == model.Up && r.Role == model.Replica && r.Priority > 0 {
			return true
		}
	}
	return false
}

// noneListed reports whether no Sentinel lists a replica of the named master, and all of them say so.
func (s *situation) noneListed() bool {
	return s.allSentinelsAnswered && !slices.ContainsFunc(s.Sentinels, func(x model.Sentinel) bool { return !s.listsNobody(&x) })
}

// listsNobody reports whether a Sentinel can promote nobody. It has its replicas from the master alone: one that was given the group while
// its master was silent is elected like any other, finds nobody, and no other tries again for two failover-timeouts.
func (s *situation) listsNobody(x *model.Sentinel) bool {
	return x.Monitors && x.Address == s.leader.address && x.Replicas == 0
}

// sentinelsApart is how much later than down-after the last Sentinel of a set considers a master down.
const sentinelsApart = 2 * time.Second

// sentinelsWillNotAct reports whether most Sentinels will never fail over, or will find nobody: the named pod is gone, and they still see a
// live server at its address, because another pod has got it, or have removed the group because of that; or they list no replica.
func (s *situation) sentinelsWillNotAct() bool {
	if s.majority(s.listsNobody) && s.allSentinelsAnswered && !s.failoverRunning {
		return true
	}
	return s.leaderAbsent() && s.majority(func(x *model.Sentinel) bool {
		return !x.Monitors || x.Address == s.leader.address && !x.MasterDown
	})
}

// followsUnknownAddress reports whether, according to the API, no pod of the group has the address that my Redis follows. The
// next pod that gets that address is a foreign server, and my Redis would take its data for its master's. That holds during a
// failover too: what a Sentinel points my Redis at may be an address that it knows from before.
func (s *situation) followsUnknownAddress() bool {
	following := s.Self.Redis.Following
	return s.API && s.PodsListed && s.followsUnlisted(following)
}

// followsUnlisted reports whether none of the pods that the view shows has an address that my Redis follows.
func (s *situation) followsUnlisted(following model.Address) bool {
	if following == model.FenceAddress || following == s.Self.Address {
		return false
	}
	_, known := s.peerAt(following)
	return !known
}

// followedIsReplica reports whether the server that my Redis follows is a replica itself, every pod answered, and none is
// master. No failover looks like that, because Sentinel promotes first; a link that is up proves nothing then.
func (s *situation) followedIsReplica() bool {
	followed, known := s.peerAt(s.Self.Redis.Following)
	return known && followed.Redis.Role == model.Replica && s.allHeard() && !s.peerIsMaster && s.allSentinelsAnswered && !s.failoverRunning
}

// everyoneFollowsSelf reports whether every other pod answers and follows my Redis; it does for a group of one.
func (s *situation) everyoneFollowsSelf() bool {
	return !slices.ContainsFunc(s.Peers, func(p model.Pod) bool {
		r := p.Redis
		return r.Answer != model.Up || r.Role != model.Replica || r.Following != s.Self.Address
	})
}

// inSyncWithSelf reports whether a peer follows my Redis and its link is up.
func (s *situation) inSyncWithSelf(p *model.Pod) bool {
	r := &p.Redis
	return r.Role == model.Replica && r.Following == s.Self.Address && r.LinkUp
}

// WantsLiveRecord reports whether a decision depends on the record as it is now: nothing else confirms that I am master, or the
// named master does not answer as one.
func WantsLiveRecord(v model.View) bool {
	s := situation{View: v}
	s.findFacts()
	if s.selfLeads {
		return s.Self.Redis.Role != model.Master || !s.majorityNamesSelf()
	}
	return s.leader.exists() && s.master == nil || s.Self.Redis.Role == model.Master
}

// WantsPodList reports whether a decision depends on what the API says of pods at this moment: whether the named master exists, or its Redis
// runs; whether whom my Redis follows exists; and whether another pod has no Redis, where a master has no other word that it leads.
func WantsPodList(v model.View) bool {
	s := situation{View: v}
	s.findFacts()
	r := &s.Self.Redis
	gone := s.leaderPod == nil || isDown(s.leaderPod)
	doubts := r.Role == model.Master && !s.seen && slices.ContainsFunc(s.Peers, func(p model.Pod) bool { return isDown(&p) })
	return s.leader.exists() && !s.selfLeads && gone || doubts || s.podsKnown() && s.UIDByName == "" || r.Answer == model.Up && r.Role == model.Replica && s.followsUnlisted(r.Following)
}
