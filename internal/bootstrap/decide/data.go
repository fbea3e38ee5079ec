// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"cmp"
	"slices"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// hasNoHistory reports whether a process has no history that the record knows.
func (s *situation) hasNoHistory(r *model.Redis) bool { return r.Offset == 0 && !s.inLineage(r) }

// overwritable reports whether a node may be overwritten without asking: no keys, and either a process without a history or a
// volume claim that the group does not know. A node that was emptied by FLUSHALL is not: it holds the group's newest history.
func (s *situation) overwritable(p *model.Pod) bool {
	if p.Redis.Answer != model.Up || p.Redis.Keys > 0 || p.Redis.LinkUp {
		return false
	}
	return s.hasNoHistory(&p.Redis) || !s.isMember(p)
}

// allOverwritable reports whether none of the pods that answered holds data. A terminating one still holds its data, and the
// pod that replaces it may have it. Foreign data counts until its owner gives it up.
func (s *situation) allOverwritable() bool {
	for i := range s.size() {
		p := s.pod(i)
		if !p.Injected || p.Redis.Answer != model.Up || s.foreign(p) && s.Config.ReplaceData == p.Name {
			continue
		}
		if p.Redis.Keys > 0 || s.inLineage(&p.Redis) && p.Redis.Offset > 0 {
			return false
		}
	}
	return true
}

// inLineage reports whether the record knows the history of this data.
func (s *situation) inLineage(r *model.Redis) bool {
	return slices.Contains(s.Record.Lineage, r.ReplID) || realID(r.ReplID2) && slices.Contains(s.Record.Lineage, r.ReplID2)
}

// realID reports whether an id is not the row of zeros that stands for none.
func realID(id string) bool {
	for _, c := range id {
		if c != '0' {
			return true
		}
	}
	return false
}

// foreign reports whether this is data that must not be replaced without its owner's consent: keys, in a volume claim that the
// group does not know, under ids that it does not know. Ids lost by a restart are unknown, not foreign: the volume claim
// vouches for the data.
func (s *situation) foreign(p *model.Pod) bool {
	if p.Redis.Answer != model.Up || p.Redis.Keys == 0 || s.isMember(p) || s.inLineage(&p.Redis) {
		return false
	}
	return p.UID != s.Self.UID || s.memory.SyncedRun != p.Redis.RunID
}

// related reports whether two data sets share a history: they share an id, or one of them is in the volume claim whose data I
// followed before its pod had an agent (a restart with AOF loses the ids, so ids alone cannot tell).
func (s *situation) related(a, b *model.Pod) bool {
	adopted := func(p *model.Pod) bool {
		return p.VolumeClaim != "" && s.memory.AdoptedFrom[p.Ordinal] == p.VolumeClaim
	}
	return shareID(&a.Redis, &b.Redis) || adopted(a) || adopted(b) || s.isMember(a) && s.isMember(b)
}

// shareID reports whether two servers share an id, present or former.
func shareID(a, b *model.Redis) bool {
	for _, x := range [...]string{a.ReplID, a.ReplID2} {
		if realID(x) && (x == b.ReplID || x == b.ReplID2) {
			return true
		}
	}
	return false
}

// furtherThan reports whether a pod's data goes further than that of the best so far. Where nothing tells, the greater offset is
// preferred: a process that restarted from AOF has none, and the replicas that followed it have everything that it acknowledged to
// them.
func (s *situation) furtherThan(best, p *model.Pod) bool {
	if has := s.relate(&p.Redis, &best.Redis); has != unknown {
		return has == ahead
	}
	if c := compareBools(s.wasMaster(p), s.wasMaster(best)); c != 0 {
		return c > 0
	}
	return p.Redis.Offset > best.Redis.Offset
}

// wasMaster reports whether the record of a group that has no holder yet calls a pod the master of the plain set that it was.
func (s *situation) wasMaster(p *model.Pod) bool {
	return s.isMember(p) && s.Record.Members[p.Ordinal].InSync
}

// isHoldersData reports whether a pod has the volume claim of the recorded holder.
func (s *situation) isHoldersData(p *model.Pod) bool {
	return p.Name == s.Record.Holder && s.isMember(p)
}

// bestData names the pod whose data leads: the recorded holder's own data, then data under the newest known id by offset, then
// members in sync by keys. Never a foreign one while the record knows members. It is called when every candidate has answered
// or has had its time. Processes that are unwilling to lead are left out. A reason says why no pod leads.
func (s *situation) bestData(unwilling []string) (model.Pod, model.Reason) {
	pods := s.eligible()
	if s.allOverwritable() {
		return s.bestOfNothing(pods)
	}
	pods = slices.DeleteFunc(pods, func(p model.Pod) bool { return s.overwritable(&p) || s.foreign(&p) })
	pods = willing(pods, unwilling)
	if len(pods) == 0 {
		return s.chosenOfForeign()
	}
	worth := func(a, b model.Pod) int { return cmp.Or(s.compareData(&a, &b), b.Ordinal-a.Ordinal) }
	best := slices.MaxFunc(pods, worth)
	// One history is one sequence: the pod that is furthest in it has everything that the best one has.
	same := slices.DeleteFunc(pods, func(p model.Pod) bool { return p.Redis.ReplID != best.Redis.ReplID })
	return slices.MaxFunc(same, func(a, b model.Pod) int { return cmp.Or(cmp.Compare(a.Redis.Offset, b.Redis.Offset), worth(a, b)) }), ""
}

