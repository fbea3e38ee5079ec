// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"
	"time"
)

const (
	// refusalsOfACrash is how many connects in a row must be refused before a process counts as gone.
	refusalsOfACrash = 3
	// refusedAgain is the time between them.
	refusedAgain = 25 * time.Millisecond
	// crashPatience is how long a replica has to take the mastership of a process that is gone.
	crashPatience = 300 * time.Millisecond
)

// notRunning: my Redis is silent, so there is nothing to point or promote. If its process is gone and the record names it,
// the replicas in sync hold what clients wrote: they are offered the mastership, one after the other and again from the
// first, until one leads or my Redis is back. What it holds then is judged as restarted.
func notRunning(v View, m Memory) (Decision, Memory) {
	wait := Decision{Reason: NotRunning, Recheck: soon}
	switch {
	case m.Refusals == 0 || !holdsRecord(v) || v.Record.Epoch < m.MaxEpoch || !v.API || anyMaster(v):
		return wait, m
	case m.Refusals < refusalsOfACrash:
		wait.Recheck = refusedAgain
		return wait, m
	case failoverRunning(v):
		wait.Reason = FailoverRunning
		return wait, m
	case offerStanding(v, m, crashPatience):
		return wait, m
	}
	m = passedOver(m)
	replicas := inSyncReplicas(v, m)
	if len(replicas) == 0 {
		m.OfferedTo, m.Declined = "", nil
		return wait, m
	}
	return offerTo(v, m, replicas[0], CrashedOffer)
}

// offerStanding: an offer was made and its target has not had its time yet.
func offerStanding(v View, m Memory, patience time.Duration) bool {
	offer := v.Record.Offer
	if offer == nil || offer.RunID != m.OfferedTo || v.Now.Sub(m.OfferedAt) > patience {
		return false
	}
	return !slices.ContainsFunc(v.Peers, func(p Pod) bool {
		return p.UID == offer.PodUID && (p.Redis.Answer == Silent || p.Redis.RunID != offer.RunID)
	})
}

// passedOver remembers that the process that I offered to last has let its time pass.
func passedOver(m Memory) Memory {
	if m.OfferedTo != "" && !slices.Contains(m.Declined, m.OfferedTo) {
		m.Declined = append(slices.Clone(m.Declined), m.OfferedTo)
	}
	return m
}

// offerTo holds the mastership out to one process, at the position at which I saw it.
func offerTo(v View, m Memory, p Pod, why Reason) (Decision, Memory) {
	m.OfferedTo, m.OfferedAt = p.Redis.RunID, v.Now
	return Decision{
		Action: MakeOffer, Reason: why, Tuning: fencedTuning(), Recheck: soon,
		Offer: &Offer{PodUID: p.UID, RunID: p.Redis.RunID, ReplID: p.Redis.ReplID, Offset: p.Redis.Offset, Reason: string(why)},
	}, m
}
