// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"slices"
	"time"
)

// SentinelAction is what the agent beside a Sentinel does about one group. Each is idempotent.
type SentinelAction int

const (
	// SentinelWait changes nothing.
	SentinelWait SentinelAction = iota
	// Inject tells my Sentinel, as a peer would, that Target is master since Epoch.
	Inject
	// Recreate makes the group anew in my Sentinel: Target, Epoch, settings, true peers.
	Recreate
	// Configure sets the group's settings in my Sentinel.
	Configure
	// Adopt writes a finished native failover into the record.
	Adopt
	// Reissue writes a greater epoch for the living holder into the record.
	Reissue
	// Remove makes my Sentinel forget the group.
	Remove
)

// String names the action as logs and metrics do.
func (a SentinelAction) String() string {
	return [...]string{"wait", "inject", "recreate", "configure", "adopt", "reissue", "remove"}[a]
}

// Watching is how a group is watched: what the record's settings say, or what a Sentinel says it does.
type Watching struct {
	Quorum          int
	DownAfter       time.Duration
	FailoverTimeout time.Duration
	ParallelSyncs   int
}

// Peer is another Sentinel: its identity, and where it is.
type Peer struct {
	ID      string
	Address Address
}

// SeenReplica is a replica as a Sentinel lists it.
type SeenReplica struct {
	Address Address
	Down    bool
	// Priority is replica-priority as the Sentinel last read it, at most ten seconds ago; 0 is never elected.
	Priority int
}

// OwnSentinel is what my Sentinel says of the group.
type OwnSentinel struct {
	Sentinel
	Watching Watching
	Replicas []SeenReplica
	Peers    []Peer
}

// SentinelView is everything that one observation heard of one group, beside one Sentinel.
type SentinelView struct {
	Now    time.Time
	Own    OwnSentinel
	Record Record
	// RecordGone: a live read answered that the record does not exist.
	RecordGone bool
	// Elsewhere: the record exists and names another Sentinel set.
	Elsewhere bool
	Want      Watching
	// Pods of the group, each with what its Redis answered, if it was asked.
	Pods []Pod
	// ForeignServers are addresses that the record or my Sentinel names, that no pod of the group has, and where somebody answers.
	ForeignServers []Address
	// PodsKnown: the list of pods is the API's, not the remains of a failed watch.
	PodsKnown bool
	// Peers are the other Sentinels of my set as they really are.
	Peers []Peer
	// CurrentEpoch is the greatest current-epoch that my Sentinel has stored.
	CurrentEpoch uint64
}

// SentinelMemory is what the agent beside a Sentinel remembers of one group.
type SentinelMemory struct {
	// UnverifiedSince is when my Sentinel began to name UnverifiedEpoch without its master answering.
	UnverifiedSince time.Time
	UnverifiedEpoch uint64
	// MaxEpoch is the greatest epoch seen in the record RecordUID, and NewSince when it was first seen.
	MaxEpoch  uint64
	RecordUID string
	NewSince  time.Time
	// StaleSince is when stale entries were first seen: what is stale for a moment only, goes by itself. PrunedAt is when
	// the group was last made anew for them: a master lists a replica that vanished silently until repl-timeout is over.
	StaleSince time.Time
	PrunedAt   time.Time
	// RenewedAt is when the group was last made anew because nobody in it could be elected.
	RenewedAt time.Time
}

// SentinelDecision is one action with its reason and what carrying it out needs.
type SentinelDecision struct {
	Action SentinelAction
	Reason Reason
	// Target and Epoch of Inject, Recreate, Adopt and Remint.
	Target Address
	Epoch  uint64
	// Holder is the pod that Adopt and Remint write.
	Holder Pod
	// Labels are the role labels that the pods should bear by name; empty removes one.
	Labels  map[string]string
	Recheck time.Duration
}

// atRest is the recheck of a group that needs nothing; watches and Sentinel's own messages wake it earlier.
const atRest = 3 * time.Second

