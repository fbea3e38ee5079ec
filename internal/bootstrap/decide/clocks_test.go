// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestSilenceOfYesterday: a master that was silent, and was seen since, has all its time again.
func TestSilenceOfYesterday(t *testing.T) {
	gone := formed(0, pod(1, replica(0), linkDown), pod(0, silent), pod(2, replica(0), linkDown))
	flagged(&gone)
	synced := Memory{SyncedRun: "run-1"}
	_, m := lasting(gone, synced, 0, 3*time.Second)
	_, m = lasting(formed(0, pod(1, replica(0)), pod(0, master), pod(2, replica(0))), m, 4*time.Second, time.Minute)
	began := time.Minute + time.Second
	d, m := lasting(gone, m, began, began+14*time.Second)
	if d.Action != Wait || d.Reason != model.MasterSilent {
		t.Errorf("%s/%s within its time", d.Action, d.Reason)
	}
	if d, _ = lasting(gone, m, began+15*time.Second, began+17*time.Second); d.Action != Claim {
		t.Errorf("%s/%s after it", d.Action, d.Reason)
	}
}

// TestClaimantHasTheTimeOfItsPromotion: Sentinels made mine the master before they heard of a claim above that, whose pod I do not see
// lead yet.
func TestClaimantHasTheTimeOfItsPromotion(t *testing.T) {
	v := formed(0, pod(1, master), pod(0, silent), pod(2, replica(1)))
	v.Record.Epoch += 1024
	v.Sentinels = sentinels(at(1), holderAt)
	d, m := lasting(v, Memory{}, 0, promotionTime)
	if d.Action == Claim {
		t.Errorf("%s/%s within its time", d.Action, d.Reason)
	}
	if d, _ = Next(moment(v, promotionTime+time.Millisecond), m); d.Action != Claim || d.Reason != model.MasterGone {
		t.Errorf("%s/%s after it", d.Action, d.Reason)
	}
}
