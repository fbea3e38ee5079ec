// SPDX-License-Identifier: Apache-2.0

package act

import (
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

const (
	known   = "acl setuser ns.redis on nopass -@all +ping +replconf +psync +sync"
	asGroup = "config set masteruser ns.redis; config set masterauth ns.redis"
)

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
	s.actor.replication = replicationUser{}
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
	s.actor.replication = replicationUser{}
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
	s.actor.replication = replicationUser{}
	plainMaster, injected := model.Address{Host: "10.0.0.8", Port: 6379}, model.Address{Host: "10.0.0.9", Port: 6379}
	pods := []model.Pod{{Name: "redis-1", Address: plainMaster}, {Name: "redis-2", Address: injected, Injected: true}, {Name: "redis-3"}}
	const asNobody = "config set masterauth ; config set masteruser "
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
	s.view.Now = s.view.Now.Add(ensureAgain + time.Second)
	if err := s.actor.Prepare(t.Context(), s.view); err != nil || s.told() != known {
		t.Errorf("half a minute later the user is not created again: %v", err)
	}
}
