// SPDX-License-Identifier: Apache-2.0

package act

import (
	"slices"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
)

const (
	known   = "acl setuser ns.redis on nopass -@all +ping +replconf +psync"
	asGroup = "config set masteruser ns.redis; config set masterauth ns.redis"
)

// told is what my Redis was told, in one line, and forgets it.
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

// TestEachProcessIsMadeOneOfItsGroup: once, before anything else is done to it. A stranger at a pod's address does not know the
// user, and gets and gives nothing.
func TestEachProcessIsMadeOneOfItsGroup(t *testing.T) {
	s := newStage(t, script{})
	s.actor.Group = "ns.redis"
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
		t.Errorf("the next process was not made one of the group: %v", err)
	}
	for what, r := range map[string]decide.Redis{"silent": {}, "too old": {Answer: decide.Up, RunID: "an old one", TooOld: true}} {
		s.view.Self.Redis = r
		if err := s.actor.Prepare(t.Context(), s.view); err != nil || s.told() != "" {
			t.Errorf("a Redis that is %s was told something: %v", what, err)
		}
	}
}

// TestPlainMasterIsFollowedAsNobody: during adoption the master has no agent and knows no user of the group; the next one does.
func TestPlainMasterIsFollowedAsNobody(t *testing.T) {
	s := newStage(t, script{})
	s.actor.Group = "ns.redis"
	plainMaster, injected := decide.Address{Host: "10.0.0.8", Port: 6379}, decide.Address{Host: "10.0.0.9", Port: 6379}
	s.view.Self.Redis.Role = decide.Replica
	s.view.Peers = []decide.Pod{{Name: "redis-1", Address: plainMaster}, {Name: "redis-2", Address: injected, Injected: true}}
	for _, step := range []struct {
		to   decide.Address
		want string
	}{
		{plainMaster, "config set masterauth ; config set masteruser ; replicaof 10.0.0.8 6379"},
		{injected, asGroup + "; replicaof 10.0.0.9 6379"},
		{injected, "replicaof 10.0.0.9 6379"},
		{decide.Nowhere, "replicaof 127.0.0.1 1"},
	} {
		if err := s.actor.follow(t.Context(), s.view, step.to); err != nil {
			t.Fatal(err)
		}
		if got := s.told(); got != step.want {
			t.Errorf("to %s: told %q, want %q", step.to, got, step.want)
		}
	}
	s.view.Self.Redis.Following = plainMaster // the agent restarted meanwhile
	s.actor.prepared = ""
	if err := s.actor.Prepare(t.Context(), s.view); err != nil || slices.Contains(s.journal, "config set masterauth ns.redis") {
		t.Errorf("after a restart of the agent: err=%v, told %q, which a plain master refuses", err, s.journal)
	}
}
