// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/decidetest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestWhoLeads: the Service of the master is pointed at the recorded holder once it answers as master, as early as that is known, and at
// nobody else.
func TestWhoLeads(t *testing.T) {
	claimed := func(v *model.SentinelView) {
		v.Record = decidetest.RecordOf(1)
		v.Record.Epoch += model.EpochStep
		v.Pods[0].Redis, v.Pods[1].Redis = decidetest.Pod(0, decidetest.Replica(1)).Redis, decidetest.Pod(1, decidetest.Master).Redis
	}
	for name, c := range map[string]struct {
		change func(*model.SentinelView)
		leads  bool
	}{
		"all agree":                            {func(*model.SentinelView) {}, true},
		"my Sentinel is behind the record":     {claimed, true},
		"and the new holder does not lead yet": {func(v *model.SentinelView) { claimed(v); v.Pods[1].Redis.Role = model.Replica }, false},
		"my Sentinel does not know the group":  {func(v *model.SentinelView) { v.Own.Monitors = false }, true},
		"settings differ":                      {func(v *model.SentinelView) { v.Want.ParallelSyncs++ }, true},
		"the holder is silent":                 {func(v *model.SentinelView) { v.Pods[0].Redis = model.Redis{} }, false},
		"it is silent, and the group is recreated": {func(v *model.SentinelView) {
			v.Pods[0].Redis, v.Own.Replicas = model.Redis{}, append(v.Own.Replicas, model.SeenReplica{Address: model.Address{Host: "10.9.9.9", Port: 6379}})
		}, false},
		"the record was not read":                    {func(v *model.SentinelView) { v.Record.Known = false }, false},
		"my Sentinel is ahead of the record":         {func(v *model.SentinelView) { v.Own.ConfigEpoch++ }, false},
		"a failover runs":                            {func(v *model.SentinelView) { v.Own.FailoverInProgress = true }, false},
		"another set watches the group":              {func(v *model.SentinelView) { v.Elsewhere = true }, false},
		"another pod has the holder's name by now":   {func(v *model.SentinelView) { v.Pods[0].UID = "another" }, false},
		"the holder is at another address than said": {func(v *model.SentinelView) { v.Pods[0].Address.Port++ }, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := beside(c.change)
			if d, _ := Next(v, Memory{}); d.Leads != c.leads {
				t.Errorf("%s/%s: leads %t", d.Action, d.Reason, d.Leads)
			}
		})
	}
}
