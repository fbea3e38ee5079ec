// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"maps"
	"slices"
	"time"
)

// lineageLength bounds the record: older ids than these are of no use to any backlog.
const lineageLength = 16

// hold keeps me master. For down-after nobody may have confirmed it; then writes go on only while every other pod that I
// know answers and follows me, because then nobody else can have been promoted. An API outage alone changes nothing.
func hold(v View, m Memory) (Decision, Memory) {
	confirmed := v.API && holdsRecord(v) || majorityNamesMe(v)
	if confirmed || m.Confirmed.IsZero() {
		m.Confirmed = v.Now
	}
	d := Decision{Action: Retain, Reason: Incumbent, Ready: true, Tuning: masterTuning(v)}
	if !confirmed && v.Now.Sub(m.Confirmed) > v.Config.DownAfter && !everyoneFollowsMe(v) {
		d.Reason, d.Ready = Unconfirmed, false
		d.Tuning.MinReplicas = len(v.Peers) + 1
		return d, m
	}
	if holdsRecord(v) {
		m.Led = Position{v.Self.Redis.ReplID, v.Self.Redis.Offset}
		if heir, why := heirOf(v); why != "" {
			return handOver(v, d, heir, why), m
		}
		m.OfferedTo, m.OfferedAt, m.Declined = "", time.Time{}, nil
		if v.Self.Redis.PersistenceError {
			d.Reason = CannotSave
		}
		if shown(v) {
			d.Members, d.Lineage = membersNow(v), lineageWith(v, v.Self.Redis.ReplID)
		}
	}
	return d, m
}

// handOver gives the mastership away as long as the API can write the offer down; otherwise Sentinel takes it over later.
func handOver(v View, d Decision, heir Pod, why Reason) Decision {
	d.Reason = why
	if why != NoSuccessor && v.API {
		d.Action, d.Successor, d.Recheck = Handover, heir, atOnce
	}
	return d
}

// heirOf says to whom and why I should give the mastership; no reason: I keep it.
func heirOf(v View) (Pod, Reason) {
	leaving, failing := v.Leaving || v.Self.Terminating, v.Self.Redis.PersistenceError
	if !leaving && !failing && (!v.Releasing || v.Self.Ordinal == v.FirstOrdinal) {
		return Pod{}, ""
	}
	var heirs []Pod
	for _, p := range candidates(v) {
		r := p.Redis
		stays := v.Replicas < 0 || p.Ordinal < v.FirstOrdinal+v.Replicas
		saves := leaving || !failing || !r.PersistenceError
		if p.UID != v.Self.UID && stays && saves && r.Role == Replica && r.Following == v.Self.Address && r.LinkUp {
			heirs = append(heirs, p)
		}
	}
	if i := slices.IndexFunc(heirs, func(p Pod) bool { return p.Ordinal == v.FirstOrdinal }); v.Releasing && i >= 0 {
		return heirs[i], HandingToFirst
	}
	switch {
	case !leaving && (!failing || len(heirs) == 0):
		return Pod{}, ""
	case len(heirs) == 0:
		return Pod{}, NoSuccessor
	}
	slices.SortStableFunc(heirs, func(a, b Pod) int {
		if c := yes(b.Updated) - yes(a.Updated); c != 0 {
			return c
		}
		return sign(b.Redis.Offset - a.Redis.Offset)
	})
	if !leaving {
		return heirs[0], CannotSave
	}
	return heirs[0], HandingOver
}

// everyoneFollowsMe is true for a group of one.
func everyoneFollowsMe(v View) bool {
	return !slices.ContainsFunc(v.Peers, func(p Pod) bool {
		r := p.Redis
		return r.Answer != Up || r.Role != Replica || r.Following != v.Self.Address
	})
}

// membersNow is the record's table of members with what the peers said: silence leaves an entry as it was, an answer or
// an absent pod changes it.
func membersNow(v View) map[int]Member {
	members := maps.Clone(v.Record.Members)
	if members == nil {
		members = map[int]Member{}
	}
	for ordinal, member := range members {
		if _, lives := podOf(v, ordinal); !lives && member.InSync {
			members[ordinal] = Member{VolumeClaim: member.VolumeClaim}
		}
	}
	for _, p := range v.Peers {
		r := p.Redis
		if r.Answer != Up || !p.Injected {
			continue
		}
		inSync := r.Role == Replica && r.Following == v.Self.Address && r.LinkUp
		if inSync || members[p.Ordinal].VolumeClaim == p.VolumeClaim {
			members[p.Ordinal] = Member{VolumeClaim: p.VolumeClaim, InSync: inSync}
		}
	}
	members[v.Self.Ordinal] = Member{VolumeClaim: v.Self.VolumeClaim, InSync: true}
	return members
}

// membersAtClaim keeps what the record knew, adds me and the pods that are empty, whose next data will be the group's, and
// adds the pods without an agent whose data I have followed.
func membersAtClaim(v View, m Memory) map[int]Member {
	members := map[int]Member{}
	for ordinal, claim := range m.AdoptedFrom {
		members[ordinal] = Member{VolumeClaim: claim}
	}
	maps.Copy(members, v.Record.Members)
	for _, p := range candidates(v) {
		if p.VolumeClaim != "" && empty(v, p) && !isMember(v, p) {
			members[p.Ordinal] = Member{VolumeClaim: p.VolumeClaim}
		}
	}
	members[v.Self.Ordinal] = Member{VolumeClaim: v.Self.VolumeClaim, InSync: true}
	return members
}

// membersWith is the record's table with the claim of one more pod, which is not in sync yet.
func membersWith(v View, p Pod) map[int]Member {
	members := maps.Clone(v.Record.Members)
	if members == nil {
		members = map[int]Member{}
	}
	members[p.Ordinal] = Member{VolumeClaim: p.VolumeClaim}
	return members
}

// lineageWith puts an id in front of the record's lineage, once.
func lineageWith(v View, id string) []string {
	if !realID(id) || len(v.Record.Lineage) > 0 && v.Record.Lineage[0] == id {
		return v.Record.Lineage
	}
	lineage := []string{id}
	for _, old := range v.Record.Lineage {
		if old != id && len(lineage) < lineageLength {
			lineage = append(lineage, old)
		}
	}
	return lineage
}
