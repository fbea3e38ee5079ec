// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

const (
	// tick is how long the agent waits for a wake-up before it observes again, and soon where something is about to change.
	tick = time.Second
	soon = 100 * time.Millisecond
	// atOnce follows an action, whose effect only the next observation shows.
	atOnce = time.Millisecond
	// atRest is the recheck of a group that needs nothing; watches and Sentinel's own messages wake it earlier.
	atRest = 3 * time.Second
	// convinced is how long a pod that my Sentinel names has to be seen in sync with the recorded master before it is certain that
	// nobody promoted it: what is named and what the pods say is not of one instant.
	convinced = 500 * time.Millisecond
	// staleFor is how long an entry must be stale before the group is recreated because of it.
	staleFor = time.Second
	// renewEvery is the least time between two re-creations for lack of an electable replica. A Sentinel reads the replicas
	// from the master within 0.1 s after it was pointed there, and from each of them soon after.
	renewEvery = 2 * time.Second
	// pruneEvery is the least time between two re-creations for stale entries.
	pruneEvery = 10 * time.Second
)

// Next decides for one group of one Sentinel. It is total: every view gives an action or a named wait.
func Next(v model.SentinelView, m Memory) (Decision, Memory) {
	s := situation{SentinelView: v, memory: m}
	s.findFacts()
	d := s.decide()
	d.Leads = s.verified && (d.Labels != nil || d.Action == Inject || d.Action == Recreate)
	if d.Recheck == 0 {
		d.Recheck = tick
	}
	return d, s.memory
}

// decide is the table: the first row that holds decides.
func (s *situation) decide() Decision {
	own, rec := &s.Own, &s.Record
	switch {
	case !own.Answered:
		return wait(model.SentinelSilent)
	case s.NameTaken: // what my Sentinel monitors under the name is the other's
		return wait(model.NameTaken)
	case s.RecordGone && own.Monitors:
		return remove(model.GroupGone)
	case s.Elsewhere && own.Monitors:
		return remove(model.ServedElsewhere)
	case s.RecordGone, s.Elsewhere:
		return wait(model.GroupAbsent)
	case !rec.Known || s.recordIsStale():
		return wait(model.RecordUnknown)
	case !s.recordBelieved():
		return wait(model.EpochUnbelievable)
	case s.failoverCannotEnd() && own.ConfigEpoch > rec.Epoch: // the record goes first, or what is recreated would be behind what it said
		return s.reissue(model.FailoverStuck)
	case s.failoverCannotEnd():
		return s.recreate(model.FailoverStuck)
	case own.Monitors && own.FailoverInProgress && s.mayOrderForeignServer(): // at its end it points every server that it lists at the promoted one
		return remove(model.AddressTaken)
	case own.Monitors && own.FailoverInProgress:
		return Decision{Reason: model.FailoverRunning, Recheck: soon}
	case own.Monitors && own.ConfigEpoch > rec.Epoch && s.believes(own.ConfigEpoch):
		return s.sentinelAhead()
	case !rec.HasHolder():
		return wait(model.NotFormed)
	case s.namesHolder() && s.foreignServerAt(rec.Address):
		return remove(model.AddressTaken)
	case !s.verified && s.namesHolder() && s.PodsKnown && s.mayElectUnknown():
		// Nothing else keeps a failover from promoting the server that gets that address next, or from pointing ours at it.
		return s.forgetStale()
	case !s.verified && s.namesNobody() && s.mayOrderForeignServer():
		return remove(model.AddressTaken)
	case !s.verified:
		return Decision{Reason: model.HolderUnverified, Recheck: s.holderRecheck()}
	case !own.Monitors:
		return s.recreate(model.NewGroup)
	case !s.believes(own.ConfigEpoch):
		return s.recreate(model.EpochUnbelievable)
	case own.ConfigEpoch == rec.Epoch && own.Address != rec.Address:
		return s.reissue(model.EqualEpochs)
	case own.Address != rec.Address && len(own.Peers) == 0:
		return s.recreate(model.AloneBehind)
	case own.ConfigEpoch < rec.Epoch && len(own.Peers) > 0:
		return s.inject(model.SentinelBehind)
	}
	return s.settled()
}

// sentinelAhead decides where my Sentinel names a master at a greater epoch than the record.
func (s *situation) sentinelAhead() Decision {
	own := &s.Own
	named, known := s.podAt(own.Address)
	if known && isMaster(named) {
		return s.name(Adopt, model.NativeSwitch, named, own.ConfigEpoch)
	}
	if s.memory.UnverifiedEpoch != own.ConfigEpoch {
		s.memory.UnverifiedEpoch, s.memory.UnverifiedSince = own.ConfigEpoch, s.Now
	}
	switch {
	case !s.verified && s.namesNobody() && s.mayOrderForeignServer():
		return remove(model.AddressTaken)
	case !s.verified:
		return Decision{Reason: model.SwitchUnverified, Recheck: soon}
	case !known && s.PodsKnown:
		return s.reissue(model.SwitchToUnknownAddress)
	case s.Now.Sub(s.memory.UnverifiedSince) > s.Want.FailoverTimeout,
		known && s.inSync(named) && s.Now.Sub(s.memory.UnverifiedSince) > convinced:
		return s.reissue(model.SwitchUnverified)
	}
	return Decision{Reason: model.SwitchUnverified, Recheck: soon}
}

