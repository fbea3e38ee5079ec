// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"maps"
	"slices"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// adoption decides while a running StatefulSet that was labelled gets its agents, pod by pod from the highest ordinal. Plain
// pods are masters, each on its own; the one with the data leads, and every pod with an agent follows it.
func (s *situation) adoption(plain []model.Pod) Decision {
	first, why := s.plainLeader(plain)
	if why != "" {
		return s.unchanged(why)
	}
	if plainMasterReplaced(plain) {
		return s.adoptWithoutMaster(plain)
	}
	mine := &s.Self.Redis
	synced := s.memory.SyncedRun == mine.RunID
	if mine.Keys > 0 && first.Redis.Keys == 0 && !synced {
		// I hold the data and the plain pods hold none: no data is at stake, and the rollout must go on to the formation in
		// which mine leads.
		d := s.unchanged(model.AdoptionGoesOn)
		d.Ready = true
		return d
	}
	chosen := s.Config.ReplaceData == s.Self.Name || s.Config.InitialMaster == first.Name && s.isMember(&s.Self)
	if mine.Keys > 0 && !shareID(mine, &first.Redis) && !synced && !chosen {
		return s.unchanged(model.AdoptingForeign)
	}
	d, follows := s.follows(&first)
	if !follows {
		// My data needs no other check: it has just been compared with the leader's.
		if d = s.pointAt(&first, model.Adopting); s.mayJoin() {
			d = s.join(d)
		}
	}
	if s.syncedOnce() {
		s.rememberAdopted(&first)
		d.Ready = true
	}
	return d
}

// plainMasterReplaced reports whether the pods without an agent are replicas that have no master: it was the first of the set that was
// replaced. None of them gives its data to another, as long as it has no link.
func plainMasterReplaced(plain []model.Pod) bool {
	return !slices.ContainsFunc(plain, func(p model.Pod) bool { return p.Redis.Role != model.Replica || p.Redis.LinkUp })
}

// adoptWithoutMaster decides where the master of a plain set is among the pods that have an agent by now, and its replicas are not. The
// record is told whose data belongs together, which restarts may take from their ids; then the rollout goes on to the formation. A
// pod with nothing lets nobody be replaced beside whom the data would be gone.
func (s *situation) adoptWithoutMaster(plain []model.Pod) Decision {
	if s.Self.Redis.Keys == 0 && slices.ContainsFunc(plain, func(p model.Pod) bool { return p.Redis.Keys > 0 }) {
		return s.unchanged(model.PlainMasterGone)
	}
	d := s.unchanged(model.AdoptionGoesOn)
	d.Ready = true
	if !s.Record.HasHolder() && len(s.Record.Members) == 0 && s.Self.Redis.Keys > 0 && s.API && s.visible() {
		next := s.Record
		next.Members = s.membersOfPlainSet(plain)
		d.Action, d.Reason, d.Record, d.Recheck = Join, model.Joining, &next, atOnce
	}
	return d
}

// membersOfPlainSet are the volume claims of a plain set whose master I was: of them only mine has all that was acknowledged.
func (s *situation) membersOfPlainSet(plain []model.Pod) map[int]model.Member {
	members := map[int]model.Member{s.Self.Ordinal: {VolumeClaim: s.Self.VolumeClaim, InSync: true}}
	for _, p := range plain {
		members[p.Ordinal] = model.Member{VolumeClaim: p.VolumeClaim}
	}
	return members
}

// rememberAdopted remembers whose data mine is: a restart with AOF loses the ids that would tell. It must not write into the
// previous memory's map, which the caller still owns.
func (s *situation) rememberAdopted(from *model.Pod) {
	if claim, known := s.memory.AdoptedFrom[from.Ordinal]; known && claim == from.VolumeClaim {
		return
	}
	adopted := maps.Clone(s.memory.AdoptedFrom)
	if adopted == nil {
		adopted = map[int]string{}
	}
	adopted[from.Ordinal] = from.VolumeClaim
	s.memory.AdoptedFrom = adopted
}

// plainLeader finds the one plain master with keys, or the lowest ordinal when none has any. A reason says why there is none.
func (s *situation) plainLeader(plain []model.Pod) (model.Pod, model.Reason) {
	var masters []model.Pod
	for _, p := range plain {
		switch {
		case p.Redis.Answer != model.Up:
			return model.Pod{}, model.PlainPodsSilent
		case p.Redis.Role == model.Master && p.Redis.Keys > 0:
			masters = append(masters, p)
		}
	}
	if p, found := named(masters, s.Config.InitialMaster); found {
		return p, ""
	}
	switch {
	case len(masters) > 1:
		return model.Pod{}, model.SeveralPlainMasters
	case len(masters) == 1:
		return masters[0], ""
	}
	return plain[0], ""
}

// readopting reports whether the recorded master no longer exists, no pod with an agent is master, but plain pods of the set
// are running. The label was removed and came back: what the plain pods hold is newer than the record.
func (s *situation) readopting() bool {
	return s.leaderAbsent() && len(s.plainPods()) > 0 && !s.peerIsMaster
}
