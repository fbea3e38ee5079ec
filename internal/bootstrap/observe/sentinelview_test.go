// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/redisio/redistest"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
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

// TestUnreadableSettingsChangeNoSentinel: settings that nobody can read are no reason to watch a group with the least of everything.
func TestUnreadableSettingsChangeNoSentinel(t *testing.T) {
	own := redisio.Keep(redistest.Start(t, "127.0.0.1", func(string) string { return "*-1\r\n" }).Address, model.Credential{})
	defer own.Close() //nolint:errcheck // the test is over
	w := NewSentinelSet(Set{Namespace: "system", Settings: contract.Settings{StatefulSet: "sentinel"}}, nil, own, func(int) string { return "" })
	w.peers = complete(t, &corev1.Pod{}, &corev1.PodList{})
	key := GroupKey{Namespace: "ns", StatefulSet: "redis", MasterName: "ns.redis"}
	for text, known := range map[string]bool{settingsText(nil): true, "{": false, "": false, strings.Repeat(" ", 8000) + settingsText(nil): false} {
		lease := recordOf("ns", "redis", "10.0.0.1:6379", "uid", annotation(contract.RecordSettings, text))
		if v := w.View(t.Context(), key, lease, model.Watching{}, model.Credential{}); v.Record.Known != known {
			t.Errorf("settings %.20q: the record counts as read: %v, want %v", text, v.Record.Known, known)
		}
	}
}
