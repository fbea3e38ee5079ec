// SPDX-License-Identifier: Apache-2.0

package decide

import "slices"

// leader is what the greatest epoch says.
type leader struct {
	epoch   uint64
	address Address
	// podUID is known only where the record is the source.
	podUID string
}

// exists is false while nothing names a master.
func (n leader) exists() bool { return n.epoch > 0 && n.address != Address{} }

// named finds the greatest believable epoch. At equal epochs the record wins, whatever a Sentinel says; a Sentinel in the
// middle of a failover is not asked.
func named(v View) leader {
	var n leader
	if v.Record.HasHolder() && Believable(v.Record.Epoch, v.Now) {
		n = leader{v.Record.Epoch, v.Record.Address, v.Record.PodUID}
	}
	for _, s := range v.Sentinels {
		if s.Answered && s.Monitors && !s.FailoverInProgress && Believable(s.ConfigEpoch, v.Now) && n.outranked(s) {
			n = leader{epoch: s.ConfigEpoch, address: s.Address}
		}
	}
	return n
}

// outranked: a Sentinel names another at a greater epoch. Where two Sentinels differ at one epoch, any fixed order between
// their addresses is as good, as long as every agent takes the same.
func (n leader) outranked(s Sentinel) bool {
	return s.ConfigEpoch > n.epoch || s.ConfigEpoch == n.epoch && n.podUID == "" && s.Address.String() < n.address.String()
}

// isSelf holds only with my address and, where the record speaks, with my pod uid: a name is not an identity.
func (n leader) isSelf(v View) bool {
	return n.exists() && n.address == v.Self.Address && (n.podUID == "" || n.podUID == v.Self.UID)
}

// pod finds the living pod that is named, among the peers.
func (n leader) pod(v View) (Pod, bool) {
	for _, p := range v.Peers {
		if p.UID != "" && p.Address == n.address && (n.podUID == "" || n.podUID == p.UID) {
			return p, true
		}
	}
	return Pod{}, false
}

// verifiedMaster is the named pod, if its Redis answers role:master.
func (n leader) verifiedMaster(v View) (Pod, bool) {
	p, ok := n.pod(v)
	return p, ok && p.Redis.Answer == Up && p.Redis.Role == Master
}

// anyMaster says whether an injected peer answers role:master, named or not.
func anyMaster(v View) bool {
	return slices.ContainsFunc(v.Peers, func(p Pod) bool {
		return p.Injected && p.Redis.Answer == Up && p.Redis.Role == Master
	})
}

// failoverRunning says whether a Sentinel that answered shows a failover of this group.
func failoverRunning(v View) bool {
	return slices.ContainsFunc(v.Sentinels, func(s Sentinel) bool { return s.Answered && s.FailoverInProgress })
}

// allSentinelsAnswered is the opposite of silence; an empty set is silent.
func allSentinelsAnswered(v View) bool {
	return len(v.Sentinels) > 0 && !slices.ContainsFunc(v.Sentinels, func(s Sentinel) bool { return !s.Answered })
}

// majority counts the Sentinels for which yes holds against the size of the whole set, silent ones included.
func majority(v View, yes func(Sentinel) bool) bool {
	n := 0
	for _, s := range v.Sentinels {
		if s.Answered && yes(s) {
			n++
		}
	}
	return n > len(v.Sentinels)/2
}

// majorityNamesMe says whether most Sentinels of the set send clients to my Redis.
func majorityNamesMe(v View) bool {
	return majority(v, func(s Sentinel) bool { return s.Monitors && s.Address == v.Self.Address })
}

// provenGone says whether the named master is gone by somebody's answer. My own silence is never proof.
func provenGone(v View, n leader) bool {
	holder, lives := n.pod(v)
	if v.API && !lives && !n.isSelf(v) {
		return true
	}
	if majority(v, func(s Sentinel) bool { return s.MasterDown }) {
		return true
	}
	if majority(v, func(Sentinel) bool { return true }) || !lives || holder.Ready || !v.API {
		return false
	}
	for _, p := range append([]Pod{v.Self}, v.Peers...) {
		if p.UID != holder.UID && (p.Redis.Answer != Up || p.Redis.Role != Replica || p.Redis.LinkUp) {
			return false
		}
	}
	return true
}

