// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"context"
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/access"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/observe"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
)

// credential is what my Sentinel presents to the servers of a group in one generation of its keys. It is empty while the set has
// no key, or the record names no generation: then it presents nothing, as before there were any.
func (p *peerSecret) credential(key observe.GroupKey, id string) model.Credential {
	text := p.value(contract.PeerSecretKey + keys.FingerprintOf(id))
	set, err := keys.Parse([]byte(text))
	if id == "" || err != nil {
		return model.Credential{}
	}
	return model.Credential{User: contract.MonitorUser, Password: keys.Set(set).Monitor(key.Namespace, key.StatefulSet, id)}
}

// presenting chooses the generation that my Sentinel presents to a group, and finds its password. Where the set's key is not there
// yet, it is looked for, and all groups have a turn when it is found: until then Sentinel goes on with what it presented, and comes
// as nobody where it presented nothing.
func (m *manager) presenting(g *group, r model.Record, s contract.GroupSettings) (id string, as model.Credential) {
	id = access.Monitors(s.Key, g.presents, m.set.Keyed(g.key), r.Uses)
	as = m.secret.credential(g.key, id)
	if as.Password == "" && id != "" {
		m.secret.loadAgain(m.crew, contract.PeerSecretKey+keys.FingerprintOf(id), m.wakeAll)
		return g.presents, g.told // never that it presents what it has no password for: pods would withdraw the other
	}
	return id, as
}

// say tells the record which generation my Sentinel presents, where there are several.
func (m *manager) say(ctx context.Context, g *group, lease *coordinationv1.Lease, r model.Record, size int) error {
	name := model.SentinelUse(m.ordinal())
	if lease == nil || len(r.Uses) == 0 || g.presents == "" || r.Uses[name].Presents == g.presents {
		return nil
	}
	living := m.set.Keyed(g.key)
	store := record.NewStore(m.client.CoordinationV1().Leases(g.key.Namespace), m.set.Copy(g.key, lease), time.Now)
	return store.Say(ctx, r.Version, name, model.KeyUse{Presents: g.presents}, func(who string) bool {
		if !model.SentinelName(who) {
			return slices.Contains(living, who)
		}
		for n := range size {
			if who == model.SentinelUse(n) {
				return true
			}
		}
		return false
	})
}

func (m *manager) ordinal() int {
	n, _ := observe.Ordinal(m.env.Settings.StatefulSet, m.env.PodName) // the webhook and the chart name it so
	return n
}

// loadAgainAfter is how long a Secret that lacks a key is left alone.
const loadAgainAfter = 5 * time.Second