// staleFor is how long an entry must be stale before the group is made anew for it.
const staleFor = 3 * time.Second

// renewEvery is the least time between two re-creations for want of somebody to elect. A Sentinel reads the replicas from
// the master within 0.1 s after it was pointed there, and from each of them soon after.
const renewEvery = 2 * time.Second

// pruneEvery is the least time between two re-creations for stale entries.
const pruneEvery = 30 * time.Second

// NextForSentinel decides for one group of one Sentinel.
func NextForSentinel(v SentinelView, m SentinelMemory) (SentinelDecision, SentinelMemory) {
	if v.Record.Known && v.Record.UID != m.RecordUID {
		m.RecordUID, m.MaxEpoch = v.Record.UID, 0
	}
	if v.Record.Epoch > m.MaxEpoch && Believable(v.Record.Epoch, v.Now) {
		m.MaxEpoch, m.NewSince = v.Record.Epoch, v.Now
	}
	d, m := sentinelSituation(v, m)
	if d.Recheck == 0 {
		d.Recheck = tick
	}
	return d, m
}

func sentinelSituation(v SentinelView, m SentinelMemory) (SentinelDecision, SentinelMemory) {
	own, rec := v.Own, v.Record
	switch {
	case !own.Answered:
		return SentinelDecision{Reason: SentinelSilent}, m
	case v.RecordGone && own.Monitors:
		return SentinelDecision{Action: Remove, Reason: GroupGone}, m
	case v.Elsewhere && own.Monitors:
		return SentinelDecision{Action: Remove, Reason: ServedElsewhere}, m
	case v.RecordGone, v.Elsewhere:
		return SentinelDecision{Reason: GroupAbsent}, m
	case !rec.Known || rec.Epoch < m.MaxEpoch:
		return SentinelDecision{Reason: RecordUnknown}, m
	case !Believable(rec.Epoch, v.Now):
		return SentinelDecision{Reason: EpochUnbelievable}, m
	case own.Monitors && own.FailoverInProgress:
		return SentinelDecision{Reason: FailoverRunning, Recheck: soon}, m
	}
	holder, verified := v.recorded()
	switch {
	case own.Monitors && own.ConfigEpoch > rec.Epoch && Believable(own.ConfigEpoch, v.Now):
		return sentinelAhead(v, m, holder, verified)
	case !rec.HasHolder():
		return SentinelDecision{Reason: NotFormed}, m
	case own.Monitors && own.Address == rec.Address && v.strangerAt(rec.Address):
		return SentinelDecision{Action: Remove, Reason: AddressTaken}, m
	case !verified && own.Monitors && own.Address == rec.Address && v.PodsKnown && v.listsOutsider():
		// Nobody else keeps a failover from promoting the stranger who gets that address next, or from pointing ours at him.
		return toRecord(v, Recreate, StaleEntries), m
	case !verified:
		return SentinelDecision{Reason: HolderUnverified, Recheck: eager(v, m)}, m
	case !own.Monitors:
		return toRecord(v, Recreate, NewGroup), m
	case !Believable(own.ConfigEpoch, v.Now):
		return toRecord(v, Recreate, EpochUnbelievable), m
	case own.ConfigEpoch == rec.Epoch && own.Address != rec.Address:
		return remint(v, holder, EqualEpochs), m
	case own.Address != rec.Address && len(own.Peers) == 0:
		return toRecord(v, Recreate, AloneBehind), m
	case own.ConfigEpoch < rec.Epoch && (own.Address != rec.Address || len(own.Peers) > 0):
		return toRecord(v, Inject, SentinelBehind), m
	}
	return settled(v, m)
}

// eager asks a holder that has just claimed again very soon: its clients wait for Sentinels to name it.
func eager(v SentinelView, m SentinelMemory) time.Duration {
	if v.Now.Sub(m.NewSince) < time.Second {
		return 10 * time.Millisecond
	}
	return 250 * time.Millisecond
}

