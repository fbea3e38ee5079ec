// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"cmp"
	"slices"
	"time"
)

// restarted: the record names me, but my Redis is not the process that was promoted. It came up fenced, so nothing is
// lost yet. A replica that was in sync holds what I may have lost: it leads, whether I am still loading or not.
func restarted(v View, m Memory) (Decision, Memory) {
	if !v.API {
		return restartedUnwritten(v, m)
	}
	if offerStanding(v, m, offerPatience) {
		d := keep(v, m, RestartedWaiting)
		d.Recheck = soon
		return d, m
	}
	m = passedOver(m)
	if replicas := heirs(v, m); len(replicas) > 0 {
		if coversAll(v, replicas) {
			return claim(v, m, RestartedInPlace)
		}
		return offerTo(m, replicas[0], TransferAfterRestart)
	}
	if v.Self.Redis.Answer != Up {
		return keep(v, m, LoadingData), m
	}
	m, expired := patience(v, m, false)
	if len(unheard(v)) > 0 && !expired {
		return keep(v, m, RestartedWaiting), m
	}
	var unwilling []string
	if expired {
		unwilling = m.Declined
	}
	best, why := bestData(v, m, unwilling)
	switch {
	case why != "":
		return keep(v, m, why), m
	case best.UID == v.Self.UID && allEmpty(v, m):
		return claim(v, m, DataGone)
	case best.UID == v.Self.UID:
		return claim(v, m, RestartedInPlace)
	}
	return offerTo(m, best, TransferAfterRestart)
}

// restartedUnwritten: nothing can be offered or claimed, but the old epoch still names me, and so do most Sentinels.
func restartedUnwritten(v View, m Memory) (Decision, Memory) {
	if v.Self.Redis.Answer != Up || empty(v, v.Self) || !majorityNamesMe(v) || len(notBehindMe(v, inSyncReplicas(v, m))) > 0 {
		return keep(v, m, APIAway), m
	}
	m, expired := patience(v, m, false)
	if len(unheard(v)) > 0 && !expired {
		return keep(v, m, RestartedWaiting), m
	}
	return Decision{Action: Promote, Reason: RestartedInPlace, Epoch: v.Record.Epoch, Tuning: masterTuning(v), Recheck: atOnce}, m
}

// coversAll: my Redis has the history of the replicas, and no less of it than any of them: it did not restart at all, or
// came back with everything. My claim succeeded and I was told nothing of it, for example.
func coversAll(v View, replicas []Pod) bool {
	mine := v.Self.Redis
	return mine.Answer == Up && inLineage(v, mine) && len(unheard(v)) == 0 && !slices.ContainsFunc(replicas, func(p Pod) bool {
		return p.Redis.ReplID != mine.ReplID || p.Redis.Offset > mine.Offset
	})
}

// repointed: the record names me, but somebody made my Redis the replica of another, or another answers as master: a
// Sentinel's failover that has not reached the record. It is left alone; only if it led to no master in failover-timeout
// my Redis is fenced, and the next turn judges it as restarted.
func repointed(v View, m Memory) (Decision, Memory) {
	if m.SilentEpoch != v.Record.Epoch || m.SilentSince.IsZero() {
		m.SilentSince, m.SilentEpoch = v.Now, v.Record.Epoch
	}
	if followedFollows(v) {
		return fence(v, RestartedWaiting), m
	}
	if anyMaster(v) || v.Self.Redis.LinkUp || failoverRunning(v) || v.Now.Sub(m.SilentSince) <= v.Config.FailoverTimeout {
		return keep(v, m, AnotherLeads), m
	}
	return fence(v, RestartedWaiting), m
}

// followedFollows: the one that my Redis follows is a replica itself, everybody answered, and nobody is master. No failover
// looks like that, because Sentinel promotes first; a link that is up says nothing then.
func followedFollows(v View) bool {
	i := slices.IndexFunc(v.Peers, func(p Pod) bool { return p.Address == v.Self.Redis.Following })
	return i >= 0 && v.Peers[i].Redis.Role == Replica && len(unheard(v)) == 0 && !anyMaster(v) && allSentinelsAnswered(v) && !failoverRunning(v)
}

// inSyncReplicas are the peers whose link stood when the members last changed, and that have not let an offer pass; the
// furthest first.
func inSyncReplicas(v View, m Memory) []Pod {
	var pods []Pod
	for _, p := range candidates(v) {
		if p.UID == v.Self.UID || p.Redis.Role != Replica || slices.Contains(m.Declined, p.Redis.RunID) {
			continue
		}
		// A process that lost its own memory too is a blank one: what it had in sync is gone.
		if isMember(v, p) && v.Record.Members[p.Ordinal].InSync && inLineage(v, p.Redis) {
			pods = append(pods, p)
		}
	}
	slices.SortStableFunc(pods, func(a, b Pod) int { return compareData(v, b, a) })
	return pods
}

