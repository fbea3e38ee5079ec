// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
)

// TestNextAgentOfAPodKnowsWhoWasBehind: what is kept is read by the next agent, whatever became of the file in between.
func TestNextAgentOfAPodKnowsWhoWasBehind(t *testing.T) {
	dir := t.TempDir()
	first, err := newKeeper(dir)
	if err != nil || !first.has.Equal(decide.Kept{}) {
		t.Fatalf("a new pod's agent knows %v (%v), want nothing", first.has, err)
	}
	said := decide.Kept{Epoch: 2048, Behind: map[int]string{2: "a-claim"}}
	if err = first.keep(said); err != nil {
		t.Fatal(err)
	}
	if next, failed := newKeeper(dir); failed != nil || !next.has.Equal(said) {
		t.Errorf("the next agent knows %v (%v), want %v", next.has, failed, said)
	}
	if err = os.WriteFile(filepath.Join(dir, keptFile), []byte(`{"epoch": 2048, "behind": [`), 0o600); err != nil {
		t.Fatal(err)
	}
	next, err := newKeeper(dir)
	if err == nil || !next.has.Equal(decide.Kept{}) {
		t.Errorf("a broken file says %v (%v), want nothing and an error", next.has, err)
	}
	if err := next.keep(said); err != nil {
		t.Errorf("after a broken file nothing is kept: %v", err)
	}
}

// TestNothingIsWrittenThatStandsThere: an agent at rest writes no file.
func TestNothingIsWrittenThatStandsThere(t *testing.T) {
	k, err := newKeeper(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	said := decide.Kept{Epoch: 1024}
	if err := k.keep(said); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(k.dir, keptFile)); err != nil {
		t.Fatal(err)
	}
	if err := k.keep(decide.Kept{Epoch: 1024, Behind: map[int]string{}}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(k.dir, keptFile)); err == nil {
		t.Error("it was written again")
	}
}
