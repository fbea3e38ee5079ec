// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// hurryFor is how long a new record is looked at with nobody else in mind.
const hurryFor = time.Second

// Hurry decides where my Sentinel is behind a new record: clients of the former master wait until it names the new one. Of the view only
// the two that this is about need to have been asked, my Sentinel and the recorded holder, because the pods that come and go with a
// change of master are those whose silence takes longest. It reports whether that is all there is to do now; otherwise everybody is asked,
// and Next decides.
func Hurry(v model.SentinelView, m Memory) (Decision, Memory, bool) {
	s := situation{SentinelView: v, memory: m}
	s.findFacts()
	own, rec := &s.Own, &s.Record
	switch {
	case !own.Answered || !own.Monitors || len(own.Peers) == 0, s.NameTaken || s.RecordGone || s.Elsewhere, s.holder == nil,
		!rec.HasHolder() || s.recordIsStale() || !s.recordBelieved(),
		own.FailoverInProgress || own.ConfigEpoch >= rec.Epoch,
		s.Now.Sub(s.memory.NewSince) > hurryFor:
		return Decision{}, m, false
	case !s.verified:
		return Decision{Reason: model.HolderUnverified, Recheck: s.holderRecheck()}, s.memory, true
	}
	d := s.inject(model.SentinelBehind)
	d.Leads = true
	return d, s.memory, true
}
