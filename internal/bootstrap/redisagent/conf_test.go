// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
)

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func generated(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "redis.conf"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestFileOfAnInitContainer: it is read when it is there, and again when it is another, and what depends on it is written anew before the
// server starts from it.
func TestFileOfAnInitContainer(t *testing.T) {
	env := testEnvironment(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "redis.conf")
	env.Settings.Redis.Include = file
	c, err := newConfiguration(env, "secret", nil)
	if err != nil || c.user.values.Priority != 100 {
		t.Fatal(c.user, err)
	}
	if changed, err := c.follow(); changed || err != nil {
		t.Error("nothing is there yet, and something changed", err)
	}
	put(t, filepath.Join(dir, "users.acl"), "user bob on >x ~* +@all\n")
	put(t, file, "replica-priority 30\nreplicaof elsewhere 6379\naclfile "+dir+"/users.acl\ninclude "+dir+"/more.conf\n")
	if changed, err := c.follow(); !changed || err != nil || c.user.values.Priority != 30 || len(c.user.objections) != 1 {
		t.Errorf("%t %v: %+v", changed, err, c.user)
	}
	if text := generated(t, env.ConfigDir); !strings.Contains(text, "include "+file) || !strings.Contains(text, "aclfile") || strings.Contains(text, "\nuser ") {
		t.Errorf("Redis takes users from one file only:\n%s", text)
	}
	if changed, _ := c.follow(); changed {
		t.Error("it is the same")
	}
	put(t, filepath.Join(dir, "more.conf"), "replica-priority 31\n")
	if changed, _ := c.follow(); !changed || c.user.values.Priority != 31 {
		t.Errorf("a file that is included is there now: %+v", c.user)
	}
	put(t, file, "replica-priority 32\n")
	if changed, _ := c.follow(); !changed || c.user.values.Priority != 32 || c.users != nil || !strings.Contains(generated(t, env.ConfigDir), "\nuser ") {
		t.Errorf("it changed: %+v", c.user)
	}
}

// TestFirstFileThatIsThere: an image that looks for several files loads the first of them.
func TestFirstFileThatIsThere(t *testing.T) {
	env := testEnvironment(t)
	dir := t.TempDir()
	whole, overrides := filepath.Join(dir, "redis.conf"), filepath.Join(dir, "overrides.conf")
	env.Settings.Redis.Include, env.Settings.Redis.IncludeFirst = whole, []string{whole, overrides}
	env.Settings.Redis.Before, env.Settings.Redis.Whole = []string{"hz 11"}, whole // what the image would write, where it finds no whole file
	c, err := newConfiguration(env, "secret", nil)
	if text := generated(t, env.ConfigDir); err != nil || strings.Contains(text, "include") {
		t.Errorf("a file that is not there would keep the server from starting: %v\n%s", err, text)
	}
	for _, file := range []string{overrides, whole} {
		put(t, file, "hz 20\n")
		if changed, err := c.follow(); !changed || err != nil || !strings.Contains(generated(t, env.ConfigDir), "include "+file+"\n") {
			t.Errorf("%t %v, want include %s in\n%s", changed, err, file, generated(t, env.ConfigDir))
		}
		if has := strings.HasPrefix(generated(t, env.ConfigDir), "hz 11\ninclude "); has != (file == overrides) {
			t.Errorf("with %s the image's own options come first: %t", file, has)
		}
	}
}

// TestImageWithoutAWholeFile: what the image would write comes before a file that only puts something over it, and where there is none.
func TestImageWithoutAWholeFile(t *testing.T) {
	env := testEnvironment(t)
	overrides := filepath.Join(t.TempDir(), "overrides.conf")
	env.Settings.Redis.Include, env.Settings.Redis.IncludeFirst, env.Settings.Redis.Before = overrides, []string{overrides}, []string{"hz 11"}
	c, err := newConfiguration(env, "secret", nil)
	if text := generated(t, env.ConfigDir); err != nil || !strings.HasPrefix(text, "hz 11\nport ") {
		t.Errorf("without a file: %v\n%s", err, text)
	}
	put(t, overrides, "hz 20\n")
	if changed, err := c.follow(); !changed || err != nil || !strings.HasPrefix(generated(t, env.ConfigDir), "hz 11\ninclude "+overrides) {
		t.Errorf("%t %v, want both in\n%s", changed, err, generated(t, env.ConfigDir))
	}
}

// TestPasswordFile: an image that is configured by variables reads the clients' password from a file.
func TestPasswordFile(t *testing.T) {
	env := testEnvironment(t)
	env.Settings.Redis.PasswordFile, env.Settings.Redis.RotationGraceMs = filepath.Join(t.TempDir(), "redis-password"), 1
	put(t, env.Settings.Redis.PasswordFile, "clients\n")
	if c := newClientPassword(env); len(c.hashes(time.Now())) != 1 || c.hashes(time.Now())[0] != keys.Hash("clients") {
		t.Errorf("hashes %v", c.hashes(time.Now()))
	}
}

// TestNowhereToWrite: a snapshot that cannot be saved would stop all writes, and a full sync would never end.
func TestNowhereToWrite(t *testing.T) {
	env := testEnvironment(t)
	env.Settings.Redis.Diskless = true
	if _, err := newConfiguration(env, "secret", nil); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"repl-diskless-load swapdb\n", "repl-diskless-sync yes\n", `save ""` + "\n", "stop-writes-on-bgsave-error no\n"} {
		if text := generated(t, env.ConfigDir); !strings.Contains(text, line) {
			t.Errorf("no %q in\n%s", line, text)
		}
	}
}
