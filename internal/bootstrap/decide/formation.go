// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// formation chooses the first master of a group whose record has no holder.
func formation(v View, m Memory) (Decision, Memory) {
	if plain := plainPods(v); len(plain) > 0 {
		return adoption(v, m, plain)
	}
	if anyMaster(v) && v.Self.Redis.Role != Master {
		return keep(v, m, AnotherLeads), m
	}
	m, expired := patience(v, m, true)
	if len(unheard(v)) > 0 && !expired {
		return keep(v, m, CandidatesSilent), m
	}
	leader, why := firstMaster(v, m)
	switch {
	case leader < 0:
		return keep(v, m, why), m
	case leader != v.Self.Ordinal:
		return keep(v, m, AnotherLeads), m
	}
	return claim(v, m, why)
}

// waitGoesOn is how long a wait may be out of sight: whatever lies between was no wait.
const waitGoesOn = 5 * time.Second

// patience keeps the clock of the wait for possible holders: it begins anew at each sign of progress of any of them, and
// after a time in which nothing was waited for. Unless unborn counts, it does not run while a possible holder has no pod; nor
// while the recorded holder loads, or anybody before there is one: a large data set takes its time.
func patience(v View, m Memory, unborn bool) (Memory, bool) {
	var seen strings.Builder
	missing, loading := false, false
	for _, o := range possibleHolders(v) {
		p, born := podOf(v, o)
		missing = missing || !born
		loading = loading || p.Redis.Answer == Loading && (p.Name == v.Record.Holder || !v.Record.HasHolder())
		seen.WriteString(strconv.Itoa(o) + p.UID + strconv.Itoa(int(p.Redis.Answer)) + ";")
	}
	if v.Now.Sub(m.WaitedAt) > waitGoesOn || m.Progress != seen.String() || missing && !unborn || loading {
		m.WaitingSince, m.Progress = v.Now, seen.String()
	}
	m.WaitedAt = v.Now
	return m, v.Now.Sub(m.WaitingSince) > v.Config.RecoveryTimeout
}

// firstMaster names the ordinal that begins the group, or -1 with the reason why nobody may.
func firstMaster(v View, m Memory) (int, Reason) {
	var holders, blanks []Pod
	for _, p := range candidates(v) {
		if p.Redis.Keys == 0 {
			blanks = append(blanks, p)
		} else {
			holders = append(holders, p)
		}
	}
	if i := byName(append(slices.Clone(holders), blanks...), v.Config.InitialMaster); i >= 0 {
		return i, BestData
	}
	if len(holders) == 0 {
		if len(blanks) == 0 || !allEmpty(v, m) {
			return -1, CandidatesSilent
		}
		return blanks[0].Ordinal, AllEmpty
	}
	best := holders[0]
	for _, p := range holders[1:] {
		if !related(m, best, p) {
			return -1, UnrelatedData
		}
		best = furthest(best, p)
	}
	return best.Ordinal, BestData
}

// candidates are the pods with an agent whose Redis answered, is new enough, and does not leave, by ordinal.
func candidates(v View) []Pod {
	var pods []Pod
	for _, p := range append([]Pod{v.Self}, v.Peers...) {
		if p.Injected && !p.Terminating && p.Redis.Answer == Up && !p.Redis.TooOld {
			pods = append(pods, p)
		}
	}
	slices.SortFunc(pods, func(a, b Pod) int { return a.Ordinal - b.Ordinal })
	return pods
}

// byName finds the ordinal of the pod that the user chose, among those that answered.
func byName(pods []Pod, name string) int {
	for _, p := range pods {
		if name != "" && p.Name == name {
			return p.Ordinal
		}
	}
	return -1
}

// related says whether two data sets are of one history: they share an id, or one of them is the claim whose data I
// followed before its pod had an agent (a restart with AOF loses the ids, so ids alone cannot tell).
func related(m Memory, a, b Pod) bool {
	adopted := func(p Pod) bool { return m.AdoptedFrom[p.Ordinal] == p.VolumeClaim && p.VolumeClaim != "" }
	return shareID(a.Redis, b.Redis) || adopted(a) || adopted(b)
}

// shareID compares the present and the former ids of two servers.
func shareID(a, b Redis) bool {
	for _, x := range []string{a.ReplID, a.ReplID2} {
		for _, y := range []string{b.ReplID, b.ReplID2} {
			if realID(x) && x == y {
				return true
			}
		}
	}
	return false
}

// furthest prefers the greater offset under one id. Between different ids it prefers the one with an offset: a process
// that restarted from AOF has none, and the replicas that followed it have all that it acknowledged to them.
func furthest(a, b Pod) Pod {
	if b.Redis.Offset > a.Redis.Offset {
		return b
	}
	return a
}

// plainPods are the living pods of the StatefulSet that have no agent yet.
func plainPods(v View) []Pod {
	var pods []Pod
	for _, p := range v.Peers {
		if !p.Injected {
			pods = append(pods, p)
		}
	}
	slices.SortFunc(pods, func(a, b Pod) int { return a.Ordinal - b.Ordinal })
	return pods
}

// adoption: a running StatefulSet was labelled, and its pods get their agents one by one from the highest ordinal. Plain
// pods are masters each of its own; the one with the data leads, and whoever has an agent follows it.
func adoption(v View, m Memory, plain []Pod) (Decision, Memory) {
	leader, why := plainLeader(v, plain)
	if why != "" {
		return keep(v, m, why), m
	}
	mine := v.Self.Redis
	if mine.Keys > 0 && leader.Redis.Keys == 0 && m.SyncedRun != mine.RunID {
		// I hold the data and the plain pods hold none: nobody's data is at stake, and the rollout must go on to the
		// formation in which mine leads.
		d := keep(v, m, AdoptionGoesOn)
		d.Ready = true
		return d, m
	}
	chosen := v.Config.ReplaceData == v.Self.Name || v.Config.InitialMaster == leader.Name && isMember(v, v.Self)
	if mine.Keys > 0 && !shareID(mine, leader.Redis) && m.SyncedRun != mine.RunID && !chosen {
		return keep(v, m, AdoptingForeign), m
	}
	d := follow(adopted(v, leader), m, leader, Adopting)
	if m.AdoptedFrom == nil {
		m.AdoptedFrom = map[int]string{}
	}
	if syncedOnce(v, m) {
		m.AdoptedFrom[leader.Ordinal] = leader.VolumeClaim
		d.Ready = true
	}
	return d, m
}

// adopted is the view in which my own data counts as known, because adoption has compared it with the leader's itself.
func adopted(v View, leader Pod) View {
	v.Record.Lineage = append(slices.Clone(v.Record.Lineage), v.Self.Redis.ReplID, leader.Redis.ReplID)
	return v
}

// plainLeader finds the one plain master with keys; the lowest ordinal when none has any.
func plainLeader(v View, plain []Pod) (Pod, Reason) {
	var masters []Pod
	for _, p := range plain {
		switch {
		case p.Redis.Answer != Up:
			return Pod{}, PlainPodsSilent
		case p.Redis.Role == Master && p.Redis.Keys > 0:
			masters = append(masters, p)
		}
	}
	if i := byName(masters, v.Config.InitialMaster); i >= 0 {
		p, _ := podOf(v, i)
		return p, ""
	}
	switch {
	case len(masters) > 1:
		return Pod{}, SeveralPlainMasters
	case len(masters) == 1:
		return masters[0], ""
	}
	return plain[0], ""
}
