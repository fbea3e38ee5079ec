// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// What a row of the table can end in, besides a wait that says no more than its reason.

// unchanged leaves role and direction of my Redis as they are: the reason says what is waited for.
func (s *situation) unchanged(why model.Reason) Decision {
	d := Decision{Reason: why, Tuning: fencedTuning(), Recheck: 250 * time.Millisecond}
	switch {
	case s.Self.Redis.Role == model.Master:
		d.Tuning, d.Ready = s.masterTuning(), true
	case s.syncedOnce():
		d.Tuning, d.Ready = s.syncedTuning(), true
	}
	return d
}

// withoutAPI is why the API cannot be asked or told anything.
func (s *situation) withoutAPI() model.Reason {
	if s.TokenRefused {
		return model.TokenRefused
	}
	return model.APIAway
}

// fence makes sure that my Redis serves no clients. It is a wait when that is already so.
func (s *situation) fence(why model.Reason) Decision {
	r := &s.Self.Redis
	d := Decision{Reason: why, Tuning: fencedTuning()}
	if r.Answer == model.Up && (r.Role != model.Replica || r.Following != model.FenceAddress) {
		d.Action, d.Commands = Fence, s.replicateFrom(model.FenceAddress)
	}
	return d
}

// detach points my Redis at the fence address and leaves everything else: it keeps its data and its place in the history, and
// Sentinel may elect it as before.
func (s *situation) detach() Decision {
	d := s.unchanged(model.MasterAddressGone)
	d.Action, d.Recheck = Fence, atOnce
	d.Commands = []Command{{Do: ReplicateFrom, Master: model.FenceAddress, OnlyFrom: s.Self.Redis.Following}}
	return d
}

// replicateFrom points my Redis at a master; if it was master itself, its clients are disconnected, so that they ask Sentinel.
func (s *situation) replicateFrom(master model.Address) []Command {
	commands := []Command{{Do: ReplicateFrom, Master: master}}
	if s.Self.Redis.Role == model.Master {
		commands = append(commands, Command{Do: DisconnectClients})
	}
	if s.memory.Paused {
		s.memory.Paused = false
		commands = append(commands, Command{Do: ResumeWrites})
	}
	return commands
}

// promote makes my Redis master by a claim that the record has.
func (s *situation) promote(why model.Reason, epoch uint64, ready bool) Decision {
	return Decision{
		Action: Promote, Reason: why, Epoch: epoch, Ready: ready, Tuning: s.masterTuning(), Recheck: atOnce,
		Commands: []Command{{Do: BecomeMaster, Run: s.Self.Redis.RunID}},
	}
}

// claim writes me into the record. A pod that is terminating, or that cannot read the API, does not. The claim is remembered
// before it is made: its answer may be lost, and then a record that names me at this epoch is the answer.
func (s *situation) claim(why model.Reason) Decision {
	switch {
	case s.Self.Terminating, s.API && !s.visible():
		return s.unchanged(model.Leaving)
	case !s.API:
		return s.unchanged(s.withoutAPI())
	case s.SetGone:
		return s.unchanged(model.SetDeleted)
	case !s.recordBelieved():
		// A claim would lie below the record's epoch, and everybody who believes that one would wait for ever.
		return s.unchanged(model.EpochUnbelievable)
	}
	known := s
	if why == model.DataGone || why == model.Chosen {
		// A new history begins. Data of the old one that comes back later must not be overwritten as if it belonged to this.
		forgetful := *s
		forgetful.Record.Members, forgetful.Record.Lineage = nil, nil
		known = &forgetful
	}
	s.memory.Claimed, s.memory.ClaimedAt = Claimed{Epoch: s.claimEpoch(), RunID: s.Self.Redis.RunID}, s.Now
	return Decision{
		Action: Claim, Reason: why, Epoch: s.memory.Claimed.Epoch, Recheck: atOnce, Tuning: fencedTuning(), Ready: s.syncedOnce(),
		Record: &model.Record{
			Version: s.Record.Version, Holder: s.Self.Name, PodUID: s.Self.UID, Address: s.Self.Address, Epoch: s.memory.Claimed.Epoch,
			Lineage: known.lineageWith(s.Self.Redis.ReplID), Members: known.membersAtClaim(),
		},
	}
}

