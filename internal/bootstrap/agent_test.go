// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
)

func environment(t *testing.T) Environment {
	t.Helper()
	return Environment{
		Namespace: "ns", PodName: "redis-0", PodUID: "uid", PodIP: netip.MustParseAddr("10.0.0.1"),
		Log: slog.New(slog.DiscardHandler), ConfigDir: t.TempDir(), PrivateDir: t.TempDir(),
		Settings: contract.Settings{Version: 1, Role: contract.PodRoleRedis, StatefulSet: "redis", Port: 6379, Redis: &contract.RedisSettings{}},
	}
}

func request(t *testing.T, e *endpoints, method, path, token string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	r.Header.Set(contract.HookHeader, token)
	w := httptest.NewRecorder()
	e.routes().ServeHTTP(w, r)
	return w.Code
}

func TestHookIsTheKubeletsAlone(t *testing.T) {
	left := 0
	e := &endpoints{token: "secret", notify: func() {}, metrics: newMetrics(), leave: func(context.Context) { left++ }}
	for _, token := range []string{"", "wrong", "secret "} {
		if code := request(t, e, http.MethodGet, contract.PathPreStop, token); code != http.StatusForbidden {
			t.Errorf("token %q: %d, want 403", token, code)
		}
	}
	if code := request(t, e, http.MethodGet, contract.PathPreStop, "secret"); code != http.StatusNoContent || left != 1 {
		t.Errorf("the kubelet: %d, departures %d, want 204 and 1", code, left)
	}
	e.token = ""
	if code := request(t, e, http.MethodGet, contract.PathPreStop, ""); code != http.StatusForbidden {
		t.Errorf("an agent without a token answers %d to a caller without one, want 403", code)
	}
}

func TestProbesRepeatTheLastDecision(t *testing.T) {
	e := &endpoints{notify: func() {}, metrics: newMetrics()}
	if code := request(t, e, http.MethodGet, contract.PathStarted, ""); code != http.StatusServiceUnavailable {
		t.Errorf("started before the configuration exists: %d", code)
	}
	e.markStarted()
	e.set(Status{Ready: true, Reason: "Incumbent"})
	for _, path := range []string{contract.PathStarted, contract.PathReady, contract.PathStatus, contract.PathMetrics} {
		if code := request(t, e, http.MethodGet, path, ""); code != http.StatusOK {
			t.Errorf("%s: %d, want 200", path, code)
		}
	}
	if code := request(t, e, http.MethodGet, contract.PathNotify, ""); code != http.StatusMethodNotAllowed {
		t.Errorf("a GET pokes: %d", code)
	}
}

// TestPanicEndsATurnOnly: the agent never takes its server down.
func TestPanicEndsATurnOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		turns := 0
		go repeat(ctx, slog.New(slog.DiscardHandler), newWakeup(), func(context.Context) time.Duration {
			if turns++; turns == 1 {
				panic("in a turn")
			}
			return time.Second
		})
		time.Sleep(3500 * time.Millisecond) // of the bubble's own clock
		cancel()
		synctest.Wait()
		if turns != 4 {
			t.Errorf("turns=%d, want 4: the loop goes on after a panic", turns)
		}
	})
}

func TestHookWaitsForTheTurnThatHasNothingLeftToGive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDeparture(func() {})
		d.within(func() time.Duration { return 9 * time.Second })
		began := time.Now()
		d.ask(t.Context())
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("an unanswered hook took %s, want a third of the grace period", took)
		}
		go func() { time.Sleep(time.Second); d.done() }()
		began = time.Now()
		d.ask(t.Context())
		if took := time.Since(began); took != time.Second {
			t.Errorf("the hook took %s, want the second until the mastership was given away", took)
		}
		if !d.asked() {
			t.Error("the departure is forgotten at once")
		}
		time.Sleep(departureLife)
		if d.asked() {
			t.Error("a container that was only restarted leaves for ever")
		}
	})
}

func TestRedisConfIsWrittenWholeWithTheUsersValuesKept(t *testing.T) {
	env := environment(t)
	file := filepath.Join(t.TempDir(), "redis.conf")
	if err := os.WriteFile(file, []byte("replica-priority 30\nreplica-serve-stale-data no\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env.Settings.Redis.Include = file
	user, err := writeRedisConf(env)
	if err != nil || user.values.Priority != 30 || user.values.ServeStale {
		t.Fatalf("user=%+v err=%v, want the values of the user's file", user, err)
	}
	info, err := os.Stat(filepath.Join(env.ConfigDir, "redis.conf"))
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode=%v err=%v: the server reads it as another user", info.Mode(), err)
	}
	if left, _ := fs.Glob(os.DirFS(env.ConfigDir), ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAgentsPasswordOutlivesItsProcess(t *testing.T) {
	env := environment(t)
	first, err := agentPassword(env)
	if err != nil {
		t.Fatal(err)
	}
	if second, _ := agentPassword(env); second != first || first == "" {
		t.Errorf("password %q became %q", first, second)
	}
	conf := "port 26379\nuser agent on #" + strings.Repeat("0", 64) + " ~* &* +@all\nsentinel myid x\n"
	if _, err := sentinelDirectory(env); err != nil {
		t.Fatal(err)
	}
	if err := rewriteAgentUser(env, conf, first); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(sentinelFile(env))
	if err != nil || !strings.Contains(string(text), "user agent on #"+hash(first)) || !strings.Contains(string(text), "sentinel myid x") {
		t.Errorf("a node's reboot takes the tmpfs: the file must get the new hash and keep the rest, got\n%s", text)
	}
}

func TestSetServesOnlyWhatPolicyBindsToIt(t *testing.T) {
	env := environment(t)
	env.Settings = contract.Settings{StatefulSet: "sentinel", Sentinel: &contract.SentinelSettings{}}
	s := contract.GroupSettings{Sentinels: contract.SentinelSet{Namespace: "ns", Name: "sentinel"}}
	if !serves(env, "ns", s) || serves(env, "tenant", s) {
		t.Error("without a word of policy a set serves its own namespace, and no other")
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

// The directory of an emptyDir in memory is sticky: in it Sentinel, another user than the agent, could never replace the
// file that the agent wrote.
func TestSentinelMayReplaceItsFile(t *testing.T) {
	env := environment(t)
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

// TestEndWaitsForTheTurn: SIGTERM in the middle of a handover must not leave its offer and its pause behind.
func TestEndWaitsForTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		served, turns, ended := make(chan error), make(chan struct{}), make(chan error, 1)
		go func() { ended <- untilEnded(ctx, served, turns) }()
		cancel()
		synctest.Wait()
		if len(ended) > 0 {
			t.Fatal("it ended while a turn ran")
		}
		close(turns)
		if err := <-ended; err != nil { // synctest fails where nothing can send any more
			t.Error(err)
		}
	})
}