// settled decides when address and epoch agree: what is left are settings, stale entries and labels.
func (s *situation) settled() Decision {
	if s.Own.Watching != s.Want {
		return Decision{
			Action: Configure, Reason: model.SettingsDiffer, Target: s.Record.Address, Labels: s.roleLabels(),
			Command: &Command{Do: Configure, Watching: s.Want},
		}
	}
	lacks := !s.Own.MasterDown && !s.listsElectable()
	if lacks && s.anyElectable() && s.Now.Sub(s.memory.RenewedAt) >= renewEvery {
		s.memory.RenewedAt = s.Now
		return s.labelled(s.recreate(model.NoElectableReplica))
	}
	if !s.listsStale() {
		s.memory.StaleSince = time.Time{}
		d := s.labelled(Decision{Reason: model.Agreed, Recheck: atRest})
		if lacks && len(s.Pods) > 1 {
			d.Recheck = 500 * time.Millisecond
		}
		return d
	}
	if s.memory.StaleSince.IsZero() {
		s.memory.StaleSince = s.Now
	}
	if s.listsForeignServer() {
		s.memory.PrunedAt = time.Time{}
	} else if s.Now.Sub(s.memory.StaleSince) < staleFor || s.Now.Sub(s.memory.PrunedAt) < pruneEvery {
		return s.labelled(wait(model.Agreed))
	}
	s.memory.StaleSince, s.memory.PrunedAt, s.memory.RenewedAt = time.Time{}, s.Now, s.Now
	return s.labelled(s.forgetStale())
}

// holderRecheck is the recheck for a holder that has just claimed: it is asked again very soon, because its clients wait for Sentinels
// to name it.
func (s *situation) holderRecheck() time.Duration {
	if s.Now.Sub(s.memory.NewSince) < time.Second {
		return 10 * time.Millisecond
	}
	return 250 * time.Millisecond
}

func wait(why model.Reason) Decision { return Decision{Reason: why} }

func remove(why model.Reason) Decision {
	return Decision{Action: Remove, Reason: why, Command: &Command{Do: Remove}}
}

// recreate makes my Sentinel forget everything about the group except what the record says.
func (s *situation) recreate(why model.Reason) Decision {
	target, epoch := s.Record.Address, s.Record.Epoch
	return Decision{
		Action: Recreate, Reason: why, Target: target, Epoch: epoch, Recheck: atOnce,
		Command: &Command{Do: Recreate, Master: target, Epoch: epoch, Watching: s.Want, Peers: s.Peers},
	}
}

// forgetStale recreates the group without the entries that are stale, and without any that the master does not list any more, or cannot: a
// Sentinel that has forgotten the replicas of a master that dies elects nobody, and replicas lead without it only where the API is.
func (s *situation) forgetStale() Decision {
	d := s.recreate(model.StaleEntries)
	d.Live = true
	return d
}

// inject speaks in the name of a peer that my Sentinel lists: it would listen to no other. A Sentinel without peers is given a
// recreated group before it comes to this.
func (s *situation) inject(why model.Reason) Decision {
	target, epoch := s.Record.Address, s.Record.Epoch
	return Decision{
		Action: Inject, Reason: why, Target: target, Epoch: epoch, Recheck: atOnce,
		Command: &Command{Do: Inject, From: s.Own.Peers[0], Master: target, Epoch: epoch},
	}
}

// reissue gives the present holder an epoch above everything that was heard.
func (s *situation) reissue(why model.Reason) Decision {
	known := max(s.Record.Epoch, s.memory.MaxEpoch) // believed, whatever the clock says now
	epoch := max(model.NextEpoch(s.Now, known, s.Own.ConfigEpoch, s.CurrentEpoch), model.EpochAbove(known))
	return s.name(Reissue, why, s.holder, epoch)
}

// name writes into the record a pod that exists and answers as master.
func (s *situation) name(action Action, why model.Reason, p *model.Pod, epoch uint64) Decision {
	next := s.Record
	next.Holder, next.PodUID, next.Address, next.Epoch, next.Offer = p.Name, p.UID, p.Address, epoch, nil
	return Decision{Action: action, Reason: why, Target: p.Address, Epoch: epoch, Record: &next, Recheck: atOnce}
}

func (s *situation) labelled(d Decision) Decision {
	d.Labels = s.roleLabels()
	return d
}