// recorded is the pod that the record names, and whether it answers as master at the recorded address.
func (v SentinelView) recorded() (Pod, bool) {
	for _, p := range v.Pods {
		if p.UID == v.Record.PodUID && p.Address == v.Record.Address {
			return p, p.Redis.Answer == Up && p.Redis.Role == Master
		}
	}
	return Pod{}, false
}

// ours says whether a pod of the group has an address.
func (v SentinelView) ours(a Address) bool {
	return slices.ContainsFunc(v.Pods, func(p Pod) bool { return p.Address == a })
}

// strangerAt: the address is no pod's of the group, and somebody answers there. A Sentinel takes him for the master, sees
// no reason for a failover, and points our replicas at him.
func (v SentinelView) strangerAt(a Address) bool {
	return v.PodsKnown && !v.ours(a) && slices.Contains(v.ForeignServers, a)
}

// listsStranger: my Sentinel lists somebody as a replica who is none, and will order him to follow our master.
func (v SentinelView) listsStranger() bool {
	return slices.ContainsFunc(v.Own.Replicas, func(r SeenReplica) bool { return v.strangerAt(r.Address) })
}

// listsOutsider: my Sentinel lists a replica at an address that is no pod's of the group.
func (v SentinelView) listsOutsider() bool {
	return slices.ContainsFunc(v.Own.Replicas, func(r SeenReplica) bool { return r.Address != v.Record.Address && !v.ours(r.Address) })
}

// sentinelAhead: my Sentinel names a master at a greater epoch than the record.
func sentinelAhead(v SentinelView, m SentinelMemory, holder Pod, verified bool) (SentinelDecision, SentinelMemory) {
	own := v.Own
	i := slices.IndexFunc(v.Pods, func(p Pod) bool { return p.UID != "" && p.Address == own.Address })
	if i >= 0 && v.Pods[i].Redis.Answer == Up && v.Pods[i].Redis.Role == Master {
		return SentinelDecision{Action: Adopt, Reason: NativeSwitch, Target: own.Address, Epoch: own.ConfigEpoch, Holder: v.Pods[i], Recheck: atOnce}, m
	}
	if m.UnverifiedEpoch != own.ConfigEpoch {
		m.UnverifiedEpoch, m.UnverifiedSince = own.ConfigEpoch, v.Now
	}
	silent := i < 0 || v.Pods[i].Redis.Answer == Silent
	switch {
	case !verified && silent && (v.strangerAt(own.Address) || v.listsStranger()):
		// Who it names is gone as well, and its next failover would promote the stranger or point him at ours.
		return SentinelDecision{Action: Remove, Reason: AddressTaken}, m
	case !verified:
		return SentinelDecision{Reason: SwitchUnverified, Recheck: soon}, m
	case i < 0 && v.PodsKnown:
		return remint(v, holder, SwitchToUnknownAddress), m
	case v.Now.Sub(m.UnverifiedSince) > v.Want.FailoverTimeout:
		return remint(v, holder, SwitchUnverified), m
	}
	return SentinelDecision{Reason: SwitchUnverified, Recheck: soon}, m
}

// remint gives the living holder an epoch above everything that was heard.
func remint(v SentinelView, holder Pod, why Reason) SentinelDecision {
	epoch := NextEpoch(v.Now, v.Record.Epoch, v.Own.ConfigEpoch, v.CurrentEpoch)
	return SentinelDecision{Action: Reissue, Reason: why, Target: holder.Address, Epoch: epoch, Holder: holder, Recheck: atOnce}
}

// toRecord points my Sentinel at what the record says.
func toRecord(v SentinelView, action SentinelAction, why Reason) SentinelDecision {
	return SentinelDecision{Action: action, Reason: why, Target: v.Record.Address, Epoch: v.Record.Epoch, Recheck: atOnce}
}

