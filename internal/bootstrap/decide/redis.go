// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"
	"time"
)

const (
	// tick is how long an agent waits for a wake-up before it looks again.
	tick = time.Second
	// soon is the recheck while something is about to change.
	soon = 100 * time.Millisecond
	// atOnce follows an action, whose effect only the next observation shows.
	atOnce = time.Millisecond
)

// Next decides for the agent of a Redis pod. It is total: every view gives an action or a named wait.
func Next(v View, m Memory) (Decision, Memory) {
	m = remember(v, m)
	d, m := situation(v, m)
	if !d.Ready {
		d.Ready = readyWhileFenced(v)
	}
	if d.Recheck == 0 {
		d.Recheck = tick
	}
	return d, m
}

// remember brings the memory up to date with what any situation needs.
func remember(v View, m Memory) Memory {
	if v.Record.Known && v.Record.UID != m.RecordUID {
		m.RecordUID, m.MaxEpoch = v.Record.UID, 0
	}
	m.MaxEpoch = max(m.MaxEpoch, v.Record.Epoch)
	for _, since := range []*time.Time{&m.MasterSince, &m.SilentSince, &m.WaitingSince, &m.WaitedAt, &m.Confirmed, &m.OfferedAt} {
		if since.After(v.Now) { // a clock that was put back must not make a wait longer
			*since = v.Now
		}
	}
	r := v.Self.Redis
	if m.AnsweredRun == "" && r.Role == Replica && r.Following != FenceAddress && r.Priority > holderPriority && inLineage(v, r) {
		m.SyncedRun = r.RunID // the agent before me saw it in sync, or it would have the priority that it started with
	}
	if r.Answer != Silent {
		m.AnsweredRun = r.RunID
	}
	if v.Record.Known && !holdsRecord(v) { // an offer of mine is void
		m.OfferedTo, m.OfferedAt, m.Declined = "", time.Time{}, nil
	}
	if offer := v.Record.Offer; offer != nil && offer.RunID == m.OfferedTo && m.OfferedAt.IsZero() {
		m.OfferedAt = v.Now // its target could not see it earlier
	}
	if _, verified := named(v).verifiedMaster(v); verified {
		m.SilentSince = time.Time{}
	}
	if r.Answer == Up && r.Role == Replica {
		m.MasterSince, m.NamedEpoch = time.Time{}, 0
		if r.LinkUp {
			m.SyncedRun = r.RunID
		}
	}
	return m
}

// situation is the table: the first row that holds, decides.
func situation(v View, m Memory) (Decision, Memory) {
	r := v.Self.Redis
	switch n := named(v); {
	case v.UIDByName != "" && v.UIDByName != v.Self.UID:
		return fence(v, Replaced), m
	case r.Answer == Silent:
		return notRunning(v, m)
	case r.TooOld:
		return tooOld(v, m)
	case r.Answer == Loading && holdsRecord(v):
		return restarted(v, m)
	case r.Answer == Loading:
		return Decision{Reason: LoadingData, Recheck: soon}, m
	case !v.Record.Known || v.Record.Epoch < m.MaxEpoch:
		return keep(v, m, RecordUnknown), m
	case r.Role == Master:
		return asMaster(v, m, n)
	}
	d, m := asReplica(v, m, named(v))
	if d.Action == Wait && followsOutsider(v) {
		d = letGo(v, m)
	}
	if d.Action == Wait { // a Sentinel may point it at a master at any time
		d = joining(v, m, d)
	}
	return d, m
}

// asMaster: my Redis accepts writes, rightly or not.
func asMaster(v View, m Memory, n leader) (Decision, Memory) {
	if promotedEmpty(v, m) {
		return fence(v, PromotedEmpty), m
	}
	if n.isSelf(v) {
		// The claim is spent: who demotes me from now on has a reason, and a record that I read long ago must not undo it.
		m.NamedEpoch, m.MasterSince, m.Claimed = n.epoch, time.Time{}, Claimed{}
		return hold(v, m)
	}
	if m.MasterSince.IsZero() {
		m.MasterSince = v.Now
	}
	other, verified := n.verifiedMaster(v)
	// A master that an epoch once named knows that it is superseded. One that nothing named yet is, most likely, the
	// choice of a Sentinel whose failover is not over: demoting it would break that failover for many seconds.
	wasNamed := m.NamedEpoch > 0 && n.epoch > m.NamedEpoch
	overdue := v.Now.Sub(m.MasterSince) > v.Config.FailoverTimeout
	switch {
	case verified && (wasNamed || overdue || allSentinelsAnswered(v) && !failoverRunning(v)):
		return follow(v, m, other, Superseded), m
	case failoverRunning(v):
		return Decision{Reason: PromotedBySentinel, Ready: true, Tuning: masterTuning(v), Recheck: soon}, m
	case !n.exists():
		if d, m := formation(v, m); d.Action != Wait || !overdue {
			return d, m
		}
		// The one that should claim waits for every other master to go.
		return fence(v, NeverNamed), m
	case chosenInstead(v, n):
		return claim(v, m, MasterGone)
	case overdue && allSentinelsAnswered(v):
		return fence(v, NeverNamed), m
	}
	return Decision{Reason: UnnamedMaster, Ready: true, Tuning: masterTuning(v), Recheck: soon}, m
}

