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

// TestHowSoonAMasterLooksAgain: at rest it costs little, and where only pods confirm it, which holds at this moment only, it looks often.
func TestHowSoonAMasterLooksAgain(t *testing.T) {
	confirmed := formed(0, pod(0, master), pod(1, replica(0)), pod(2, replica(0)))
	byPods := with(confirmed, func(v *model.View) { v.Sentinels = silentSentinels() })
	alone := with(formed(0, pod(0, master)), func(v *model.View) { v.Sentinels, v.Replicas = silentSentinels(), 1 })
	late := with(confirmed, func(v *model.View) {
		v.Sentinels = sentinels(at(0), holderAt)
		for i := range v.Sentinels {
			v.Sentinels[i].HeardAgo = 2 * time.Second
		}
	})
	for name, c := range map[string]struct {
		view model.View
		want time.Duration
	}{
		"Sentinels confirm it":       {confirmed, tick},
		"only pods do":               {byPods, soon},
		"there is nobody to lose to": {alone, tick},
		"Sentinels did a while ago":  {late, soon},
	} {
		known := Memory{AnsweredRun: "run-0", Confirmed: clock.Add(-2 * time.Second), Unpaused: true}
		if d, _ := Next(c.view, known); d.Recheck != c.want {
			t.Errorf("%s: it looks again after %s, want %s", name, d.Recheck, c.want)
		}
	}
}

// TestHangOfYesterday: a process that claimed, hung and answered has its second again when it hangs once more.
func TestHangOfYesterday(t *testing.T) {
	hangs := formed(0, pod(0, silent), pod(1, replica(0), linkDown), pod(2, replica(0), linkDown))
	answers := formed(0, inPlace(0), pod(1, silent), pod(2, silent))
	refuses := with(hangs, func(v *model.View) { v.Self.Redis.Refused, v.Self.Redis.Denied = false, "WRONGPASS" })
	full := with(hangs, func(v *model.View) { v.Self.Redis.Refused, v.Self.Redis.Full = false, true })
	claimed := Memory{AnsweredRun: "run-0", Claimed: Claimed{Epoch: holderAt, RunID: "run-0"}}
	for name, meanwhile := range map[string]model.View{"it answered": answers, "it answered that it knows nobody": refuses, "it answered that it has no room": full} {
		_, m := Next(hangs, claimed)
		_, m = Next(moment(meanwhile, hangBudget/2), m)
		d, m := Next(moment(hangs, 2*hangBudget), m)
		if d.Action != Wait || d.Reason != model.NotRunning {
			t.Errorf("%s: %s/%s at once", name, d.Action, d.Reason)
		}
		if d, _ = Next(moment(hangs, 3*hangBudget+time.Millisecond), m); d.Action != OfferTransfer {
			t.Errorf("%s: %s/%s after its second", name, d.Action, d.Reason)
		}
	}
}
