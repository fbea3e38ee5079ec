// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

var ours = []redisconf.User{{Name: contract.AgentUser, Hashes: []string{"aa"}, Rules: []string{"+@all"}}}

func aclFileWith(t *testing.T, text string) *aclFile {
	t.Helper()
	f := &aclFile{path: filepath.Join(t.TempDir(), "users.acl")}
	if err := os.WriteFile(f.path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestUsersOfBothStandInOneFile(t *testing.T) {
	f := aclFileWith(t, "# mine\nuser default on >secret ~* +@all\n\nuser redis-sentinel-agent on nopass +@all\nuser app on #00 ~app:* +get\n")
	text, objections := f.merged(ours)
	want := "user default on >secret ~* +@all\nuser app on #00 ~app:* +get\nuser redis-sentinel-agent reset on #aa +@all\n"
	if text != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
	if len(objections) != 1 || objections[0].Line != 4 || strings.Contains(objections[0].String(), "secret") {
		t.Errorf("objections %v, want one to line 4, without a password", objections)
	}
}

// TestFileThatCannotBeReadLetsNobodyIn: without it a server would be open to everybody. Before Redis runs, an init container may still
// have to write it, so that it is said once, after that.
func TestFileThatCannotBeReadLetsNobodyIn(t *testing.T) {
	f := &aclFile{path: "/nowhere/users.acl"}
	text, objections := f.merged(ours)
	if !strings.HasPrefix(text, "user default off\n") || len(objections) != 0 {
		t.Errorf("%q, %v", text, objections)
	}
	for turn, want := range []int{1, 0} {
		if _, objections, changed := f.changed(nil); changed || len(objections) != want {
			t.Errorf("turn %d: changed %t, %v", turn, changed, objections)
		}
	}
}

func TestSecretsPasswordWinsOverTheFiles(t *testing.T) {
	f := aclFileWith(t, "user default on >old ~* +@all\n")
	text, _ := f.merged(append(slices.Clone(ours), redisconf.User{Name: "default", Hashes: []string{"11", "22"}}))
	if want := "user default on >old ~* +@all on resetpass #11 #22\n"; !strings.HasPrefix(text, want) || strings.Count(text, "user default") != 1 {
		t.Errorf("got %q, want it to begin %q", text, want)
	}
}

// TestWhatTheServerLacksIsTold: loading the file would close the connections of every user. Nothing is taken for told that was not,
// also where the file was written anew meanwhile, or another agent has told the server something.
func TestWhatTheServerLacksIsTold(t *testing.T) {
	f := aclFileWith(t, "")
	present := []string{"default", "gone", "redis-sentinel-agent"}
	for _, step := range []struct {
		text, set, deleted string
		refused            bool
	}{
		{"user default on >secret ~* +@all\nuser app on #00 +get\n", "app reset on #00 +get; default reset on >secret ~* +@all", "gone", true},
		{"user default on >secret ~* +@all\nuser app on #00 +get\n", "app reset on #00 +get; default reset on >secret ~* +@all", "gone", false},
		{"user default on >secret ~* +@all\nuser app on #00 +get\n", "", "", false},
		{"user default on >secret ~* +@all\nuser next on #11 +get (~x +set)\n", "next reset on #11 +get (~x +set)", "app", false},
		{"user next on #11 +get (~x +set)\n", "default reset on nopass ~* &* +@all", "", false}, // as a server without a file has it
	} {
		if err := os.WriteFile(f.path, []byte(step.text), 0o600); err != nil {
			t.Fatal(err)
		}
		f.merged(ours) // for another reason, in the same turn
		c, _, changed := f.changed(present)
		var set []string
		for _, words := range c.set {
			set = append(set, strings.Join(words, " "))
		}
		if changed != (step.set != "") || strings.Join(set, "; ") != step.set || strings.Join(c.deleted, " ") != step.deleted {
			t.Errorf("told %q, deleted %q, want %q and %q", set, c.deleted, step.set, step.deleted)
		}
		if changed && !step.refused {
			f.tell(c, nil)
		}
	}
}

// TestDefaultUserThatNobodyNames is left as it is where nobody knows what the server was told: it may have been shut.
func TestDefaultUserThatNobodyNames(t *testing.T) {
	f := aclFileWith(t, "user app on #00 +get\n")
	if c, _, _ := f.changed(nil); len(c.set) != 1 || c.set[0][0] != "app" {
		t.Errorf("told %q", c.set)
	}
}

// TestFileThatRedisWouldNotLoadChangesNothing: at the start nobody but ours may enter; later all stays as it was, also in the file that
// Redis starts from, and people hear of it once.
func TestFileThatRedisWouldNotLoadChangesNothing(t *testing.T) {
	const good, bad = "user default on >secret ~* +@all\nuser app on #00 +get\n", "\ufeffuser default on >secret ~* +@all\n"
	f := aclFileWith(t, bad)
	text, objections := f.merged(ours)
	if !strings.HasPrefix(text, "user default off\nuser redis-sentinel-agent ") || len(objections) != 1 {
		t.Errorf("%q, %v", text, objections)
	}
	if _, again, changed := f.changed(nil); changed || len(again) != 0 {
		t.Errorf("changed %t, objections %v: it was told at the start", changed, again)
	}
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(f.path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(good)
	c, _, changed := f.changed(nil)
	if !changed {
		t.Fatal("the file that was mended is not told")
	}
	f.merged(ours)
	f.tell(c, nil)
	for _, unfit := range []string{bad, "", "# nobody\n", good + good, "\ufeff"} {
		put(unfit)
		_, objections, changed := f.changed(nil)
		_, again, _ := f.changed(nil)
		if changed || len(objections) == 0 || len(again) != 0 {
			t.Errorf("%q: changed %t, objections %v and then %v", unfit, changed, objections, again)
		}
		if text, _ := f.merged(ours); !strings.HasPrefix(text, good) {
			t.Errorf("%q: Redis would start from %q", unfit, text)
		}
	}
	put(good)
	if _, _, changed := f.changed(nil); changed {
		t.Error("told again what the server has")
	}
}

// TestLineThatTheServerRefused is not in the file from which it starts: it would not.
func TestLineThatTheServerRefused(t *testing.T) {
	f := aclFileWith(t, "user default on >secret ~* +@all\nuser app on #00 +get\n")
	c, _, _ := f.changed(nil)
	f.tell(c, nil)
	if err := os.WriteFile(f.path, []byte("user default on >secret ~* +nonsense\nuser app on #00 +nonsense\nuser new on +nonsense\nuser more on #11 +get\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, _ = f.changed(nil)
	if !f.tell(c, []string{"default", "app", "new"}) {
		t.Error("the file is not written again")
	}
	text, _ := f.merged(nil)
	if want := "user default on >secret ~* +@all\nuser app on #00 +get\nuser more on #11 +get\n"; text != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
	if _, _, changed := f.changed(nil); changed {
		t.Error("what was refused is told again")
	}
	// Another user changes, one is refused again, and one is mended.
	if err := os.WriteFile(f.path, []byte("user default on >secret ~* +nonsense\nuser app on #00 +rubbish\nuser new on #22 +get\nuser more on #33 +get\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, _ = f.changed(nil)
	f.tell(c, []string{"app"})
	text, _ = f.merged(nil)
	if want := "user default on >secret ~* +@all\nuser app on #00 +get\nuser new on #22 +get\nuser more on #33 +get\n"; text != want {
		t.Errorf("later it is\n%swant\n%s", text, want)
	}
}

// TestDefaultUserIsShutWhereAPasswordIsRequired from the first moment on, where the file does not name him.
func TestDefaultUserIsShutWhereAPasswordIsRequired(t *testing.T) {
	for text, want := range map[string]string{
		"user app on #00 +get\n":             "user default off nopass ~* +@all\nuser app on #00 +get\n",
		"user default on >secret ~* +@all\n": "user default on >secret ~* +@all\n",
	} {
		f := aclFileWith(t, text)
		f.shutDefault = true
		if got, _ := f.merged(nil); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		c, _, _ := f.changed(nil)
		f.tell(c, nil)
		if err := os.WriteFile(f.path, []byte("user other on #00 +get\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, _, _ = f.changed(nil); strings.Contains(c.lines["default"], " on ") {
			t.Errorf("told %q", c.lines["default"])
		}
	}
}