// chosenInstead: Sentinels finished a failover to my Redis at an epoch below that of a claim which they never heard of, and
// whose pod is gone: it ended before it led. Clients write here already, and a claim makes that right.
func chosenInstead(v View, n leader) bool {
	_, lives := n.pod(v)
	return v.API && !lives && majorityNamesMe(v)
}

// promotedEmpty: a Sentinel, which reads the replicas every ten seconds only, promoted a process that has just restarted and
// holds nothing, while others hold the group's data, or may hold it. They would copy the nothing: here the failover must
// break.
func promotedEmpty(v View, m Memory) bool {
	if !v.Record.HasHolder() || holdsRecord(v) || v.Record.PodUID == v.Self.UID || m.SyncedRun == v.Self.Redis.RunID || v.Self.Redis.Keys > 0 || inLineage(v, v.Self.Redis) {
		return false
	}
	return len(unheard(v)) > 0 || slices.ContainsFunc(v.Peers, func(p Pod) bool {
		return p.Injected && p.Redis.Answer == Up && p.Redis.Keys > 0 && (isMember(v, p) || inLineage(v, p.Redis))
	})
}

// asReplica: my Redis follows somebody, or nobody.
func asReplica(v View, m Memory, n leader) (Decision, Memory) {
	master, verified := n.verifiedMaster(v)
	switch {
	case ownClaim(v, m):
		return Decision{Action: Promote, Reason: OwnClaim, Epoch: m.Claimed.Epoch, Tuning: masterTuning(v), Ready: syncedOnce(v, m), Recheck: atOnce}, m
	case offeredToMe(v):
		return claim(v, m, TransferAccepted)
	case verified && failoverRunning(v) && v.Self.Redis.Following != FenceAddress && v.Self.Redis.Following != master.Address:
		return keep(v, m, FailoverRunning), m
	case verified:
		return follow(v, m, master, Following), m
	case !n.exists():
		return formation(v, m)
	case holdsRecord(v) && (v.Self.Redis.Following != FenceAddress || anyMaster(v)):
		return repointed(v, m)
	case holdsRecord(v):
		return restarted(v, m)
	case readopting(v, n):
		return adoption(v, m, plainPods(v))
	}
	return recovery(v, m, n)
}

// readopting: the recorded master is no more, no pod with an agent is master, but plain pods of the set live. The label was
// removed and came back: what the plain pods hold is newer than the record.
func readopting(v View, n leader) bool {
	_, lives := n.pod(v)
	return !lives && v.API && len(plainPods(v)) > 0 && !anyMaster(v)
}

// followsOutsider: by the word of the API no pod of the group has the address that my Redis follows. Whoever gets that
// address next is a stranger, and my Redis would take his data for its master's. That holds during a failover too: what a
// Sentinel points my Redis at may be an address that it knows from before.
func followsOutsider(v View) bool {
	following := v.Self.Redis.Following
	return v.API && following != FenceAddress && following != v.Self.Address &&
		!slices.ContainsFunc(v.Peers, func(p Pod) bool { return p.Address == following })
}

// letGo points my Redis nowhere and leaves everything else: it keeps its data and its place in the history, and Sentinel
// may elect it as before.
func letGo(v View, m Memory) Decision {
	d := keep(v, m, MasterAddressGone)
	d.Action, d.Recheck = Fence, atOnce
	return d
}

// ownClaim: the record names me at the epoch of my claim, which was made for this very process. Nobody else writes my name at
// that epoch, so the claim was accepted, whether its answer came or not.
func ownClaim(v View, m Memory) bool {
	return holdsRecord(v) && m.Claimed.Epoch == v.Record.Epoch && m.Claimed.RunID == v.Self.Redis.RunID
}

// holdsRecord: the record names my pod uid and my address, and no greater epoch stands against it.
func holdsRecord(v View) bool {
	n := named(v)
	return v.Record.HasHolder() && n.epoch == v.Record.Epoch && n.isSelf(v)
}

// offeredToMe: the holder holds out the mastership to this very process, which has at least the data that it is offered for,
// and no greater epoch says that it is not his any more. An offer that does not fit says nothing, and nothing waits for it:
// who made it may be gone.
func offeredToMe(v View) bool {
	offer, r := v.Record.Offer, v.Self.Redis
	return offer != nil && offer.PodUID == v.Self.UID && !holdsRecord(v) && named(v).epoch == v.Record.Epoch &&
		offer.RunID == r.RunID && offer.ReplID == r.ReplID && r.Offset >= offer.Offset
}

