// SPDX-License-Identifier: Apache-2.0

package act

import (
	"strings"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

const (
	made     = "acl setuser redis-sentinel-agent allchannels; acl setuser ns.redis reset on #"
	mayOnly  = " -@all +ping +replconf +psync +sync"
	asGroup  = "config set masteruser ns.redis; config set masterauth secret"
	asNobody = "config set masterauth ; config set masteruser "
)

// known is what makes the group's user.
var known = made + keys.Hash("secret") + mayOnly

// inGroup is an access by which the servers of a group know each other.
func inGroup() model.Access {
	return model.Access{Replication: []string{"secret"}, Master: model.Credential{User: "ns.redis", Password: "secret"}}
}

// told returns what my Redis was told, in one line, and forgets it.
func (s *stage) told() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var text string
	for i, line := range s.journal {
		if i > 0 {
			text += "; "
		}
		text += line
	}
	s.journal = nil
	return text
}

// TestEachProcessIsMadeOneOfItsGroup: once, before anything else is done to it. A foreign server at a pod's address does not
// know the user, so neither side gets data from the other.
func TestEachProcessIsMadeOneOfItsGroup(t *testing.T) {
	s := newStage(t, script{})
	s.actor.presented, s.view.Access = presented{}, inGroup()
	for _, want := range []string{known + "; " + asGroup, ""} {
		if err := s.actor.Prepare(t.Context(), s.view); err != nil {
			t.Fatal(err)
		}
		if got := s.told(); got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	s.view.Self.Redis.RunID = "the next process"
	if err := s.actor.Prepare(t.Context(), s.view); err != nil || s.told() != known+"; "+asGroup {
		t.Errorf("the next process did not get the user: %v", err)
	}
	for what, r := range map[string]model.Redis{"silent": {}, "too old": {Answer: model.Up, RunID: "an old one", TooOld: true}} {
		s.view.Self.Redis = r
		if err := s.actor.Prepare(t.Context(), s.view); err != nil || s.told() != "" {
			t.Errorf("a Redis that is %s was told something: %v", what, err)
		}
	}
}

// TestPlainMasterIsFollowedAsNobody: during adoption the master has no agent and does not know the group's user; the next
// master does.
func TestPlainMasterIsFollowedAsNobody(t *testing.T) {
	s := newStage(t, script{})
	s.actor.presented, s.view.Access = presented{}, inGroup()
	plainMaster, injected := model.Address{Host: "10.0.0.8", Port: 6379}, model.Address{Host: "10.0.0.9", Port: 6379}
	s.view.Self.Redis.Role, s.view.UIDByName = model.Replica, s.view.Self.UID
	s.view.Peers = []model.Pod{{Name: "redis-1", Address: plainMaster}, {Name: "redis-2", Address: injected, Injected: true}}
	for _, step := range []struct {
		to   model.Address
		want string
	}{
		{plainMaster, "config set masterauth ; config set masteruser ; replicaof 10.0.0.8 6379"},
		{injected, asGroup + "; replicaof 10.0.0.9 6379"},
		{injected, "replicaof 10.0.0.9 6379"},
		{model.FenceAddress, "replicaof 127.0.0.1 1"},
	} {
		if err := s.actor.send(t.Context(), s.view, []decide.Command{{Do: decide.ReplicateFrom, Master: step.to}}); err != nil {
			t.Fatal(err)
		}
		if got := s.told(); got != step.want {
			t.Errorf("to %s: told %q, want %q", step.to, got, step.want)
		}
	}
}

// TestAgentThatRestartsDuringAdoption: it learns of the pods after its Redis has answered. It must not authenticate a replica
// of a plain master as a user that this master refuses; nor leave one without a user that has another master by now, or is one.
func TestAgentThatRestartsDuringAdoption(t *testing.T) {
	s := newStage(t, script{})
	s.actor.presented, s.view.Access = presented{}, inGroup()
	plainMaster, injected := model.Address{Host: "10.0.0.8", Port: 6379}, model.Address{Host: "10.0.0.9", Port: 6379}
	pods := []model.Pod{{Name: "redis-1", Address: plainMaster}, {Name: "redis-2", Address: injected, Injected: true}, {Name: "redis-3"}}
	for _, step := range []struct {
		what      string
		peers     []model.Pod
		role      model.Role
		following model.Address
		want      string
	}{
		{"the pods are not known yet", nil, model.Replica, plainMaster, known},
		{"they are", pods, model.Replica, plainMaster, asNobody},
		{"nothing changed", pods, model.Replica, plainMaster, ""},
		{"Sentinel pointed it at a pod with an agent", pods, model.Replica, injected, asGroup},
		{"and back", pods, model.Replica, plainMaster, asNobody},
		{"it was made master", pods, model.Master, model.Address{}, asGroup},
	} {
		s.view.Peers, s.view.UIDByName = step.peers, ""
		if step.peers != nil {
			s.view.UIDByName = s.view.Self.UID
		}
		s.view.Self.Redis.Role, s.view.Self.Redis.Following = step.role, step.following
		if err := s.actor.Prepare(t.Context(), s.view); err != nil {
			t.Fatal(err)
		}
		if got := s.told(); got != step.want {
			t.Errorf("%s: told %q, want %q", step.what, got, step.want)
		}
	}
}

// TestUsersComeBack: whoever loads a file with users takes the group's away, and the next turn gives them back. Users that were
// made since do not publish what Sentinels believe, where the server has selectors.
func TestUsersComeBack(t *testing.T) {
	s := newStage(t, script{})
	s.actor.presented, s.view.Access = presented{run: "run-0", as: inGroup().Master, known: true}, inGroup()
	for _, step := range []struct {
		what      string
		users     []string
		selectors bool
		evades    string
		want      string
	}{
		{"at first", []string{"user default off"}, true, "", known},
		{"nothing changed", []string{"user default off"}, true, "", ""},
		{
			"a user was made",
			[]string{"user bob on #00 ~* &* -@all +publish"},
			true, "",
			known + "; acl setuser bob " + strings.Join(redisconf.GuardHello("user bob on #00 &* -@all +publish"), " "),
		},
		{"another, and the server is too old to hold it", []string{"user alice on #00 ~* &* -@all +publish"}, false, "", known},
		{
			"one by a rule that only the server understands",
			[]string{"user carol on #00 ~* &[z-_]_sentinel__:hello -@all +publish"},
			true, "carol",
			known + "; acl dryrun carol publish __sentinel__:hello ; acl setuser carol clearselectors -publish -spublish",
		},
		{"one who takes a name that is ours", []string{"user redis-sentinel-x on nopass ~* &* +@all"}, true, "", known + "; acl deluser redis-sentinel-x"},
	} {
		s.users, s.view.Self.Redis.Selectors, s.evades = step.users, step.selectors, step.evades
		if err := s.actor.Prepare(t.Context(), s.view); err != nil {
			t.Fatal(err)
		}
		if got := s.told(); got != step.want {
			t.Errorf("%s: told %q, want %q", step.what, got, step.want)
		}
	}
	s.users, s.view.Access.Replication = []string{"user default off"}, []string{"secret", "next"}
	if err := s.actor.Prepare(t.Context(), s.view); err != nil || s.told() != made+keys.Hash("secret")+" #"+keys.Hash("next")+mayOnly {
		t.Errorf("a second password was not added: %v", err)
	}
}

// TestPlainMasterWithAPassword: a server of the same template that has no agent wants of a replica what it wants of clients.
func TestPlainMasterWithAPassword(t *testing.T) {
	s := newStage(t, script{})
	s.view.Access, s.requirepass = inGroup(), "clients"
	plainMaster := model.Address{Host: "10.0.0.8", Port: 6379}
	s.view.Self.Redis.Role, s.view.UIDByName, s.view.Peers = model.Replica, s.view.Self.UID, []model.Pod{{Name: "redis-1", Address: plainMaster}}
	if err := s.actor.send(t.Context(), s.view, []decide.Command{{Do: decide.ReplicateFrom, Master: plainMaster}}); err != nil {
		t.Fatal(err)
	}
	if got, want := s.told(), "config set masteruser ; config set masterauth clients; replicaof 10.0.0.8 6379"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}
