// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// formation chooses the first master of a group whose record has no holder.
func (s *situation) formation() Decision {
	if plain := s.plainPods(); len(plain) > 0 {
		return s.adoption(plain)
	}
	if s.peerIsMaster && s.Self.Redis.Role != model.Master {
		return s.unchanged(model.AnotherLeads)
	}
	s.keepWaiting(clockRuns)
	if s.mustWait() {
		return s.unchanged(model.CandidatesSilent)
	}
	first, why := s.firstMaster()
	switch {
	case first < 0:
		return s.unchanged(why)
	case first != s.Self.Ordinal:
		return s.unchanged(model.AnotherLeads)
	}
	return s.claim(why)
}

// firstMaster names the ordinal that begins the group, or returns -1 with the reason why none may.
func (s *situation) firstMaster() (int, model.Reason) {
	var withData, without []model.Pod
	for _, p := range s.eligible() {
		if p.Redis.Keys == 0 {
			without = append(without, p)
		} else {
			withData = append(withData, p)
		}
	}
	for _, pods := range [...][]model.Pod{withData, without} {
		if p, found := named(pods, s.Config.InitialMaster); found {
			return p.Ordinal, model.BestData
		}
	}
	if len(withData) == 0 {
		if len(without) == 0 || !s.allOverwritable() {
			return -1, model.CandidatesSilent
		}
		return without[0].Ordinal, model.AllEmpty
	}
	best := withData[0]
	for _, p := range withData[1:] {
		if !s.related(&best, &p) {
			return -1, model.UnrelatedData
		}
		if s.furtherThan(&best, &p) {
			best = p
		}
	}
	return best.Ordinal, model.BestData
}
