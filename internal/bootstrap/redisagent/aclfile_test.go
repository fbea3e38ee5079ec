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

// TestFileThatCannotBeReadLetsNobodyIn: without it a server would be open to everybody.
func TestFileThatCannotBeReadLetsNobodyIn(t *testing.T) {
	f := &aclFile{path: "/nowhere/users.acl"}
	text, objections := f.merged(ours)
	if !strings.HasPrefix(text, "user default off\n") || len(objections) != 1 {
		t.Errorf("%q, %v", text, objections)
	}
	if _, _, changed := f.changed(); changed {
		t.Error("a file that cannot be read changed")
	}
}

func TestSecretsPasswordWinsOverTheFiles(t *testing.T) {
	f := aclFileWith(t, "user default on >old ~* +@all\n")
	text, _ := f.merged(append(slices.Clone(ours), redisconf.User{Name: "default", Hashes: []string{"11", "22"}}))
	if want := "user default on >old ~* +@all resetpass #11 #22\n"; !strings.HasPrefix(text, want) || strings.Count(text, "user default") != 1 {
		t.Errorf("got %q, want it to begin %q", text, want)
	}
}

// TestOnlyWhatChangedIsTold: loading the file would close the connections of every user.
func TestOnlyWhatChangedIsTold(t *testing.T) {
	f := aclFileWith(t, "user default on >secret ~* +@all\nuser app on #00 +get\nuser gone on #00 +get\n")
	f.merged(ours)
	if _, _, changed := f.changed(); changed {
		t.Fatal("nothing changed")
	}
	for _, step := range []struct {
		text    string
		set     string
		deleted string
	}{
		{"user default on >secret ~* +@all\nuser app on #11 +get (~x +set)\n", "app reset on #11 +get (~x +set)", "gone"},
		{"user app on #11 +get (~x +set)\n", "default reset on nopass ~* &* +@all", ""}, // as a server without a file has it
	} {
		if err := os.WriteFile(f.path, []byte(step.text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, _, changed := f.changed()
		var set []string
		for _, words := range c.set {
			set = append(set, strings.Join(words, " "))
		}
		if !changed || strings.Join(set, "; ") != step.set || strings.Join(c.deleted, " ") != step.deleted {
			t.Errorf("told %q, deleted %q, want %q and %q", set, c.deleted, step.set, step.deleted)
		}
		if _, _, again := f.changed(); again {
			t.Error("it is told twice")
		}
	}
}
