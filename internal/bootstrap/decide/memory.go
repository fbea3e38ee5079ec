// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"errors"
	"slices"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Memory is the only state that an agent carries from one turn to the next and cannot observe again.
type Memory struct {
	// Claimed is the last claim that I attempted, until I have been seen as master by it.
	Claimed Claimed
	// ClaimedAt is when I attempted it.
	ClaimedAt time.Time
	// SyncedRun is the run id under which my replication link was last seen up.
	SyncedRun string
	// MasterSince is when my Redis was first seen as a master that nothing names, and NamedEpoch the greatest epoch that named
	// it while it was master; both are forgotten when it is seen as a replica.
	MasterSince time.Time
	NamedEpoch  uint64
	// SilentSince is when the named master stopped being seen as master; SilentEpoch is the epoch that named it.
	SilentSince time.Time
	SilentEpoch uint64
	// WaitingSince is when the wait for candidates began, WaitedAt when it last went on, and Progress what was seen of them.
	WaitingSince time.Time
	WaitedAt     time.Time
	Progress     string
	// LedEpoch is the epoch of my last claim by which my Redis led, and LedSince when I attempted that.
	LedEpoch uint64
	LedSince time.Time
	// Unpaused reports whether a pause of writes would be my own: the agent before me may have died in one.
	Unpaused bool
	// Paused reports whether one of mine may stand: its end was not sent yet, or nobody knows whether it was heard.
	Paused bool
	// Confirmed is when it was last certain that nobody had taken my place: by Sentinels, by the other pods, or by the record.
	Confirmed time.Time
	// Unproven reports whether my agent found its Redis a master and nothing has confirmed that since. The agent before it may have made
	// it refuse writes, and that stays so.
	Unproven bool
	// OfferedTo is the process that my current offer names, and OfferedAt when the record was first seen with it; Declined are
	// the processes that did not accept one.
	OfferedTo string
	OfferedAt time.Time
	Declined  []string
	// TriedAt is when the last handover began that I still wanted afterwards.
	TriedAt time.Time
	// LeavingSince is since when my pod is about to end.
	LeavingSince time.Time
	// Led is where my Redis was when it was last seen as the master that the record names, and Lead how far that of the group was.
	Led  Position
	Lead Lead
	// Heard is when my Redis last heard the recorded master.
	Heard Heard
	// Kept is what outlives this agent.
	Kept Kept
	// AnsweredRun is the process that my Redis last answered as.
	AnsweredRun string
	// RefusedSince is when connects to my Redis began to be refused, in the life of an agent whom it has never answered.
	RefusedSince time.Time
	// HungSince is when my Redis stopped answering without refusing connects.
	HungSince time.Time
	// Refuses reports whether my Redis refuses writes because it may have been replaced, and TrustedSince since when it is confirmed again.
	Refuses      bool
	TrustedSince time.Time
	// YieldSince is when writes began to be held back for a failover of the Sentinels.
	YieldSince time.Time
	// AdoptedFrom has, by ordinal, the volume claims of pods without an agent whose data I have followed.
	AdoptedFrom map[int]string
	// MaxEpoch is the greatest epoch seen in the record RecordUID, and MaxVersion the last version that had it: a smaller epoch in
	// an older version is stale.
	MaxEpoch   uint64
	MaxVersion string
	RecordUID  string
}

// Position is a place in a history.
type Position struct {
	ReplID string
	Offset int64
}

// Lead is where the recorded master was some time ago. What its data will be back with after a crash, a replica has to have that takes
// over at once.
type Lead struct {
	// Past is where it was at least CrashLoss ago, and Mark where it was at MarkedAt, which will be Past.
	Past, Mark Position
	MarkedAt   time.Time
	// Returns reports whether its data comes back with it: it is on a volume, and every write is written down.
	Returns bool
}

// Claimed is a claim, and the process that it was made for.
type Claimed struct {
	Epoch uint64
	RunID string
}

// remember brings the memory up to date with what any situation needs.
func (s *situation) remember() {
	m, r, rec := &s.memory, &s.Self.Redis, &s.Record
	if rec.Known && rec.UID != m.RecordUID {
		m.RecordUID, m.MaxEpoch, m.MaxVersion = rec.UID, 0, ""
	}
	if rec.Epoch >= m.MaxEpoch && s.recordBelieved() {
		m.MaxEpoch, m.MaxVersion = rec.Epoch, rec.Version
	}
	if m.AnsweredRun == "" && r.Role == model.Replica && r.Following != model.FenceAddress && r.Priority > holderPriority && s.inLineage(r) {
		m.SyncedRun = r.RunID // the agent before me saw it in sync, or it would have the priority that it started with
	}
	if r.Answer != model.Silent {
		m.AnsweredRun = r.RunID
	}
	if !r.Refused || m.AnsweredRun != "" {
		m.RefusedSince = time.Time{}
	} else if m.RefusedSince.IsZero() {
		m.RefusedSince = s.Now
	}
	if r.Answer != model.Silent || r.Refused || r.TurnsAway() {
		m.HungSince = time.Time{}
	} else if m.HungSince.IsZero() {
		m.HungSince = s.Now
	}
	if rec.Known && !s.holdsRecord { // an offer of mine is void
		m.OfferedTo, m.OfferedAt, m.Declined = "", time.Time{}, nil
	}
	if offer := rec.Offer; offer != nil && offer.RunID == m.OfferedTo && m.OfferedAt.IsZero() {
		m.OfferedAt = s.Now // its target could not see it earlier
	}
	if s.master != nil {
		m.SilentSince = time.Time{}
	}
	if p := s.recordedMaster(); p != nil {
		m.Lead.follow(p, s.Now, s.Config.CrashLoss)
	}
	if !s.leaving() {
		m.LeavingSince = time.Time{}
	} else if m.LeavingSince.IsZero() {
		m.LeavingSince = s.Now
	}
	s.hear()
	if r.Answer == model.Up && r.Role == model.Replica {
		m.Unpaused = true
		m.MasterSince, m.NamedEpoch, m.YieldSince, m.Refuses, m.TrustedSince = time.Time{}, 0, time.Time{}, false, time.Time{}
		if r.LinkUp {
			m.SyncedRun = r.RunID
		}
	}
}

// forgetTheFuture moves instants back to now: a clock that was put back must not make a wait longer. A claim whose age nobody knows proves
// nothing any more, nor does what was heard.
func (m *Memory) forgetTheFuture(now time.Time) {
	for _, since := range [...]*time.Time{&m.MasterSince, &m.SilentSince, &m.WaitingSince, &m.WaitedAt, &m.OfferedAt, &m.RefusedSince, &m.HungSince, &m.YieldSince, &m.TrustedSince, &m.TriedAt, &m.LeavingSince, &m.Lead.MarkedAt} {
		if since.After(now) {
			*since = now
		}
	}
	for _, since := range [...]*time.Time{&m.LedSince, &m.ClaimedAt, &m.Heard.At, &m.Heard.Alive} {
		if since.After(now) {
			*since = time.Time{}
		}
	}
}

// ErrNothingHeld is in the error of a handover that came to nothing before a write was held back.
var ErrNothingHeld = errors.New("no write was held back")

// After is what is remembered when a decision was carried out, and how that ended.
func (m Memory) After(d Decision, err error) Memory {
	if d.Action == Handover && errors.Is(err, ErrNothingHeld) {
		m.TriedAt = m.TriedAt.Add(-triesApart + unheldApart)
	}
	resumes := func(c Command) bool { return c.Do == ResumeWrites }
	if err != nil && slices.ContainsFunc(d.Commands, resumes) {
		m.Paused = true
	}
	return m
}
