// SPDX-License-Identifier: Apache-2.0

package sentinelagent

import (
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

// testEnvironment is that of the second Sentinel of a set.
func testEnvironment(t *testing.T) environment.Environment {
	t.Helper()
	return environment.Environment{
		Namespace: "ns", PodName: "sentinel-1", PodIP: netip.MustParseAddr("10.0.0.1"),
		Log: slog.New(slog.DiscardHandler), ConfigDir: t.TempDir(), PrivateDir: t.TempDir(), PeerDir: t.TempDir(),
		Settings: contract.Settings{Version: 1, Role: contract.PodRoleSentinel, StatefulSet: "sentinel", Port: contract.SentinelPort, Sentinel: &contract.SentinelSettings{}},
	}
}

func TestAgentsPasswordOutlivesItsProcess(t *testing.T) {
	env := testEnvironment(t)
	first, err := env.Password()
	if err != nil {
		t.Fatal(err)
	}
	if second, _ := env.Password(); second != first || first == "" {
		t.Errorf("password %q became %q", first, second)
	}
	conf := "port 26379\nuser agent on #" + strings.Repeat("0", 64) + " ~* &* +@all\nsentinel myid x\n"
	if _, err = sentinelDirectory(env); err != nil {
		t.Fatal(err)
	}
	if err = rewriteAgentUser(env, conf, first); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(sentinelFile(env))
	if err != nil || !strings.Contains(string(text), "user agent on #"+hash(first)) || !strings.Contains(string(text), "sentinel myid x") {
		t.Errorf("a node's reboot takes the tmpfs: the file must get the new hash and keep the rest, got\n%s", text)
	}
}

func TestSetServesOnlyWhatPolicyBindsToIt(t *testing.T) {
	env := testEnvironment(t)
	env.Settings = contract.Settings{StatefulSet: "sentinel", Sentinel: &contract.SentinelSettings{}}
	s := contract.GroupSettings{Sentinels: contract.SentinelSet{Namespace: "ns", Name: "sentinel"}}
	if !serves(env, "ns", s) || serves(env, "tenant", s) {
		t.Error("without a policy a set serves its own namespace, and no other")
	}
	env.Settings.Sentinel.Namespaces = []string{"*"}
	if !serves(env, "tenant", s) {
		t.Error("policy binds the set to all namespaces")
	}
	s.Sentinels.Name = "another"
	if serves(env, "ns", s) {
		t.Error("a record that names another set is served")
	}
}

func TestSettingsOfATenantAreBounded(t *testing.T) {
	w := wanted(contract.GroupSettings{DownAfterMs: 1, FailoverTimeoutMs: 1 << 60, ParallelSyncs: -3, Quorum: 99}, 3)
	if w.DownAfter != 2*time.Second || w.FailoverTimeout > time.Hour || w.ParallelSyncs != 1 || w.Quorum != 2 {
		t.Errorf("got %+v", w)
	}
}

func TestSentinelMayReplaceItsFile(t *testing.T) {
	env := testEnvironment(t)
	if err := os.Chmod(env.ConfigDir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	dir, err := sentinelDirectory(env)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode()&os.ModeSticky != 0 || info.Mode().Perm() != 0o777 {
		t.Errorf("mode=%v err=%v: every user of the pod must be able to rename a file over another's", info.Mode(), err)
	}
}
