// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"errors"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
)

// The API answers, and does not do what it is asked to; or what it says is older than what it said before.

// refuseLeases lets records be read, and not written: a policy forbids it, or a webhook that must be asked does not answer.
func (w *World) refuseLeases(_ int, long time.Duration) {
	w.leaseRefused = apierrors.NewInternalError(errors.New(`failed calling webhook "example.org": no endpoints available`))
	if w.chance(50) {
		w.leaseRefused = apierrors.NewForbidden(leaseResource, "redis-sentinel-redis", errors.New("a policy denies it"))
	}
	w.leaseBack = max(w.leaseBack, w.now+long)
}

// readOnly lets nothing be written: the API's store has no room left.
func (w *World) readOnly(_ int, long time.Duration) {
	w.leaseRefused = apierrors.NewInternalError(errors.New("etcdserver: mvcc: database space exceeded"))
	w.leaseBack, w.storeBack = max(w.leaseBack, w.now+long), max(w.storeBack, w.now+long)
}

// storeRefuses reports whether the API takes no writes at all.
func (w *World) storeRefuses() bool { return w.now < w.storeBack }

// refusal is why a record is not written; nil where it is.
func (w *World) refusal() error {
	if w.now >= w.leaseBack {
		return nil
	}
	w.bites["lease-refused"]++
	return w.leaseRefused
}

// restoreRecord puts back what the record said some time ago, as a version of now: somebody restored the API's store from a backup, or the
// record alone. A record that had no holder is none of a group that lives.
func (w *World) restoreRecord(_ int, long time.Duration) {
	for i := len(w.states) - 1; i >= 0; i-- {
		then := &w.states[i]
		if then.at > w.now-3*long || !then.record.HasHolder() {
			continue
		}
		w.versions++
		old := then.lease.DeepCopy()
		old.ResourceVersion = strconv.Itoa(w.versions)
		said, err := record.Decode(old)
		if err != nil {
			w.breaks(OneClaim, "an unreadable record was kept: %v", err)
			return
		}
		if said.Epoch < w.api().record.Epoch {
			w.bites["restored"]++
		}
		w.forgetMembers(said)
		w.restored, w.restoredAt = max(w.restored, w.api().record.Epoch), w.now
		w.change(func(s *state) { s.lease, s.record = old, said })
		return
	}
}

// forgetMembers notes which disks have the group's data and are unknown to a record that is restored: a process that restarts there without
// its ids has foreign data by that record, and a person has to say whose it is.
func (w *World) forgetMembers(said model.Record) {
	for ordinal, d := range w.disks {
		if member, known := said.Members[ordinal]; !known || member.VolumeClaim != d.claim {
			d.unjoined = true
		}
	}
}
