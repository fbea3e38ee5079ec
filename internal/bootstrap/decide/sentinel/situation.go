// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// situation is one view with the facts that the table asks for, and the memory brought up to date.
type situation struct {
	model.SentinelView
	memory Memory
	// holder is the pod that the record names, nil where there is none. verified reports whether it answers as master at the
	// recorded address.
	holder   *model.Pod
	verified bool
}

// findFacts looks at the view once, and brings the memory up to date.
func (s *situation) findFacts() {
	m, rec := &s.memory, &s.Record
	if rec.Known && rec.UID != m.RecordUID {
		m.RecordUID, m.MaxEpoch, m.MaxVersion = rec.UID, 0, ""
	}
	if rec.Epoch >= m.MaxEpoch && s.recordBelieved() {
		if rec.Epoch > m.MaxEpoch {
			m.NewSince = s.Now
		}
		m.MaxEpoch, m.MaxVersion = rec.Epoch, rec.Version
	}
	switch running := s.Own.Monitors && s.Own.FailoverInProgress; {
	case !running:
		m.FailoverSince = time.Time{}
	case m.FailoverSince.IsZero() || m.FailoverSince.After(s.Now):
		m.FailoverSince = s.Now
	}
	for i := range s.Pods {
		if p := &s.Pods[i]; p.UID == rec.PodUID && p.Address == rec.Address {
			s.holder, s.verified = p, isMaster(p)
			break
		}
	}
}

// failoverCannotEnd reports whether my Sentinel is in a failover that goes on for ever, while the recorded master lives: it waits for the pod that
// it promoted, which is gone or down. Where another Sentinel made the former master lead again, it does not even hear of that: it
// takes the address for the one that it has.
func (s *situation) failoverCannotEnd() bool {
	own, rec := &s.Own, &s.Record
	if !own.Monitors || !own.FailoverInProgress || !s.verified || own.Address == rec.Address {
		return false
	}
	return s.PodsKnown && !s.ours(own.Address) || s.Now.Sub(s.memory.FailoverSince) > 2*s.Want.FailoverTimeout
}

// recordIsStale reports whether the record is older than one that was seen before. A smaller epoch in a later version is a fact.
func (s *situation) recordIsStale() bool {
	return s.Record.Epoch < s.memory.MaxEpoch && !s.Record.LaterThan(s.memory.MaxVersion)
}

// recordBelieved reports whether the record's epoch can be honest. One that was believed once stays so when the clock is put back.
func (s *situation) recordBelieved() bool {
	return model.Recordable(s.Record.Epoch, s.Now) || s.Record.Epoch <= s.memory.MaxEpoch
}

// believes reports whether my Sentinel can honestly say an epoch: what the record says too, it has been told.
func (s *situation) believes(epoch uint64) bool {
	return model.Believable(epoch, s.Now) || epoch <= s.memory.MaxEpoch || s.recordBelieved() && epoch <= s.Record.Epoch
}

// isMaster reports whether a pod's Redis answers role:master.
func isMaster(p *model.Pod) bool {
	return p.Redis.Answer == model.Up && p.Redis.Role == model.Master
}

// podAt finds the pod of the group at an address.
func (s *situation) podAt(a model.Address) (*model.Pod, bool) {
	for i := range s.Pods {
		if p := &s.Pods[i]; p.UID != "" && p.Address == a {
			return p, true
		}
	}
	return nil, false
}

// ours reports whether a pod of the group has an address.
func (s *situation) ours(a model.Address) bool {
	return slices.ContainsFunc(s.Pods, func(p model.Pod) bool { return p.Address == a })
}

// namesHolder reports whether my Sentinel monitors the group at the recorded address.
func (s *situation) namesHolder() bool { return s.Own.Monitors && s.Own.Address == s.Record.Address }

// namesNobody reports whether my Sentinel monitors the group, and the master that it names is gone or silent too.
func (s *situation) namesNobody() bool {
	named, known := s.podAt(s.Own.Address)
	return s.Own.Monitors && (!known || named.Redis.Answer == model.Silent)
}

// mayOrderForeignServer reports whether the next failover of my Sentinel would promote a foreign server, or point it at ours.
func (s *situation) mayOrderForeignServer() bool {
	return s.foreignServerAt(s.Own.Address) || s.listsForeignServer()
}

// foreignServerAt reports whether a server answers at an address that no pod of the group has. A Sentinel takes it for the
// master, sees no reason for a failover, and points our replicas at it.
func (s *situation) foreignServerAt(a model.Address) bool {
	return s.PodsKnown && !s.ours(a) && slices.Contains(s.ForeignServers, a)
}

// listsForeignServer reports whether my Sentinel lists as a replica a server that is not one of ours, and will order it to
// follow our master.
func (s *situation) listsForeignServer() bool {
	return slices.ContainsFunc(s.Own.Replicas, func(r model.SeenReplica) bool { return s.foreignServerAt(r.Address) })
}

// mayElectUnknown reports whether my Sentinel could elect a replica at an address that no pod of the group has. A pod that was replaced
// leaves such an entry for seconds; nobody is elected there before something answers.
func (s *situation) mayElectUnknown() bool {
	return slices.ContainsFunc(s.Own.Replicas, func(r model.SeenReplica) bool {
		return r.Address != s.Record.Address && !s.ours(r.Address) && (!r.Down || slices.Contains(s.ForeignServers, r.Address))
	})
}

// listsElectable reports whether my Sentinel could elect one of the replicas that it lists. It reads them and their priorities
// only every ten seconds, so that a master which dies before would have no successor for two failover timeouts.
func (s *situation) listsElectable() bool {
	return slices.ContainsFunc(s.Own.Replicas, func(r model.SeenReplica) bool { return !r.Down && r.Priority > 0 })
}

// anyElectable reports whether a replica of the recorded master is in sync and may be elected.
func (s *situation) anyElectable() bool {
	return slices.ContainsFunc(s.Pods, func(p model.Pod) bool {
		return !p.Terminating && s.inSync(&p) && p.Redis.Priority > 0
	})
}

// inSync reports whether a pod's Redis follows the recorded master and its link is up.
func (s *situation) inSync(p *model.Pod) bool {
	r := &p.Redis
	return r.Answer == model.Up && r.Role == model.Replica && r.Following == s.Record.Address && r.LinkUp
}

// listsStale reports whether my Sentinel lists a replica at an address that no pod of the group has, or a Sentinel that is not
// of my set. Both are dangerous: a foreign Redis may get such an address, and a ghost counts in every majority.
func (s *situation) listsStale() bool {
	if !s.PodsKnown {
		return false
	}
	if slices.ContainsFunc(s.Own.Replicas, func(r model.SeenReplica) bool { return !s.ours(r.Address) }) {
		return true
	}
	return len(s.Peers) > 0 && slices.ContainsFunc(s.Own.Peers, func(p model.Peer) bool {
		return !slices.ContainsFunc(s.Peers, func(q model.Peer) bool { return q.ID == p.ID })
	})
}