// claim writes me into the record. A pod that leaves, or that cannot read the API, does not. The claim is remembered before
// it is made: its answer may be lost, and a record that names me at this epoch is the answer then.
func claim(v View, m Memory, why Reason) (Decision, Memory) {
	switch {
	case v.Self.Terminating, v.API && !shown(v):
		return keep(v, m, Leaving), m
	case !v.API:
		return keep(v, m, APIAway), m
	case v.SetGone:
		return keep(v, m, SetDeleted), m
	}
	if why == DataGone {
		// A new history begins. Whoever comes back later with the old one must not be overwritten as if he belonged to this.
		v.Record.Members, v.Record.Lineage = nil, nil
	}
	m.Claimed = Claimed{Epoch: claimEpoch(v), RunID: v.Self.Redis.RunID}
	return Decision{
		Action: Claim, Reason: why, Epoch: m.Claimed.Epoch, Recheck: atOnce, Tuning: fencedTuning(),
		Members: membersAtClaim(v, m), Lineage: lineageWith(v, v.Self.Redis.ReplID),
		Ready: syncedOnce(v, m),
	}, m
}

// follow points my Redis at a master, unless that would destroy data that nobody gave up. A claim that the record does not
// know joins its members first: a restart loses the ids of what it will hold, and then nothing else tells the group's data
// from foreign data.
func follow(v View, m Memory, master Pod, why Reason) Decision {
	r := v.Self.Redis
	if r.Role == Replica && r.Following == master.Address {
		if syncedOnce(v, m) {
			return Decision{Reason: Synced, Target: master.Address, Ready: true, Tuning: syncedTuning(v)}
		}
		return Decision{Reason: Following, Target: master.Address, Tuning: fencedTuning(), Recheck: soon}
	}
	if foreign(v, m, v.Self) && v.Config.ReplaceData != v.Self.Name {
		return fence(v, ForeignData)
	}
	d := Decision{Action: Follow, Reason: why, Target: master.Address, Tuning: fencedTuning(), Ready: syncedOnce(v, m), Recheck: atOnce}
	return joining(v, m, d)
}

// joining puts the joining of the members before something else that my Redis does for the group. Data that its owner gave
// up stays foreign until it is replaced.
func joining(v View, m Memory, d Decision) Decision {
	if v.API && v.Record.HasHolder() && shown(v) && !isMember(v, v.Self) && v.Self.Redis.Answer == Up && !foreign(v, m, v.Self) {
		d.Action, d.Reason, d.Members, d.Lineage, d.Recheck = Join, Joining, membersWith(v, v.Self), v.Record.Lineage, atOnce
	}
	return d
}

// shown: the API shows my own pod. One that was deleted by force lives on for a while; nobody knows its data claim any more,
// and what it wrote into the record would make its successor's data foreign.
func shown(v View) bool { return v.UIDByName == v.Self.UID }

// fence makes sure that my Redis serves nobody. It is a wait when that is already so.
func fence(v View, why Reason) Decision {
	r := v.Self.Redis
	if r.Answer != Up || r.Role == Replica && r.Following == FenceAddress {
		return Decision{Reason: why, Tuning: fencedTuning()}
	}
	return Decision{Action: Fence, Reason: why, Tuning: fencedTuning()}
}

// tooOld keeps a server fenced that lacks what a handover needs. If the record names it, because its image was changed in
// its pod, it still gives the mastership to a replica in sync: nobody else would take it from a pod that lives.
func tooOld(v View, m Memory) (Decision, Memory) {
	if holdsRecord(v) && v.Self.Redis.Role != Master {
		if d, after := restarted(v, m); d.Action == OfferTransfer {
			return d, after
		}
	}
	return fence(v, ServerTooOld), m
}

// keep changes neither role nor configuration's direction: the reason says what is waited for.
func keep(v View, m Memory, why Reason) Decision {
	d := Decision{Reason: why, Tuning: fencedTuning(), Recheck: 250 * time.Millisecond}
	switch {
	case v.Self.Redis.Role == Master:
		d.Tuning, d.Ready = masterTuning(v), true
	case syncedOnce(v, m):
		d.Tuning, d.Ready = syncedTuning(v), true
	}
	return d
}

// syncedOnce: the link of this very process was up at some time.
func syncedOnce(v View, m Memory) bool {
	return v.Self.Redis.RunID != "" && m.SyncedRun == v.Self.Redis.RunID
}

// mayYetSync: my Redis follows somebody from whom its data may come: he is in sync himself, or did not answer just now. One
// who answers and is no master gives it nothing.
func mayYetSync(v View) bool {
	r := v.Self.Redis
	i := slices.IndexFunc(v.Peers, func(p Pod) bool { return p.Address == r.Following })
	return r.Following != FenceAddress && (r.LinkUp || i < 0 || v.Peers[i].Redis.Answer == Silent)
}

// readyWhileFenced lets the StatefulSet controller create the pod that must speak first, where pods are born in order.
func readyWhileFenced(v View) bool {
	r := v.Self.Redis
	if !v.OrderedReady || r.Answer != Up || r.TooOld || r.Role != Replica || mayYetSync(v) || anyMaster(v) {
		return false
	}
	for _, o := range possibleHolders(v) {
		if _, born := podOf(v, o); !born && o > v.Self.Ordinal {
			return true
		}
	}
	return false
}