// bestOfNothing chooses where all pods that answered are overwritable: the recorded holder, or the lowest ordinal, but only
// when no candidate is left that may hold the data which they lack.
func (s *situation) bestOfNothing(pods []model.Pod) (model.Pod, model.Reason) {
	pods = slices.DeleteFunc(pods, func(p model.Pod) bool { return s.foreign(&p) })
	if len(pods) == 0 || slices.ContainsFunc(s.unheard(), s.mayHoldData) {
		return model.Pod{}, model.CandidatesSilent
	}
	if p, found := named(pods, s.Record.Holder); found {
		return p, ""
	}
	return pods[0], ""
}

// mayHoldData reports whether an ordinal may hold data that has not been seen. A pod whose data dies with it does not if the
// group does not know it yet, because it never had any, or if it is terminating.
func (s *situation) mayHoldData(ordinal int) bool {
	p, exists := s.podOf(ordinal)
	return !exists || p.VolumeClaim != p.UID || s.isMember(p) && !p.Terminating
}

// willing leaves out the processes that let an offer pass, unless all did: their agents are gone, and the others cannot wait
// for them for ever.
func willing(pods []model.Pod, unwilling []string) []model.Pod {
	left := slices.DeleteFunc(slices.Clone(pods), func(p model.Pod) bool { return slices.Contains(unwilling, p.Redis.RunID) })
	if len(left) == 0 {
		return pods
	}
	return left
}

// chosenOfForeign is the pod that a person chose where all data that is left is foreign: whether it leads, or an empty pod in place of what
// is lost, nobody else can know.
func (s *situation) chosenOfForeign() (model.Pod, model.Reason) {
	why := s.noLeaderReason()
	if p, found := named(s.eligible(), s.Config.InitialMaster); found && why == model.OnlyForeignData {
		return p, ""
	}
	return model.Pod{}, why
}

// beginsAnew reports whether a pod that is to lead has nothing of the group's history.
func (s *situation) beginsAnew(p *model.Pod) bool { return s.foreign(p) || s.overwritable(p) }

// noLeaderReason says why there is data, but none that may lead.
func (s *situation) noLeaderReason() model.Reason {
	if slices.ContainsFunc(s.eligible(), func(p model.Pod) bool { return s.foreign(&p) }) {
		return model.OnlyForeignData
	}
	return model.CandidatesSilent
}

// compareData orders two pods by what their data is worth to the group; positive when a is worth more. It is a plain
// lexicographic order, so that the answer does not depend on which is compared first.
func (s *situation) compareData(a, b *model.Pod) int {
	// A replica that was in sync and never went away has what was acknowledged to it; what a returning holder has on its disk
	// cannot be compared with that.
	if c := compareBools(s.unbroken(a), s.unbroken(b)); c != 0 {
		return c
	}
	// An id that a restart lost cannot be compared; there the holder's own volume vouches for its data.
	if c := compareBools(s.ownsUnknownID(a), s.ownsUnknownID(b)); c != 0 {
		return c
	}
	if c := s.rank(&b.Redis) - s.rank(&a.Redis); c != 0 {
		return c
	}
	if a.Redis.ReplID == b.Redis.ReplID && a.Redis.Offset != b.Redis.Offset {
		return cmp.Compare(a.Redis.Offset, b.Redis.Offset)
	}
	return cmp.Or(compareBools(s.Record.Members[a.Ordinal].InSync, s.Record.Members[b.Ordinal].InSync), cmp.Compare(a.Redis.Keys, b.Redis.Keys))
}

// compareBools orders false before true.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// unbroken reports whether a pod is a member in sync whose process still has the group's history in memory. One that lags has no
// priority, by its own agent's word: what only my memory says of it must not count here, or every pod would wait for another one.
func (s *situation) unbroken(p *model.Pod) bool {
	return s.isMember(p) && s.Record.Members[p.Ordinal].InSync && s.inLineage(&p.Redis) && p.Redis.Role == model.Replica && p.Redis.Priority > 0
}

// ownsUnknownID reports whether the recorded holder's data is back, under an id that the record does not know.
func (s *situation) ownsUnknownID(p *model.Pod) bool {
	return s.isHoldersData(p) && !s.inLineage(&p.Redis)
}

// rank is the place of a history in the lineage: smaller is newer, and an unknown one comes last. One that grew out of a known history,
// and whose own id no record has, comes right before it.
func (s *situation) rank(r *model.Redis) int {
	if i := slices.Index(s.Record.Lineage, r.ReplID); i >= 0 {
		return 2*i + 1
	}
	if i := slices.Index(s.Record.Lineage, r.ReplID2); i >= 0 && realID(r.ReplID2) {
		return 2 * i
	}
	return 2*len(s.Record.Lineage) + 1
}
