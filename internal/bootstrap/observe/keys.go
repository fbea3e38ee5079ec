// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide/access"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/record"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// ReadKeys reads the generations of a group's keys from the directory of its Secret, older ones first. A generation that is not
// complete yet is left out; a directory that is not there has none.
func ReadKeys(dir string) []model.Key {
	names, err := filepath.Glob(filepath.Join(dir, contract.KeyReplication+"*"))
	if err != nil {
		return nil
	}
	var all []model.Key
	for _, name := range names {
		id := strings.TrimPrefix(filepath.Base(name), contract.KeyReplication)
		read := func(prefix string) string {
			text, err := os.ReadFile(filepath.Join(dir, prefix+id))
			if err != nil {
				return ""
			}
			return strings.TrimSpace(string(text))
		}
		k := model.Key{ID: id, Replication: read(contract.KeyReplication), Observer: read(contract.KeyObserver), Monitor: read(contract.KeyMonitor)}
		if k.Replication != "" && k.Observer != "" {
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(a, b model.Key) int {
		return cmp.Or(cmp.Compare(generationOf(a.ID), generationOf(b.ID)), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// KeepKeys is how a directory of keys is read again and again: while it has none it is as it was. Without keys a Redis is open to
// replicas of anybody, and a Secret that somebody emptied is no reason for that.
func KeepKeys(dir string) func() []model.Key {
	var known []model.Key
	return func() []model.Key {
		if now := ReadKeys(dir); len(now) > 0 {
			known = now
		}
		return known
	}
}

// generationOf is the number that an id begins with.
func generationOf(id string) int {
	text, _, _ := strings.Cut(id, "-")
	n, _ := strconv.Atoi(text) // what is no number comes first
	return n
}

// access decides by which passwords my Redis and the others know each other. While the API has not said who they are, anybody may
// present anything.
func (o *Observer) access(v *model.View, known bool, settings contract.GroupSettings) access.Answer {
	s := access.Situation{
		Keys: o.keys(), Wanted: settings.Key, User: contract.ReplicationUser(o.group.Namespace, o.group.StatefulSet),
		Observer: contract.ObserverUser, Self: v.Self.UID,
	}
	if l := o.group.Lease(); l != nil && known {
		r, _ := record.Decode(l) // what is unreadable was not said
		s.Uses = r.Uses
	}
	if !known {
		s.Living, s.Legacy = []string{"unknown"}, true
	}
	for _, p := range v.Peers {
		switch {
		case p.Keyed:
			s.Living = append(s.Living, p.UID)
		case p.Injected:
			s.Legacy = true
		}
	}
	for n := range settings.Sentinels.Replicas {
		s.Sentinels = append(s.Sentinels, model.SentinelUse(n))
	}
	return access.Decide(s)
}

// credentials are what the Redis of another pod may accept: of a pod whose agent knows the keys any generation, of one of an
// earlier version nothing, of one without an agent what clients need.
func (o *Observer) credentials(ctx context.Context, v *model.View, p *model.Pod) []model.Credential {
	if !p.Injected {
		if as, err := o.template(ctx); err == nil && as.Password != "" {
			return []model.Credential{as, {}}
		}
	}
	if !p.Keyed {
		return []model.Credential{{}}
	}
	all := []model.Credential{v.Access.Peer}
	for _, password := range v.Access.Observer {
		if as := (model.Credential{User: contract.ObserverUser, Password: password}); as != v.Access.Peer {
			all = append(all, as)
		}
	}
	return all
}

// credentialsAt are those for the pod that a view shows at an address; nobody's where it shows none.
func (o *Observer) credentialsAt(ctx context.Context, v *model.View, address model.Address) []model.Credential {
	for i := range v.Peers {
		if p := &v.Peers[i]; p.Address == address {
			return o.credentials(ctx, v, p)
		}
	}
	return []model.Credential{{}}
}
