// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"maps"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// lineageLength bounds the record: older ids than these are of no use to any backlog.
const lineageLength = 16

// isMember reports whether the volume claim of a pod belonged to the group.
func (s *situation) isMember(p *model.Pod) bool {
	member, ok := s.Record.Members[p.Ordinal]
	return ok && member.VolumeClaim == p.VolumeClaim
}

// copyOfMembers is the record's table, to be changed.
func (s *situation) copyOfMembers() map[int]model.Member {
	if s.Record.Members == nil {
		return map[int]model.Member{}
	}
	return maps.Clone(s.Record.Members)
}

// membersNow is the record's table of members with what the peers said: an answer or an absent pod changes an entry. Silence leaves it as
// it was, unless my Redis streams to nobody but to those that answered: what is silent then gets no writes.
func (s *situation) membersNow() map[int]model.Member {
	members := s.copyOfMembers()
	streams := s.Self.Redis.OnlineReplicas
	if s.seen {
		streams = min(streams, s.Self.Redis.HeardReplicas)
	}
	for ordinal, member := range members {
		if _, exists := s.podOf(ordinal); !exists && member.InSync {
			members[ordinal] = model.Member{VolumeClaim: member.VolumeClaim}
		}
	}
	for i := range s.Peers {
		p := &s.Peers[i]
		if p.Redis.Answer != model.Up || !p.Injected {
			continue
		}
		inSync := s.inSyncWithSelf(p)
		if inSync {
			streams--
		}
		if inSync || members[p.Ordinal].VolumeClaim == p.VolumeClaim {
			members[p.Ordinal] = model.Member{VolumeClaim: p.VolumeClaim, InSync: inSync}
		}
	}
	for i := range s.Peers {
		if p := &s.Peers[i]; p.Redis.Answer == model.Silent && streams <= 0 && members[p.Ordinal].InSync {
			members[p.Ordinal] = model.Member{VolumeClaim: members[p.Ordinal].VolumeClaim}
		}
	}
	members[s.Self.Ordinal] = model.Member{VolumeClaim: s.Self.VolumeClaim, InSync: true}
	return members
}

// countsOnSilent reports whether the record has a member in sync that does not answer me.
func (s *situation) countsOnSilent() bool {
	for ordinal, member := range s.Record.Members {
		p, exists := s.podOf(ordinal)
		if member.InSync && ordinal != s.Self.Ordinal && (!exists || p.Redis.Answer != model.Up) {
			return true
		}
	}
	return false
}

// membersAtClaim keeps what the record knew, adds me and the pods that are overwritable, whose next data will be the group's,
// and adds the pods without an agent whose data I have followed.
func (s *situation) membersAtClaim() map[int]model.Member {
	members := map[int]model.Member{}
	for ordinal, claim := range s.memory.AdoptedFrom {
		members[ordinal] = model.Member{VolumeClaim: claim}
	}
	maps.Copy(members, s.Record.Members)
	for _, p := range s.eligible() {
		if p.VolumeClaim != "" && s.overwritable(&p) && !s.isMember(&p) {
			members[p.Ordinal] = model.Member{VolumeClaim: p.VolumeClaim}
		}
	}
	members[s.Self.Ordinal] = model.Member{VolumeClaim: s.Self.VolumeClaim, InSync: true}
	return members
}

// membersWith is the record's table with the volume claim of one more pod, which is not in sync yet.
func (s *situation) membersWith(p *model.Pod) map[int]model.Member {
	members := s.copyOfMembers()
	members[p.Ordinal] = model.Member{VolumeClaim: p.VolumeClaim}
	return members
}

// lineageWith puts an id in front of the record's lineage, once.
func (s *situation) lineageWith(id string) []string {
	known := s.Record.Lineage
	if !realID(id) || len(known) > 0 && known[0] == id {
		return known
	}
	lineage := []string{id}
	for _, old := range known {
		if old != id && len(lineage) < lineageLength {
			lineage = append(lineage, old)
		}
	}
	return lineage
}