// recovery: the named master does not answer as master, and it is not my own pod.
func recovery(v View, m Memory, n leader) (Decision, Memory) {
	if m.SilentEpoch != n.epoch || m.SilentSince.IsZero() {
		m.SilentSince, m.SilentEpoch = v.Now, n.epoch
	}
	m, returning := returningMaster(v, m, n)
	switch {
	case returning:
		return keep(v, m, MasterReturning), m
	case !v.API:
		return keep(v, m, APIAway), m
	case anyMaster(v):
		return keep(v, m, AnotherLeads), m
	}
	m, expired := patience(v, m, false)
	if len(unheard(v)) > 0 && !expired || !mayReplace(v, m, n) {
		if failoverRunning(v) {
			return keep(v, m, FailoverRunning), m
		}
		return keep(v, m, MasterSilent), m
	}
	if !v.Record.HasHolder() { // only Sentinels remember a master; without a record there are no members to choose from
		return formation(v, m)
	}
	best, why := bestData(v, m, runOf(v, n))
	switch {
	case why != "":
		return keep(v, m, why), m
	case best.UID != v.Self.UID:
		return keep(v, m, AnotherLeads), m
	case allEmpty(v, m):
		return claim(v, m, DataGone)
	case isHoldersData(v, v.Self):
		return claim(v, m, Resumed)
	}
	return claim(v, m, MasterGone)
}

// returningMaster: the named pod's Redis answers again, and its own agent decides who leads. It has as long as it may wait
// for others itself, and a failover more; then it is taken for one whose agent is gone.
func returningMaster(v View, m Memory, n leader) (Memory, bool) {
	p, lives := n.pod(v)
	switch {
	case !lives || p.Redis.Answer == Silent || !v.Record.HasHolder():
		return m, false
	case p.Redis.Answer == Loading || !v.API:
		return m, true
	}
	m, _ = patience(v, m, false)
	return m, v.Now.Sub(m.WaitingSince) <= v.Config.RecoveryTimeout+v.Config.FailoverTimeout
}

// runOf is the process of the named pod, which did not lead in its time; nil where there is none.
func runOf(v View, n leader) []string {
	if p, lives := n.pod(v); lives && p.Redis.RunID != "" {
		return []string{p.Redis.RunID}
	}
	return nil
}

// mayReplace: the named master is proven gone, and Sentinel has had its time; it needs none where it could elect nobody,
// as when everything restarted. A holder that comes back alone does not overtake the replicas that never went away.
func mayReplace(v View, m Memory, n leader) bool {
	if !provenGone(v, n) {
		return false
	}
	silent := v.Now.Sub(m.SilentSince)
	patience := v.Config.DownAfter + v.Config.FailoverTimeout
	if failoverRunning(v) || !allSentinelsAnswered(v) {
		// One that does not answer may lead a failover just as well: its silence must not be worth more than its word.
		patience += v.Config.FailoverTimeout
	}
	return silent > patience || !electable(v) || silent > v.Config.DownAfter+sentinelsApart && answeredByStranger(v, n)
}

// sentinelsApart is how much later than down-after the last Sentinel of a set takes a master for dead.
const sentinelsApart = 2 * time.Second

// answeredByStranger: the named pod is gone, and most Sentinels will never fail over: they go on seeing a live server at its
// address, because another's pod has got it, or have let go of the group for that.
func answeredByStranger(v View, n leader) bool {
	_, lives := n.pod(v)
	return v.API && !lives && majority(v, func(s Sentinel) bool { return !s.Monitors || s.Address == n.address && !s.MasterDown })
}

// isHoldersData: this pod has the data claim of the recorded holder.
func isHoldersData(v View, p Pod) bool {
	return p.Name == v.Record.Holder && isMember(v, p)
}

// bestData names the pod whose data leads: the recorded holder's own data, then data under the newest known id by
// offset, then members in sync by keys. Never a stranger while the record knows members. It is asked when everybody has
// answered or has had his time. Processes that are unwilling to lead are left out.
func bestData(v View, m Memory, unwilling []string) (Pod, Reason) {
	pods := candidates(v)
	if allEmpty(v, m) {
		return bestOfNothing(v, m, pods)
	}
	pods = slices.DeleteFunc(pods, func(p Pod) bool { return empty(v, p) || foreign(v, m, p) })
	pods = willing(pods, unwilling)
	if len(pods) == 0 {
		return Pod{}, nobodysData(v, m)
	}
	worth := func(a, b Pod) int { return cmp.Or(compareData(v, a, b), b.Ordinal-a.Ordinal) }
	best := slices.MaxFunc(pods, worth)
	// One history is one sequence: who is further in it has all that the best one has.
	same := slices.DeleteFunc(pods, func(p Pod) bool { return p.Redis.ReplID != best.Redis.ReplID })
	return slices.MaxFunc(same, func(a, b Pod) int { return cmp.Or(sign(a.Redis.Offset-b.Redis.Offset), worth(a, b)) }), ""
}

