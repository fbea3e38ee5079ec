// SPDX-License-Identifier: Apache-2.0

// Package access decides by which passwords the servers of a group know each other while one generation of keys takes the place
// of another. It is pure.
//
// A generation is changed without an order from anywhere: each pod accepts every generation that somebody who lives may present,
// says so in the record, and presents the wanted one as soon as everybody accepts it. Who said nothing yet may present anything.
package access

import (
	"maps"
	"slices"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// Situation is what a pod knows of the keys of its group.
type Situation struct {
	// Keys are the generations that my pod has, older ones first.
	Keys []model.Key
	// Wanted is the id of the generation that all shall use; empty where the record does not say.
	Wanted string
	// User is the group's replication user, and Observer the user of its agents.
	User     string
	Observer string
	// Self is my uid, and Living are those of the other pods whose agents know keys.
	Self   string
	Living []string
	// Legacy reports whether a pod lives whose agent knows no keys. It presents the name of the user as its password, and accepts
	// anything.
	Legacy bool
	// Sentinels are the names under which the Sentinels of the set say what they present.
	Sentinels []string
	// Uses is what each said last, by uid or name.
	Uses map[string]model.KeyUse
}

// Answer is what my pod shall do.
type Answer struct {
	Access model.Access
	// Use is what the record shall say of my pod; nil leaves the record alone.
	Use *model.KeyUse
}

// Decide is total. Without any key a pod goes on as those of a version that knew none.
func Decide(s Situation) Answer {
	if len(s.Keys) == 0 {
		return Answer{Access: model.Access{Open: true, Master: model.Credential{User: s.User, Password: s.User}}}
	}
	present := s.presents()
	a := Answer{Access: model.Access{
		Master: model.Credential{User: s.User, Password: present.Replication},
		Peer:   model.Credential{User: s.Observer, Password: present.Observer},
	}}
	use := model.KeyUse{Presents: present.ID}
	for _, key := range s.Keys {
		needed := key.ID == present.ID || key.ID == s.Wanted || s.mayPresent(s.Living, key.ID) || s.mayPresent(s.Sentinels, key.ID)
		if needed {
			use.Accepts = append(use.Accepts, key.ID)
		}
		// What is withdrawn goes a turn after the record says so: before that somebody may still choose it.
		if !needed && !slices.Contains(s.Uses[s.Self].Accepts, key.ID) {
			continue
		}
		a.Access.Replication = append(a.Access.Replication, key.Replication)
		a.Access.Observer = append(a.Access.Observer, key.Observer)
		if key.Monitor != "" {
			a.Access.Monitor = append(a.Access.Monitor, key.Monitor)
		}
	}
	if s.Legacy {
		a.Access.Replication = append(a.Access.Replication, s.User)
	}
	if len(s.Keys) > 1 || len(s.Uses) > 0 || s.Keys[0].ID != s.Wanted { // there is more than one generation somewhere
		if said, ok := s.Uses[s.Self]; !ok || said.Presents != use.Presents || !slices.Equal(said.Accepts, use.Accepts) {
			a.Use = &use
		}
	}
	return a
}

// Monitors is which generation the Sentinels of a set present to a group: the wanted one once every pod that has keys accepts
// it, before that the one that all accept who said anything. It is empty while there is no generation that could be presented.
func Monitors(wanted, before string, living []string, uses map[string]model.KeyUse) string {
	s := Situation{Living: living, Uses: uses}
	if s.allAccept(wanted) {
		return wanted
	}
	if before != "" && s.noneRefuses(before) {
		return before
	}
	for _, uid := range slices.Sorted(maps.Keys(uses)) {
		for _, id := range uses[uid].Accepts {
			if id != wanted && s.noneRefuses(id) {
				return id
			}
		}
	}
	return wanted
}

// MonitorsAtFirst is the same for a Sentinel that starts anew. Who lives is not known yet, so everybody counts who said anything.
func MonitorsAtFirst(wanted string, uses map[string]model.KeyUse) string {
	var pods []string
	for who := range uses {
		if !model.SentinelName(who) {
			pods = append(pods, who)
		}
	}
	return Monitors(wanted, "", pods, uses)
}

// presents is the generation that my pod presents: the wanted one where everybody else said that he accepts it; else the one
// that it presented before; else the oldest that nobody refuses who said anything.
func (s *Situation) presents() model.Key {
	wanted, has := s.key(s.Wanted)
	if has && s.allAccept(wanted.ID) {
		return wanted
	}
	if before, ok := s.key(s.Uses[s.Self].Presents); ok && s.noneRefuses(before.ID) {
		return before
	}
	for _, key := range s.Keys {
		if s.noneRefuses(key.ID) {
			return key
		}
	}
	if has {
		return wanted
	}
	return s.Keys[len(s.Keys)-1]
}

func (s *Situation) key(id string) (model.Key, bool) {
	i := slices.IndexFunc(s.Keys, func(k model.Key) bool { return k.ID == id })
	if i < 0 {
		return model.Key{}, false
	}
	return s.Keys[i], true
}

// allAccept reports whether every other living pod said that it accepts a generation.
func (s *Situation) allAccept(id string) bool {
	return !slices.ContainsFunc(s.Living, func(uid string) bool { return !slices.Contains(s.Uses[uid].Accepts, id) })
}

// noneRefuses reports whether no other living pod said what it accepts without this generation.
func (s *Situation) noneRefuses(id string) bool {
	return !slices.ContainsFunc(s.Living, func(uid string) bool {
		use, said := s.Uses[uid]
		return said && !slices.Contains(use.Accepts, id)
	})
}

// mayPresent reports whether somebody of those may present a generation: he said so, or said nothing.
func (s *Situation) mayPresent(who []string, id string) bool {
	return slices.ContainsFunc(who, func(name string) bool {
		use, said := s.Uses[name]
		return !said || use.Presents == id
	})
}
