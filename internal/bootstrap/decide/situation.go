// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// situation is one view with the facts that the table asks for, each found once, and the memory brought up to date. Its methods
// that return an answer change nothing; those that change the memory return nothing but the decision that goes with it.
type situation struct {
	model.View
	memory Memory
	// assumesWord reports whether a sealed offer counts as if its word had been given.
	assumesWord bool
	// leader is what the greatest epoch says.
	leader leader
	// leaderPod is the existing peer that is named, and master the same pod if it answers role:master; nil where there is none.
	leaderPod *model.Pod
	master    *model.Pod
	// selfLeads reports whether the greatest epoch names me, and holdsRecord whether it is the record's, or agrees with it.
	selfLeads   bool
	holdsRecord bool
	// peerIsMaster reports whether a peer with an agent answers role:master, named or not.
	peerIsMaster bool
	// failoverRunning reports whether a Sentinel that answered shows a failover of this group.
	failoverRunning bool
	// confirmed reports whether something in this view says that nobody has taken my place.
	confirmed bool
	// elected reports whether one of them is about to promote a replica, or has promoted another than me.
	elected bool
	// seen reports whether most Sentinels see my Redis alive as their master, or have just made it that.
	seen bool
	// allSentinelsAnswered reports whether no Sentinel is silent; an empty set is silent.
	allSentinelsAnswered bool
}

// findFacts looks at the view once, and brings the memory up to date. It is not a constructor, so that a situation stays where
// it is declared: a turn at rest allocates nothing.
func (s *situation) findFacts() {
	s.leader, s.allSentinelsAnswered = s.leaderNow(), len(s.Sentinels) > 0
	s.selfLeads = s.leader.isSelf(&s.Self)
	s.holdsRecord = s.Record.HasHolder() && s.leader.epoch == s.Record.Epoch && s.selfLeads
	for i := range s.Peers {
		p := &s.Peers[i]
		if s.leaderPod == nil && s.leader.is(p) {
			s.leaderPod = p
			if isMaster(p) {
				s.master = p
			}
		}
		s.peerIsMaster = s.peerIsMaster || p.Injected && isMaster(p)
	}
	for i := range s.Sentinels {
		x := &s.Sentinels[i]
		s.failoverRunning = s.failoverRunning || x.Answered && x.FailoverInProgress
		s.elected = s.elected || x.Answered && x.Elected && !s.promotedMe(x)
		s.allSentinelsAnswered = s.allSentinelsAnswered && x.Answered
	}
	_, s.seen = s.seenBySentinels()
	s.memory.forgetTheFuture(s.Now) // before anything is judged by when it was
	s.confirm()                     // before it is remembered that my Redis has answered
	s.remember()
}

// leader is what the greatest epoch names.
type leader struct {
	epoch   uint64
	address model.Address
	// podUID is known only where the record is the source.
	podUID string
}

// leaderNow finds the greatest believable epoch. At equal epochs the record wins, whatever a Sentinel says; a Sentinel in the
// middle of a failover is not asked.
func (s *situation) leaderNow() leader {
	var l leader
	if s.Record.HasHolder() && s.recordBelieved() {
		l = leader{s.Record.Epoch, s.Record.Address, s.Record.PodUID}
	}
	for i := range s.Sentinels {
		said := &s.Sentinels[i]
		if said.Answered && said.Monitors && !said.FailoverInProgress && s.believes(said.ConfigEpoch) && l.outrankedBy(said) {
			l = leader{epoch: said.ConfigEpoch, address: said.Address}
		}
	}
	return l
}

// recordBelieved reports whether the record's epoch can be honest. One that this agent believed once stays so when its clock is
// put back.
func (s *situation) recordBelieved() bool {
	r := &s.Record
	return model.Recordable(r.Epoch, s.Now) || r.UID == s.memory.RecordUID && r.Epoch <= s.memory.MaxEpoch
}

// believes reports whether a Sentinel can honestly say an epoch: what the record says too, it has been told.
func (s *situation) believes(epoch uint64) bool {
	return model.Believable(epoch, s.Now) || epoch <= s.memory.MaxEpoch || s.recordBelieved() && epoch <= s.Record.Epoch
}

// outrankedBy reports whether a Sentinel names another master at a greater epoch. Where two Sentinels differ at one epoch, any
// fixed order between their addresses will do, as long as every agent uses the same.
func (l leader) outrankedBy(s *model.Sentinel) bool {
	return s.ConfigEpoch > l.epoch || s.ConfigEpoch == l.epoch && l.podUID == "" && s.Address.String() < l.address.String()
}

// exists reports whether anything names a master.
func (l leader) exists() bool { return l.epoch > 0 && l.address != model.Address{} }

// isSelf reports whether my pod is named: with its address and, where the record is the source, with its uid. A name is not an
// identity.
func (l leader) isSelf(self *model.Pod) bool {
	return l.exists() && l.address == self.Address && (l.podUID == "" || l.podUID == self.UID)
}

// is reports whether an existing peer is named.
func (l leader) is(p *model.Pod) bool {
	return p.UID != "" && p.Address == l.address && (l.podUID == "" || l.podUID == p.UID)
}

// isMaster reports whether a pod's Redis answers role:master.
func isMaster(p *model.Pod) bool {
	return p.Redis.Answer == model.Up && p.Redis.Role == model.Master
}

// size is the number of pods, mine included; pod gives one of them, mine first.
func (s *situation) size() int { return len(s.Peers) + 1 }

func (s *situation) pod(i int) *model.Pod {
	if i == 0 {
		return &s.Self
	}
	return &s.Peers[i-1]
}

// peerAt finds a peer by its address.
func (s *situation) peerAt(a model.Address) (*model.Pod, bool) {
	i := slices.IndexFunc(s.Peers, func(p model.Pod) bool { return p.Address == a })
	if i < 0 {
		return nil, false
	}
	return &s.Peers[i], true
}

// podOf finds the pod of an ordinal, mine included.
func (s *situation) podOf(ordinal int) (*model.Pod, bool) {
	for i := range s.size() {
		if p := s.pod(i); p.Ordinal == ordinal {
			return p, true
		}
	}
	return nil, false
}

// visible reports whether the API shows my own pod. One that was deleted by force goes on running for a while; its volume claim
// is no longer known, and what it wrote into the record would make its successor's data foreign.
func (s *situation) visible() bool { return s.UIDByName == s.Self.UID }

// leaving reports whether my pod is about to end.
func (s *situation) leaving() bool { return s.Leaving || s.Self.Terminating }

// syncedOnce reports whether the link of this very process was up at some time.
func (s *situation) syncedOnce() bool {
	return s.Self.Redis.RunID != "" && s.memory.SyncedRun == s.Self.Redis.RunID
}

// anySilent reports whether a peer or a Sentinel did not answer in this observation.
func (s *situation) anySilent() bool {
	return !s.allSentinelsAnswered || slices.ContainsFunc(s.Peers, func(p model.Pod) bool { return p.Redis.Answer == model.Silent })
}
