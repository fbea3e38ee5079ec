// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"slices"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// TestEveryUnknownAddressIsAsked: whoever answers at an address that record or Sentinel name and that no pod has is a foreign server:
// where the record has its master, where my Sentinel has its own, and where it lists replicas.
func TestEveryUnknownAddressIsAsked(t *testing.T) {
	at := func(host string) model.Address { return model.Address{Host: host, Port: 6379} }
	v := model.SentinelView{
		Record: model.Record{Known: true, PodUID: "uid", Epoch: 1024, Address: at("10.0.0.1")},
		Own: model.OwnSentinel{
			Sentinel: model.Sentinel{Answered: true, Monitors: true, Address: at("10.0.0.2")},
			Replicas: []model.SeenReplica{{Address: at("10.0.0.3")}, {Address: at("10.0.0.4")}},
		},
		Pods: []model.Pod{{Address: at("10.0.0.4")}},
	}
	if got, want := unknownAddresses(v), []model.Address{at("10.0.0.1"), at("10.0.0.2"), at("10.0.0.3")}; !slices.Equal(got, want) {
		t.Errorf("asked %v, want %v", got, want)
	}
	v.Own.Address = v.Record.Address
	if got := unknownAddresses(v); len(got) != 2 {
		t.Errorf("asked %v, want each once", got)
	}
}
