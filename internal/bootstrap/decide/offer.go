// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"
	"time"
)

const (
	// crashPatience is how long a replica has to take the mastership of a process that is gone, and offerPatience that of one
	// that is back.
	crashPatience = 300 * time.Millisecond
	offerPatience = time.Second
	// askingTheSilent is how much longer it may take while somebody does not answer: its agent waits for him too, in the
	// observation that runs when the offer comes and perhaps in that after it.
	askingTheSilent = time.Second
)

// notRunning: my Redis is silent, so there is nothing to point or promote. If its process is gone and the record names it,
// the replicas in sync hold what clients wrote: they are offered the mastership, one after the other and again from the
// first, until one leads or my Redis is back. What it holds then is judged as restarted.
func notRunning(v View, m Memory) (Decision, Memory) {
	wait := Decision{Reason: NotRunning, Recheck: soon}
	switch {
	case !v.Self.Redis.Refused || m.AnsweredRun == "" || !holdsRecord(v) || v.Record.Epoch < m.MaxEpoch || !v.API || anyMaster(v):
		return wait, m
	case failoverRunning(v):
		wait.Reason = FailoverRunning
		return wait, m
	case offerStanding(v, m, crashPatience):
		return wait, m
	}
	m = passedOver(m)
	replicas := heirs(v, m)
	if len(replicas) == 0 {
		m.Declined = nil
		return wait, m
	}
	return offerTo(m, replicas[0], TransferAfterCrash)
}

// heirs are the replicas in sync, the furthest first, that may be offered the mastership. Who was in sync when the members
// last changed may have stood still since then: while another one is silent, only those are offered it that have all that I
// had when I last led.
func heirs(v View, m Memory) []Pod {
	replicas := notBehindMe(v, inSyncReplicas(v, m))
	if m.Led.ReplID == "" || !slices.ContainsFunc(unheard(v), func(o int) bool { return o != v.Self.Ordinal && v.Record.Members[o].InSync }) {
		return replicas
	}
	return slices.DeleteFunc(replicas, func(p Pod) bool {
		return p.Redis.ReplID != m.Led.ReplID || p.Redis.Offset < m.Led.Offset
	})
}

// notBehindMe leaves out the replicas that have less than I of one history: an offer to them would lose the difference.
func notBehindMe(v View, replicas []Pod) []Pod {
	mine := v.Self.Redis
	return slices.DeleteFunc(replicas, func(p Pod) bool {
		return mine.Answer == Up && p.Redis.ReplID == mine.ReplID && p.Redis.Offset < mine.Offset
	})
}

// offerStanding: the record has my offer, and its target has not had its time yet.
func offerStanding(v View, m Memory, patience time.Duration) bool {
	offer := v.Record.Offer
	if someoneSilent(v) {
		patience += askingTheSilent
	}
	if offer == nil || offer.RunID != m.OfferedTo || v.Now.Sub(m.OfferedAt) > patience {
		return false
	}
	return !slices.ContainsFunc(v.Peers, func(p Pod) bool {
		return p.UID == offer.PodUID && (p.Redis.Answer == Silent || p.Redis.RunID != offer.RunID)
	})
}

// someoneSilent: a peer or a Sentinel did not answer in this observation.
func someoneSilent(v View) bool {
	return !allSentinelsAnswered(v) || slices.ContainsFunc(v.Peers, func(p Pod) bool { return p.Redis.Answer == Silent })
}

// passedOver remembers that the process that I offered to last has let its time pass. An offer that the record never had is
// none: its writing failed.
func passedOver(m Memory) Memory {
	if !m.OfferedAt.IsZero() && !slices.Contains(m.Declined, m.OfferedTo) {
		m.Declined = append(slices.Clone(m.Declined), m.OfferedTo)
	}
	m.OfferedTo, m.OfferedAt = "", time.Time{}
	return m
}

// offerTo holds the mastership out to one process, at the position at which I saw it. Its time begins when the record has it.
func offerTo(m Memory, p Pod, why Reason) (Decision, Memory) {
	m.OfferedTo = p.Redis.RunID
	return Decision{
		Action: OfferTransfer, Reason: why, Tuning: fencedTuning(), Recheck: soon,
		Offer: &Offer{PodUID: p.UID, RunID: p.Redis.RunID, ReplID: p.Redis.ReplID, Offset: p.Redis.Offset, Reason: string(why)},
	}, m
}
