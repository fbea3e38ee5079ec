// SPDX-License-Identifier: Apache-2.0

package access

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

const user = "redis-sentinel:ns.redis"

func key(id string) model.Key {
	return model.Key{ID: id, Replication: "r" + id, Observer: "o" + id, Monitor: "m" + id}
}

func TestWithoutKeysAPodIsAsBefore(t *testing.T) {
	a := Decide(Situation{User: user})
	if !a.Access.Open || a.Access.Replication != nil || a.Access.Master != (model.Credential{User: user, Password: user}) || a.Use != nil ||
		a.Access.Peer != (model.Credential{}) || a.Access.Monitor != nil {
		t.Errorf("%+v", a)
	}
}

// TestFirstGenerationWritesNothing: the group forms without a write about keys, and accepts nothing else.
func TestFirstGenerationWritesNothing(t *testing.T) {
	a := Decide(Situation{User: user, Keys: []model.Key{key("1")}, Wanted: "1", Self: "a", Living: []string{"b", "c"}, Sentinels: []string{"s"}})
	if a.Use != nil || !slices.Equal(a.Access.Replication, []string{"r1"}) || a.Access.Master.Password != "r1" ||
		!slices.Equal(a.Access.Monitor, []string{"m1"}) || a.Access.Peer.Password != "o1" {
		t.Errorf("%+v", a)
	}
}

// TestUseIsSaidOnceThereIsMoreThanOneGeneration, anywhere: whoever has not said what he accepts is not counted on.
func TestUseIsSaidOnceThereIsMoreThanOneGeneration(t *testing.T) {
	mine := model.KeyUse{Accepts: []string{"1"}, Presents: "1"}
	for name, c := range map[string]struct {
		situation Situation
		says      bool
	}{
		"there is one":                {Situation{Keys: []model.Key{key("1")}, Wanted: "1"}, false},
		"I have another one as well":  {Situation{Keys: []model.Key{key("1"), key("2")}, Wanted: "1"}, true},
		"another one is wanted":       {Situation{Keys: []model.Key{key("1")}, Wanted: "2"}, true},
		"somebody else said what":     {Situation{Keys: []model.Key{key("1")}, Wanted: "1", Uses: map[string]model.KeyUse{"b": mine}}, true},
		"it is said":                  {Situation{Keys: []model.Key{key("1")}, Wanted: "1", Uses: map[string]model.KeyUse{"a": mine}}, false},
		"it was said of another one":  {Situation{Keys: []model.Key{key("1")}, Wanted: "1", Uses: map[string]model.KeyUse{"a": {Accepts: []string{"1"}, Presents: "0"}}}, true},
		"I accepted one that is gone": {Situation{Keys: []model.Key{key("1")}, Wanted: "1", Uses: map[string]model.KeyUse{"a": {Accepts: []string{"0", "1"}, Presents: "1"}}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c.situation.User, c.situation.Self = user, "a"
			if use := Decide(c.situation).Use; (use != nil) != c.says {
				t.Errorf("says %+v", use)
			}
		})
	}
}

// TestPodsOfTheVersionBefore: they present the name of the user, and only as long as one of them lives that is accepted.
func TestPodsOfTheVersionBefore(t *testing.T) {
	s := Situation{User: user, Keys: []model.Key{key("1")}, Wanted: "1", Self: "a", Legacy: true}
	if a := Decide(s); !slices.Contains(a.Access.Replication, user) || a.Access.Master.Password != "r1" {
		t.Errorf("%+v", a)
	}
	s.Legacy = false
	if a := Decide(s); slices.Contains(a.Access.Replication, user) {
		t.Error("the name of the user is still a password")
	}
}

// group is a group in which every pod acts when it likes, on a record that it may have read long ago, and gets new files when its
// kubelet likes.
type group struct {
	rng    *rand.Rand
	wanted string
	secret []model.Key
	uses   map[string]model.KeyUse
	pods   map[string]*pod
	// sentinels present a generation each.
	sentinels map[string]string
	born      int
}

type pod struct {
	keys     []model.Key
	accepts  []string // passwords of replicas
	observes []string
	monitor  []string
	presents model.Access
	acted    bool
}

func (g *group) start() {
	g.born++
	g.pods[strconv.Itoa(g.born)] = &pod{keys: slices.Clone(g.secret)}
}

// act is a turn of one pod: what it sees of the record is current, because it is written by compare-and-swap.
func (g *group) act(uid string) {
	p := g.pods[uid]
	var living []string
	for other := range g.pods {
		if other != uid {
			living = append(living, other)
		}
	}
	a := Decide(Situation{
		Keys: p.keys, Wanted: g.wanted, User: user, Observer: "o", Self: uid, Living: living, Uses: g.uses,
		Sentinels: slices.Collect(maps.Keys(g.sentinels)),
	})
	p.accepts, p.observes, p.monitor, p.presents, p.acted = a.Access.Replication, a.Access.Observer, a.Access.Monitor, a.Access, true
	if a.Use != nil {
		g.uses[uid] = *a.Use
	}
}

