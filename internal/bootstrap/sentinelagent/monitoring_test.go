// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// TestSentinelGoesOnWithTheKeyThatItHas: the webhook has another one, and this set's volume does not have it yet. Whoever heard that the
// new one is presented would withdraw the old.
func TestSentinelGoesOnWithTheKeyThatItHas(t *testing.T) {
	env := testEnvironment(t)
	m := &manager{
		env: env, secret: &peerSecret{env: env, asked: time.Now()}, // it has just looked for it
		set: observe.NewSentinelSet(observe.Set{Namespace: "system", Settings: contract.Settings{StatefulSet: "sentinel"}}, nil, nil, func(int) string { return "" }),
	}
	old := model.Credential{User: contract.MonitorUser, Password: "old"}
	g := &group{key: observe.GroupKey{Namespace: "ns", StatefulSet: "redis", MasterName: "ns.redis"}, presents: "1-old", told: old}
	id, as := m.presenting(g, model.Record{}, contract.GroupSettings{Key: "1-new"})
	if id != "1-old" || as != old {
		t.Errorf("it says that it presents %q with a password of %d characters, want what it presented", id, len(as.Password))
	}
}