// settled: address and epoch agree; settings, stale entries and labels are left to care for.
func settled(v SentinelView, m SentinelMemory) (SentinelDecision, SentinelMemory) {
	if v.Own.Watching != v.Want {
		return SentinelDecision{Action: Configure, Reason: SettingsDiffer, Target: v.Record.Address, Labels: roleLabels(v)}, m
	}
	lacks := !v.Own.MasterDown && !listsElectable(v.Own)
	if lacks && anyElectable(v) && v.Now.Sub(m.RenewedAt) >= renewEvery {
		m.RenewedAt = v.Now
		d := toRecord(v, Recreate, NoElectableReplica)
		d.Labels = roleLabels(v)
		return d, m
	}
	if !stale(v) {
		m.StaleSince = time.Time{}
		d := SentinelDecision{Reason: Agreed, Labels: roleLabels(v), Recheck: atRest}
		if lacks && len(v.Pods) > 1 {
			d.Recheck = 500 * time.Millisecond
		}
		return d, m
	}
	if m.StaleSince.IsZero() {
		m.StaleSince = v.Now
	}
	if v.listsStranger() {
		m.PrunedAt = time.Time{}
	} else if v.Now.Sub(m.StaleSince) < staleFor || v.Now.Sub(m.PrunedAt) < pruneEvery {
		return SentinelDecision{Reason: Agreed, Labels: roleLabels(v)}, m
	}
	m.StaleSince, m.PrunedAt = time.Time{}, v.Now
	d := toRecord(v, Recreate, StaleEntries)
	d.Labels = roleLabels(v)
	return d, m
}

// listsElectable: my Sentinel could elect one of the replicas that it lists. It reads them and their priorities every ten
// seconds only, so that a master which dies before would have no successor for two failover timeouts.
func listsElectable(own OwnSentinel) bool {
	return slices.ContainsFunc(own.Replicas, func(r SeenReplica) bool { return !r.Down && r.Priority > 0 })
}

// anyElectable: a replica of the recorded master is in sync and may be elected.
func anyElectable(v SentinelView) bool {
	return slices.ContainsFunc(v.Pods, func(p Pod) bool {
		r := p.Redis
		return !p.Terminating && r.Answer == Up && r.Role == Replica && r.Following == v.Record.Address && r.LinkUp && r.Priority > 0
	})
}

// stale: my Sentinel lists a replica at an address that is no pod of the group, or a Sentinel that is not of my set. Both
// are dangerous: a foreign Redis may be born at such an address, and a ghost counts in every majority.
func stale(v SentinelView) bool {
	if !v.PodsKnown {
		return false
	}
	if slices.ContainsFunc(v.Own.Replicas, func(r SeenReplica) bool { return !v.ours(r.Address) }) {
		return true
	}
	return len(v.Peers) > 0 && slices.ContainsFunc(v.Own.Peers, func(p Peer) bool {
		return !slices.ContainsFunc(v.Peers, func(q Peer) bool { return q.ID == p.ID })
	})
}

// The role labels that pods bear; the webhook's Services select them.
const (
	RoleMasterLabel  = "master"
	RoleReplicaLabel = "replica"
)

// roleLabels says what each pod should be called. A silent replica keeps its name; a silent former master does not, for
// a Service would send writes to it.
func roleLabels(v SentinelView) map[string]string {
	labels := map[string]string{}
	for _, p := range v.Pods {
		r := p.Redis
		switch {
		case p.UID == v.Record.PodUID && r.Answer == Up && r.Role == Master:
			labels[p.Name] = RoleMasterLabel
		case p.UID == v.Record.PodUID || p.Terminating:
			labels[p.Name] = ""
		case r.Answer == Up && r.Role == Replica && r.Following == v.Record.Address && r.LinkUp:
			labels[p.Name] = RoleReplicaLabel
		case r.Answer == Silent && p.Label != RoleMasterLabel:
			labels[p.Name] = p.Label
		default:
			labels[p.Name] = ""
		}
	}
	return labels
}