// bestOfNothing: all that answered are empty. The recorded holder leads, or the lowest, but only when nobody is left who
// may hold the data that they lack.
func bestOfNothing(v View, m Memory, pods []Pod) (Pod, Reason) {
	pods = slices.DeleteFunc(pods, func(p Pod) bool { return foreign(v, m, p) })
	if len(pods) == 0 || slices.ContainsFunc(unheard(v), func(o int) bool { return mayHoldData(v, o) }) {
		return Pod{}, CandidatesSilent
	}
	if i := slices.IndexFunc(pods, func(p Pod) bool { return p.Name == v.Record.Holder }); i >= 0 {
		return pods[i], ""
	}
	return pods[0], ""
}

// mayHoldData: not a pod whose data dies with it, if the group does not know it yet, because it never had any, or if it ends.
func mayHoldData(v View, ordinal int) bool {
	p, born := podOf(v, ordinal)
	return !born || p.VolumeClaim != p.UID || isMember(v, p) && !p.Terminating
}

// willing leaves out the processes that let an offer pass, unless all did: their agents are gone, and the others cannot
// wait for them for ever.
func willing(pods []Pod, unwilling []string) []Pod {
	left := slices.DeleteFunc(slices.Clone(pods), func(p Pod) bool { return slices.Contains(unwilling, p.Redis.RunID) })
	if len(left) == 0 {
		return pods
	}
	return left
}

// nobodysData says why there is data, but none that may lead.
func nobodysData(v View, m Memory) Reason {
	if slices.ContainsFunc(candidates(v), func(p Pod) bool { return foreign(v, m, p) }) {
		return OnlyForeignData
	}
	return CandidatesSilent
}

// allEmpty: of the pods that answered, none holds data. One that ends holds its data still, and its successor may have it.
// Foreign data counts until its owner gives it up.
func allEmpty(v View, m Memory) bool {
	return !slices.ContainsFunc(append([]Pod{v.Self}, v.Peers...), func(p Pod) bool {
		if !p.Injected || p.Redis.Answer != Up || foreign(v, m, p) && v.Config.ReplaceData == p.Name {
			return false
		}
		return p.Redis.Keys > 0 || inLineage(v, p.Redis) && p.Redis.Offset > 0
	})
}

// compareData orders two pods by what their data is worth to the group; positive when a is worth more. It is a plain
// lexicographic order, so that the answer does not depend on who is compared first.
func compareData(v View, a, b Pod) int {
	// A replica that was in sync and never went away has what was acknowledged to it; what a returning holder has on its
	// disk, nobody can compare with it.
	if c := yes(unbroken(v, a)) - yes(unbroken(v, b)); c != 0 {
		return c
	}
	// An id that a restart lost cannot be compared; there the holder's own volume speaks for itself.
	if c := yes(ownsUnknownID(v, a)) - yes(ownsUnknownID(v, b)); c != 0 {
		return c
	}
	if c := rank(v, b.Redis) - rank(v, a.Redis); c != 0 {
		return c
	}
	if a.Redis.ReplID == b.Redis.ReplID && a.Redis.Offset != b.Redis.Offset {
		return sign(a.Redis.Offset - b.Redis.Offset)
	}
	if c := yes(v.Record.Members[a.Ordinal].InSync) - yes(v.Record.Members[b.Ordinal].InSync); c != 0 {
		return c
	}
	return sign(a.Redis.Keys - b.Redis.Keys)
}

// unbroken: a member in sync whose process still has the group's history in memory.
func unbroken(v View, p Pod) bool {
	return isMember(v, p) && v.Record.Members[p.Ordinal].InSync && inLineage(v, p.Redis) && p.Redis.Role == Replica && p.Redis.Priority > 0
}

// ownsUnknownID: the recorded holder's data is back, under an id that the record does not know.
func ownsUnknownID(v View, p Pod) bool {
	return isHoldersData(v, p) && rank(v, p.Redis) == len(v.Record.Lineage)
}

// rank is the place of a history in the lineage: smaller is newer, unknown comes last.
func rank(v View, r Redis) int {
	for i, id := range v.Record.Lineage {
		if id == r.ReplID {
			return i
		}
	}
	return len(v.Record.Lineage)
}

func yes(b bool) int {
	if b {
		return 1
	}
	return 0
}

func sign(n int64) int {
	switch {
	case n > 0:
		return 1
	case n < 0:
		return -1
	}
	return 0
}