// claimEpoch lies above everything that this view heard.
func (s *situation) claimEpoch() uint64 {
	heard := make([]uint64, 0, len(s.Sentinels)+1)
	heard = append(heard, s.HelloEpoch)
	for i := range s.Sentinels {
		heard = append(heard, s.Sentinels[i].ConfigEpoch)
	}
	known := s.memory.MaxEpoch // a clock that was put back must not take it below what was believed before
	if s.recordBelieved() {
		known = max(known, s.Record.Epoch)
	}
	return max(model.NextEpoch(s.Now, known, heard...), model.EpochAbove(known))
}

// follow points my Redis at a master, unless that would destroy data that its owner did not give up.
func (s *situation) follow(master *model.Pod, why model.Reason) Decision {
	if d, follows := s.follows(master); follows {
		return d
	}
	if s.foreign(&s.Self) && s.Config.ReplaceData != s.Self.Name {
		return s.fence(model.ForeignData)
	}
	return s.joinFirst(s.pointAt(master, why))
}

// follows is what is left to do where my Redis follows a master already: nothing. It reports whether that is so.
func (s *situation) follows(master *model.Pod) (Decision, bool) {
	r := &s.Self.Redis
	switch {
	case r.Role != model.Replica || r.Following != master.Address:
		return Decision{}, false
	case s.syncedOnce():
		d := Decision{Reason: model.Synced, Target: master.Address, Ready: true, Tuning: s.syncedTuning()}
		if s.linkStalls(master) {
			d.Commands = []Command{{Do: Reconnect}}
		}
		return d, true
	}
	return Decision{Reason: model.Following, Target: master.Address, Tuning: fencedTuning(), Recheck: soon}, true
}

// stallsAfter is when a link over which nothing comes has stalled. Sentinels publish on every server every two seconds, and all of it comes
// over the link.
const stallsAfter = 3 * time.Second

// linkStalls reports whether the master has more, answers, and nothing of it comes. After a network was broken, the kernel of the sender sends
// again what was lost only after as long again: a group that is whole would be behind its master for so long, and could not be handed over.
func (s *situation) linkStalls(master *model.Pod) bool {
	own, its := &s.Self.Redis, &master.Redis
	return own.LinkUp && own.LinkIdle >= stallsAfter && its.Answer == model.Up && its.ReplID == own.ReplID && its.Offset > own.Offset
}

func (s *situation) pointAt(master *model.Pod, why model.Reason) Decision {
	return Decision{
		Action: Follow, Reason: why, Target: master.Address, Tuning: fencedTuning(), Ready: s.syncedOnce(), Recheck: atOnce,
		Commands: s.replicateFrom(master.Address),
	}
}

// joinFirst lets a volume claim that the record does not know join the members before my Redis does anything else for the
// group: a restart loses the ids of what it will hold, and then nothing else distinguishes the group's data from foreign data.
// Data that its owner gave up stays foreign until it is replaced.
func (s *situation) joinFirst(d Decision) Decision {
	if s.mayJoin() && !s.foreign(&s.Self) {
		return s.join(d)
	}
	return d
}

// mayJoin reports whether my volume claim is new to the group, and can be written down.
func (s *situation) mayJoin() bool {
	return s.API && s.Record.HasHolder() && s.visible() && !s.isMember(&s.Self) && s.Self.Redis.Answer == model.Up
}

// join takes the place of another decision, whose tuning and readiness stay.
func (s *situation) join(d Decision) Decision {
	next := s.Record
	next.Members = s.membersWith(&s.Self)
	d.Action, d.Reason, d.Record, d.Commands, d.Recheck = Join, model.Joining, &next, nil, atOnce
	return d
}

// readyWhileFenced reports whether my pod is to be Ready although fenced, so that the StatefulSet controller creates the pod
// that must speak first, where pods are created in order.
func (s *situation) readyWhileFenced() bool {
	r := &s.Self.Redis
	if !s.OrderedReady || r.Answer != model.Up || r.TooOld || r.OtherFile || r.Role != model.Replica || s.mayYetSync() || s.peerIsMaster {
		return false
	}
	for _, o := range s.candidates() {
		if _, exists := s.podOf(o); !exists && o > s.Self.Ordinal {
			return true
		}
	}
	return false
}

// mayYetSync reports whether my Redis follows a server from which its data may come: one that is in sync itself, or did not
// answer just now. One that answers and is not a master gives it nothing.
func (s *situation) mayYetSync() bool {
	r := &s.Self.Redis
	followed, known := s.peerAt(r.Following)
	return r.Following != model.FenceAddress && (r.LinkUp || !known || followed.Redis.Answer == model.Silent)
}
