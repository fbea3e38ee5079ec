// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"reflect"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestHurry: clients of the former master wait until my Sentinel names the new one. Where nothing else can matter the two are looked at
// alone, and what is decided then, Next decides too, of everybody.
func TestHurry(t *testing.T) {
	claimed := func(v *model.SentinelView) {
		v.Record = recordOf(1)
		v.Record.Epoch += 1024
		v.Pods[0].Redis, v.Pods[1] = model.Redis{}, pod(1, master)
	}
	for name, c := range map[string]struct {
		change  func(*model.SentinelView)
		since   time.Duration
		hurries bool
		reason  model.Reason
	}{
		"the new holder leads":        {func(*model.SentinelView) {}, 0, true, model.SentinelBehind},
		"it does not lead yet":        {func(v *model.SentinelView) { v.Pods[1] = pod(1, replica(0)) }, 0, true, model.HolderUnverified},
		"it did not for a second":     {func(v *model.SentinelView) { v.Pods[1] = pod(1, replica(0)) }, hurryFor + 1, false, model.HolderUnverified},
		"my Sentinel knows":           {func(v *model.SentinelView) { v.Own.ConfigEpoch, v.Own.Address = v.Record.Epoch, at(1) }, 0, false, ""},
		"it knows better":             {func(v *model.SentinelView) { v.Own.ConfigEpoch = v.Record.Epoch + 1 }, 0, false, ""},
		"it runs a failover":          {func(v *model.SentinelView) { v.Own.FailoverInProgress = true }, 0, false, ""},
		"it is silent":                {func(v *model.SentinelView) { v.Own = model.OwnSentinel{} }, 0, false, ""},
		"it does not know the group":  {func(v *model.SentinelView) { v.Own = model.OwnSentinel{Sentinel: model.Sentinel{Answered: true}} }, 0, false, ""},
		"it has no peer to speak as":  {func(v *model.SentinelView) { v.Own.Peers = nil }, 0, false, ""},
		"its epoch is beyond belief":  {func(v *model.SentinelView) { v.Own.ConfigEpoch = 1 << 63 }, 0, false, ""},
		"the name is another group's": {func(v *model.SentinelView) { v.NameTaken = true }, 0, false, ""},
		"the record is gone":          {func(v *model.SentinelView) { v.RecordGone = true }, 0, false, ""},
		"another set serves it":       {func(v *model.SentinelView) { v.Elsewhere = true }, 0, false, ""},
		"the record names nobody": {func(v *model.SentinelView) {
			v.Record.Holder, v.Record.PodUID, v.Record.Address = "", "", model.Address{}
		}, 0, false, ""},
		"it names a pod that nobody has seen": {func(v *model.SentinelView) { v.Pods = v.Pods[:1] }, 0, false, ""},
		"the record's epoch is beyond belief": {func(v *model.SentinelView) { v.Record.Epoch = 1 << 63 }, 0, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := beside(claimed)
			c.change(&v)
			m := Memory{RecordUID: v.Record.UID, MaxEpoch: recordOf(0).Epoch}
			if c.since > 0 {
				m.MaxEpoch, m.NewSince = v.Record.Epoch, v.Now.Add(-c.since)
			}
			d, remembered, hurries := Hurry(v, m)
			if hurries != c.hurries {
				t.Fatalf("hurries: %t, %s/%s", hurries, d.Action, d.Reason)
			}
			if !hurries {
				if d.Action != Wait || d.Record != nil || !reflect.DeepEqual(remembered, m) {
					t.Errorf("and yet %s/%s, remembered %+v", d.Action, d.Reason, remembered)
				}
				return
			}
			next, after := Next(v, m)
			if d.Reason != c.reason || !reflect.DeepEqual(d, next) || !reflect.DeepEqual(remembered, after) {
				t.Errorf("%s/%s, and of everybody %s/%s", d.Action, d.Reason, next.Action, next.Reason)
			}
			if d.Recheck > 10*time.Millisecond {
				t.Errorf("it looks again after %s, while clients wait", d.Recheck)
			}
		})
	}
	stale := beside(claimed)
	if _, _, hurries := Hurry(stale, Memory{RecordUID: stale.Record.UID, MaxEpoch: stale.Record.Epoch + 1024, MaxVersion: "8", NewSince: stale.Now}); hurries {
		t.Error("it hurries for a record that is older than one that was seen")
	}
	spoilt := beside(claimed)
	known := Memory{RecordUID: spoilt.Record.UID, MaxEpoch: spoilt.Record.Epoch, NewSince: spoilt.Now}
	spoilt.Record.Epoch = 1 << 63
	if _, _, hurries := Hurry(spoilt, known); hurries {
		t.Error("it hurries for an epoch beyond belief that followed a new one")
	}
}
