// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestSealedOffer: it is accepted with its word, and by nobody without.
func TestSealedOffer(t *testing.T) {
	seal := model.SealOf("word")
	offered := func(change ...func(*model.View)) model.View {
		v := formed(0, pod(1, replica(0)), pod(0, master), pod(2, replica(0)))
		v.Record.Offer = &model.Offer{PodUID: "uid-1", RunID: "run-1", ReplID: lineageID, Offset: 100, Reason: string(model.HandingOver), Seal: seal}
		for _, c := range change {
			c(&v)
		}
		return v
	}
	for name, c := range map[string]struct {
		change   func(*model.View)
		prepared bool
	}{
		"it is for me":                {func(*model.View) {}, true},
		"it is for another pod":       {func(v *model.View) { v.Record.Offer.PodUID = "uid-2" }, false},
		"it was for my last process":  {func(v *model.View) { v.Self.Redis.RunID = "run-1-again" }, false},
		"I lack what it was made for": {func(v *model.View) { v.Self.Redis.Offset = 99 }, false},
		"another history":             {func(v *model.View) { v.Self.Redis.ReplID = otherID }, false},
		"my pod ends":                 {func(v *model.View) { v.Self.Terminating = true }, false},
		"the API is away":             {func(v *model.View) { v.API = false }, false},
		"a Sentinel names another newer": {func(v *model.View) {
			v.Sentinels[0].ConfigEpoch, v.Sentinels[0].Address = v.Record.Epoch+1, v.Peers[1].Address
		}, false},
		"there is no offer":              {func(v *model.View) { v.Record.Offer = nil }, false},
		"it has no seal, and needs none": {func(v *model.View) { v.Record.Offer.Seal = "" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := offered(c.change)
			if got := Prepared(v, Memory{}) == seal; got != c.prepared {
				t.Errorf("prepared: %t", got)
			}
			if v.Record.Offer == nil || v.Record.Offer.Seal == "" {
				return
			}
			for word, opens := range map[string]bool{"": false, "another": false, seal: false, "word": c.prepared} {
				v.Word = word
				if d, _ := Next(v, Memory{}); (d.Action == Claim && d.Reason == model.TransferAccepted) != opens {
					t.Errorf("with %q: %s/%s", word, d.Action, d.Reason)
				}
			}
		})
	}
}

// TestOwnClaimBesideTheFormerMaster: who gives the mastership away answers as master until Sentinels name the new one, whose clients are
// not refused meanwhile; later a master beside it is one too many.
func TestOwnClaimBesideTheFormerMaster(t *testing.T) {
	v := formed(1, pod(1, master), pod(0, master), pod(2, replica(0)))
	for i := range v.Sentinels {
		v.Sentinels[i].Address, v.Sentinels[i].ConfigEpoch = v.Peers[0].Address, v.Record.Epoch-1
	}
	m := Memory{Claimed: Claimed{Epoch: v.Record.Epoch, RunID: v.Self.Redis.RunID}, ClaimedAt: v.Now, AnsweredRun: v.Self.Redis.RunID}
	var d Decision
	for _, c := range []struct {
		after   time.Duration
		refuses bool
	}{{0, false}, {time.Second, false}, {claimCounts + tick, true}} {
		if d, m = Next(moment(v, c.after), m); (d.Tuning.MinReplicas == model.NoWrites) != c.refuses {
			t.Errorf("after %s: %s/%s, writes need %d replicas", c.after, d.Action, d.Reason, d.Tuning.MinReplicas)
		}
	}
}
