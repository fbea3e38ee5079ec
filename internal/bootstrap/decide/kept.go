// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"maps"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Kept is the part of the memory that an agent leaves to the next one of its pod, on that pod's disk: what the record shall say as soon as
// the API is back. A machine that restarts meanwhile takes everything else.
type Kept struct {
	// Epoch is that of the record whose holder saw this.
	Epoch uint64 `json:"epoch"`
	// Behind has, by ordinal, the volume claims of members that have lost their master since, whatever the record says.
	Behind map[int]string `json:"behind,omitempty"`
}

// Equal reports whether two say the same.
func (k Kept) Equal(other Kept) bool {
	return k.Epoch == other.Epoch && maps.Equal(k.Behind, other.Behind)
}

// keep remembers, while my Redis leads by the record, which members are not in sync any more though the record says that they are.
func (s *situation) keep(members map[int]model.Member) {
	kept := Kept{Epoch: s.Record.Epoch}
	for ordinal, was := range s.Record.Members {
		if now := members[ordinal]; was.InSync && !now.InSync && now.VolumeClaim == was.VolumeClaim {
			if kept.Behind == nil {
				kept.Behind = map[int]string{}
			}
			kept.Behind[ordinal] = was.VolumeClaim
		}
	}
	s.memory.Kept = kept
}

// believeKept corrects the record by what was seen last while my Redis led, now that it does not.
func (s *situation) believeKept() {
	kept := s.memory.Kept
	if !s.holdsRecord || s.Self.Redis.Role == model.Master || kept.Epoch != s.Record.Epoch {
		return
	}
	members := s.copyOfMembers()
	for ordinal, claim := range kept.Behind {
		if member, ok := members[ordinal]; ok && member.VolumeClaim == claim {
			members[ordinal] = model.Member{VolumeClaim: claim}
		}
	}
	s.Record.Members = members
}
