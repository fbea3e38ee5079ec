// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
)

// TestClientsPassword: the present one is accepted, the one before for as long as policy says, also over a restart of the agent; the
// one that the Secret has beside it, also by a pod that never saw it; and never nobody's: without a password in the Secret nobody may enter.
func TestClientsPassword(t *testing.T) {
	env := testEnvironment(t)
	env.AuthDir = t.TempDir()
	if newClientPassword(env).hashes(time.Now()) != nil {
		t.Error("a group without a Secret has a password")
	}
	env.Settings.Redis.RotationGraceMs = time.Hour.Milliseconds()
	put := func(key, password string) {
		if err := os.WriteFile(filepath.Join(env.AuthDir, key), []byte(password), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Unix(1_800_000_000, 0)
	c := newClientPassword(env)
	nobodys := c.hashes(now)
	if len(nobodys) != 1 || nobodys[0] == keys.Hash("") || !slices.Equal(nobodys, c.hashes(now)) || slices.Equal(nobodys, newClientPassword(env).hashes(now)) {
		t.Errorf("without a password %v is accepted: it has to be one that nobody can know, and the same in every turn", nobodys)
	}
	if !c.missing() {
		t.Error("nobody hears that the password is missing")
	}
	for _, step := range []struct {
		what, password, previous string
		after                    time.Duration
		restart                  bool
		want                     []string
	}{
		{"the first, with the line end of an editor", "one\n", "", 0, false, []string{"one"}},
		{"the next", "two", "", time.Minute, false, []string{"two", "one"}},
		{"after a restart", "two", "", 30 * time.Minute, true, []string{"two", "one"}},
		{"the Secret is empty for a moment", "", "", 31 * time.Minute, false, []string{"two", "one"}},
		{"the time is over", "two", "", 62 * time.Minute, false, []string{"two"}},
		{"a third", "three", "", 63 * time.Minute, false, []string{"three", "two"}},
		{"back", "two", "", 64 * time.Minute, false, []string{"two", "three"}},
		{"the one of before is beside it", "two", "three\n", 65 * time.Minute, false, []string{"two", "three"}},
		{"the time is over, and it is still there", "two", "three", 200 * time.Minute, false, []string{"two", "three"}},
		{"it is taken away", "two", "", 201 * time.Minute, false, []string{"two"}},
	} {
		put(contract.AuthKey, step.password)
		put(contract.AuthPreviousKey, step.previous)
		if step.restart {
			c = newClientPassword(env)
		}
		var want []string
		for _, p := range step.want {
			want = append(want, keys.Hash(p))
		}
		if got := c.hashes(now.Add(step.after)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want those of %v", step.what, got, step.want)
		}
	}
	if c.missing() {
		t.Error("it says that the password is missing")
	}
	env.PrivateDir = t.TempDir() // another pod
	put(contract.AuthPreviousKey, "one")
	if got, want := newClientPassword(env).hashes(now), []string{keys.Hash("two"), keys.Hash("one")}; !slices.Equal(got, want) {
		t.Errorf("a pod of after the change: %v, want %v", got, want)
	}
}
