// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"cmp"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// relation is how one data set stands to another. It is a partial order: data that cannot be compared is neither behind nor ahead.
type relation int

const (
	// unknown says that nothing both have tells; a restart from an append-only file loses the ids.
	unknown relation = iota
	// behind says that all that the first holds of their history, the other holds too, or that the other's history went on where
	// the first one's ended.
	behind
	equal
	ahead
)

// relate compares two data sets by what servers say of them and by the lineage. Offsets compare under one id only. A history that
// grew out of another is ahead of it, however long that one went on by itself: what it wrote after they parted was lost when the
// other was made master.
func (s *situation) relate(a, b *model.Redis) relation {
	switch {
	case a.ReplID == b.ReplID:
		return relation(cmp.Compare(a.Offset, b.Offset)) + equal
	case realID(a.ReplID2) && a.ReplID2 == b.ReplID:
		return ahead
	case realID(b.ReplID2) && b.ReplID2 == a.ReplID:
		return behind
	}
	if !s.inLineage(a) || !s.inLineage(b) {
		return unknown
	}
	if newer := s.rank(b) - s.rank(a); newer != 0 {
		return relation(cmp.Compare(newer, 0)) + equal
	}
	return unknown // two that parted from one
}

// recordedMaster is the pod that the record names, where it answers as master; nil otherwise.
func (s *situation) recordedMaster() *model.Pod {
	switch {
	case s.holdsRecord && isMaster(&s.Self):
		return &s.Self
	case s.leader.podUID != "":
		return s.master
	}
	return nil
}

// follow brings the marks up to date with a master that answers.
func (l *Lead) follow(master *model.Pod, now time.Time, every time.Duration) {
	at := Position{master.Redis.ReplID, master.Redis.Offset}
	l.Returns = master.Redis.AppendOnly && master.VolumeClaim != "" && master.VolumeClaim != master.UID
	switch {
	case l.Mark.ReplID != at.ReplID:
		l.Past, l.Mark, l.MarkedAt = at, at, now
	case now.Sub(l.MarkedAt) >= every:
		l.Past, l.Mark, l.MarkedAt = l.Mark, at, now
	}
}

// lagging are the processes of replicas that lag.
func (s *situation) lagging() []string {
	var runs []string
	for i := range s.Peers {
		if r := &s.Peers[i].Redis; s.lags(r) {
			runs = append(runs, r.RunID)
		}
	}
	return runs
}

// lags reports whether a replica lacks more than CrashLoss of what the recorded master wrote, and that master's data will be back: to
// wait for it loses nothing.
func (s *situation) lags(r *model.Redis) bool {
	lead := s.memory.Lead
	return lead.Returns && r.ReplID == lead.Past.ReplID && r.Offset < lead.Past.Offset
}