func (g *group) actSentinel(name string) {
	g.sentinels[name] = Monitors(g.wanted, g.sentinels[name], slices.Collect(maps.Keys(g.pods)), g.uses)
	if len(g.uses) > 0 {
		g.uses[name] = model.KeyUse{Presents: g.sentinels[name]}
	}
}

// check says who is locked out. A pod that has not acted yet serves nobody, and follows nobody.
func (g *group) check() string {
	for a, p := range g.pods {
		for b, q := range g.pods {
			if a == b || !p.acted || !q.acted {
				continue
			}
			if !slices.Contains(q.accepts, p.presents.Master.Password) {
				return fmt.Sprintf("pod %s presents %s, pod %s accepts %v", a, p.presents.Master.Password, b, q.accepts)
			}
			if !slices.Contains(q.observes, p.presents.Peer.Password) {
				return fmt.Sprintf("pod %s observes with %s, pod %s accepts %v", a, p.presents.Peer.Password, b, q.observes)
			}
		}
		for s, presented := range g.sentinels {
			if p.acted && presented != "" && !slices.Contains(p.monitor, "m"+presented) {
				return fmt.Sprintf("Sentinel %s presents %s, pod %s accepts %v", s, presented, a, p.monitor)
			}
		}
	}
	return ""
}

// TestNobodyIsLockedOut: rotations, also back, in any order of turns, refreshed files and pods that are replaced.
func TestNobodyIsLockedOut(t *testing.T) {
	for seed := range uint64(3000) {
		g := &group{
			rng: rand.New(rand.NewPCG(seed, 1)), wanted: "1", secret: []model.Key{key("1")}, uses: map[string]model.KeyUse{},
			pods: map[string]*pod{}, sentinels: map[string]string{"s0": "", "s1": ""},
		}
		for range 3 {
			g.start()
		}
		settled := func() {
			for range 4 {
				for _, uid := range slices.Sorted(maps.Keys(g.pods)) {
					g.pods[uid].keys = slices.Clone(g.secret)
					g.act(uid)
				}
				for s := range g.sentinels {
					g.actSentinel(s)
				}
			}
		}
		settled()
		for step := range 60 {
			uid := slices.Sorted(maps.Keys(g.pods))[g.rng.IntN(len(g.pods))]
			var what string
			switch g.rng.IntN(12) {
			case 0: // the webhook writes the Secret before the record
				next := g.rng.IntN(2)
				if next == 0 || len(g.secret) == 1 {
					g.born++
					g.secret = append(slices.Clone(g.secret), key("k"+strconv.Itoa(g.born)))
				}
				g.wanted = g.secret[g.rng.IntN(len(g.secret))].ID
				settledFirst := !slices.ContainsFunc(slices.Collect(maps.Values(g.pods)), func(p *pod) bool { return len(p.keys) < len(g.secret)-1 })
				what = fmt.Sprintf("%s is wanted (%v)", g.wanted, settledFirst)
			case 1:
				delete(g.pods, uid)
				delete(g.uses, uid)
				g.start()
				what = "pod " + uid + " is replaced"
			case 2, 3, 4:
				g.pods[uid].keys = slices.Clone(g.secret)
				what = "pod " + uid + " has new files"
			case 5, 6:
				name := "s" + strconv.Itoa(g.rng.IntN(2))
				g.actSentinel(name)
				what = name + " acts"
			default:
				g.act(uid)
				what = "pod " + uid + " acts"
			}
			if fault := g.check(); fault != "" {
				t.Fatalf("seed %d, step %d, %s: %s", seed, step, what, fault)
			}
		}
		settled()
		for uid, p := range g.pods {
			if want := []string{"r" + g.wanted}; !slices.Equal(p.accepts, want) || p.presents.Master.Password != want[0] {
				t.Fatalf("seed %d: in the end pod %s accepts %v and presents %s, want %v alone", seed, uid, p.accepts, p.presents.Master.Password, want)
			}
		}
	}
}

// TestSentinelThatStartsAnew presents in the middle of a rotation what every pod accepts that said anything, and outside of one what
// is wanted. What other Sentinels say is no reason.
func TestSentinelThatStartsAnew(t *testing.T) {
	said := func(accepts ...string) model.KeyUse { return model.KeyUse{Presents: accepts[0], Accepts: accepts} }
	for name, c := range map[string]struct {
		uses map[string]model.KeyUse
		want string
	}{
		"no rotation":              {nil, "2"},
		"a pod knows the old only": {map[string]model.KeyUse{"uid-0": said("1", "2"), "uid-1": said("1")}, "1"},
		"every pod accepts it":     {map[string]model.KeyUse{"uid-0": said("1", "2"), "uid-1": said("2")}, "2"},
		"Sentinels said something": {map[string]model.KeyUse{"uid-0": said("1", "2"), model.SentinelUse(1): {Presents: "1"}}, "2"},
	} {
		if got := MonitorsAtFirst("2", c.uses); got != c.want {
			t.Errorf("%s: it presents %s, want %s", name, got, c.want)
		}
	}
}