// electable says whether Sentinel could still promote somebody: a replica that answers and whose priority allows it.
func electable(v View) bool {
	return slices.ContainsFunc(append([]Pod{v.Self}, v.Peers...), func(p Pod) bool {
		return p.Redis.Answer == Up && p.Redis.Role == Replica && p.Redis.Priority > 0
	})
}

// blank is a process that has no history known to the record.
func blank(v View, r Redis) bool { return r.Offset == 0 && !inLineage(v, r) }

// empty is a node that may be overwritten without asking: no key, and either a blank process or a data claim that the
// group does not know. A node that was emptied by FLUSHALL is not empty: it holds the group's newest history.
func empty(v View, p Pod) bool {
	if p.Redis.Answer != Up || p.Redis.Keys > 0 || p.Redis.LinkUp {
		return false
	}
	return blank(v, p.Redis) || !isMember(v, p)
}

// inLineage says whether the record knows the history of this data.
func inLineage(v View, r Redis) bool {
	return slices.Contains(v.Record.Lineage, r.ReplID) || realID(r.ReplID2) && slices.Contains(v.Record.Lineage, r.ReplID2)
}

// realID tells a replication id from the zeros that stand for none.
func realID(id string) bool {
	for _, c := range id {
		if c != '0' {
			return true
		}
	}
	return false
}

// isMember says whether the data claim of this pod belonged to the group.
func isMember(v View, p Pod) bool {
	member, ok := v.Record.Members[p.Ordinal]
	return ok && member.VolumeClaim == p.VolumeClaim
}

// foreign is data that must not be replaced without a word from its owner: keys, in a claim that the group does not
// know, under ids that it does not know. Ids lost by a restart are unknown, not foreign: the claim speaks for them.
func foreign(v View, m Memory, p Pod) bool {
	if p.Redis.Answer != Up || p.Redis.Keys == 0 || isMember(v, p) || inLineage(v, p.Redis) {
		return false
	}
	return p.UID != v.Self.UID || m.SyncedRun != p.Redis.RunID
}

// possibleHolders are the ordinals that may hold data: those with a pod, and those whose claim exists and whose pod the
// StatefulSet would create.
func possibleHolders(v View) []int {
	ordinals := []int{v.Self.Ordinal}
	for _, p := range v.Peers {
		ordinals = append(ordinals, p.Ordinal)
	}
	for _, o := range v.VolumeClaims {
		if o >= v.FirstOrdinal && (v.Replicas < 0 || o < v.FirstOrdinal+v.Replicas) {
			ordinals = append(ordinals, o)
		}
	}
	slices.Sort(ordinals)
	return slices.Compact(ordinals)
}

// podOf finds the pod of an ordinal, mine included.
func podOf(v View, ordinal int) (Pod, bool) {
	if ordinal == v.Self.Ordinal {
		return v.Self, true
	}
	for _, p := range v.Peers {
		if p.Ordinal == ordinal {
			return p, true
		}
	}
	return Pod{}, false
}

// unheard lists the possible holders whose Redis has not answered with its data; what one that is too old holds can lead
// only when it comes back as a newer one.
func unheard(v View) []int {
	return slices.DeleteFunc(possibleHolders(v), func(o int) bool {
		p, ok := podOf(v, o)
		return ok && p.Redis.Answer == Up && !p.Redis.TooOld
	})
}

// WantsLiveRecord says whether a decision hangs on the record as it is now: nobody else confirms that I am master, or
// the named master does not answer as one.
func WantsLiveRecord(v View) bool {
	n := named(v)
	if n.isSelf(v) {
		return v.Self.Redis.Role != Master || !majorityNamesMe(v)
	}
	_, verified := n.verifiedMaster(v)
	return n.exists() && !verified || v.Self.Redis.Role == Master
}
