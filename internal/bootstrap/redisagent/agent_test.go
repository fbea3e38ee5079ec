// SPDX-License-Identifier: Apache-2.0

package redisagent

import (
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/environment"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/contract"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/keys"
)

// testEnvironment is that of a pod in a namespace called ns.
func testEnvironment(t *testing.T) environment.Environment {
	t.Helper()
	return environment.Environment{
		Namespace: "ns", PodName: "redis-0", PodUID: "uid", PodIP: netip.MustParseAddr("10.0.0.1"),
		Log: slog.New(slog.DiscardHandler), ConfigDir: t.TempDir(), PrivateDir: t.TempDir(),
		Settings: contract.Settings{Version: 1, Role: contract.PodRoleRedis, StatefulSet: "redis", Port: 6379, Redis: &contract.RedisSettings{}},
	}
}

func TestHookWaitsForTheTurnThatHasNothingLeftToGive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDeparture(func() {})
		d.knows(&endOfPod{grace: 9 * time.Second})
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
			t.Error("a container that was only restarted stays in departure for ever")
		}
	})
}

// endOfPod is what the API says of the end of a pod.
type endOfPod struct {
	grace time.Duration
	ends  bool
}

func (e *endOfPod) Grace() time.Duration { return e.grace }
func (e *endOfPod) Terminating() bool    { return e.ends }

// TestStolenTokenMovesTheMastershipOnce: the hook's token stands in the pod's specification. Whoever calls with it has one departure,
// and no more for ten minutes, unless the pod is being deleted or Redis did end after it, as it does when the kubelet has called.
func TestStolenTokenMovesTheMastershipOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := 0
		d := newDeparture(nil)
		d.wake = func() { turns++; d.done() }
		pod := &endOfPod{grace: 30 * time.Second}
		d.knows(pod)
		d.sees("process-1")
		departed := 0
		for began := time.Now(); time.Since(began) < departuresApart; time.Sleep(time.Second) {
			d.ask(t.Context())
			if d.asked() {
				departed++
			}
		}
		if most := int(departureLife / time.Second); departed > most {
			t.Errorf("for %d seconds of ten minutes the pod was about to leave, at most %d are allowed", departed, most)
		}
		if turns > 31 {
			t.Errorf("%d calls woke the agent", turns)
		}
		if !d.ask(t.Context()) {
			t.Error("after ten minutes it is refused")
		}
		time.Sleep(departureLife)
		if d.ask(t.Context()) {
			t.Error("the next departure begins at once")
		}
		d.sees("process-2")
		if !d.ask(t.Context()) || !d.asked() {
			t.Error("Redis ended after the last departure: the kubelet called, and may call again")
		}
		time.Sleep(departureLife)
		go func() { time.Sleep(deletionSeenWithin / 2); d.mu.Lock(); pod.ends = true; d.mu.Unlock() }()
		if !d.ask(t.Context()) || !d.asked() {
			t.Error("a pod that is being deleted may not leave")
		}
	})
}

// TestServerBehindAShellIsEnded: one that still answers some time after the hook of a pod that ends; no other.
func TestServerBehindAShellIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, pod := newDeparture(func() {}), &endOfPod{grace: time.Minute, ends: true}
		if d.unheard(time.Now()) {
			t.Error("the API has said nothing yet")
		}
		d.knows(pod)
		go func() { time.Sleep(time.Second); d.done() }()
		d.ask(t.Context())
		if d.unheard(time.Now()) {
			t.Error("its SIGTERM is on the way")
		}
		time.Sleep(unheardAfter + time.Second)
		if !d.unheard(time.Now()) {
			t.Error("it would be kept for all of the grace period")
		}
		pod.ends = false
		if d.unheard(time.Now()) {
			t.Error("only the container is restarted, and its kubelet does that")
		}
	})
}

func TestRedisConfIsWrittenWholeWithTheUsersValuesKept(t *testing.T) {
	env := testEnvironment(t)
	file := filepath.Join(t.TempDir(), "redis.conf")
	if err := os.WriteFile(file, []byte("replica-priority 30\nreplica-serve-stale-data no\nmin-replicas-max-lag 20\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env.Settings.Redis.Include = file
	conf, err := newConfiguration(env, "secret", nil)
	user := conf.user
	if err != nil || user.values.Priority != 30 || user.values.ServeStale || user.values.MaxLag != 20 {
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

// TestFilesThatTheUsersOwnIncludes: passwords and settings may stand in any of them, and a line that cannot be is told where it is.
func TestFilesThatTheUsersOwnIncludes(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"redis.conf":    "include " + dir + "/conf.d/*.conf\nmasterauth clients\n",
		"conf.d/a.conf": "replica-priority 20\nuser default on >x ~* +@all\n",
		"conf.d/b.conf": "cluster-enabled yes\naclfile " + dir + "/users.acl\nuser redis-sentinel-monitor on nopass\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	user, err := readUserFile(filepath.Join(dir, "redis.conf"), 6379)
	if err != nil || user.values.Priority != 20 || user.master.Password != "clients" || !user.namesDefault || user.aclFile != dir+"/users.acl" {
		t.Errorf("%+v, %v", user, err)
	}
	if len(user.objections) != 2 || user.objections[0].File != dir+"/conf.d/b.conf" {
		t.Errorf("objections %v", user.objections)
	}
	for name, text := range map[string]string{"missing": "include " + dir + "/none.conf\n", "circle": "include " + dir + "/circle\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("replica-priority 7\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		if user, err := readUserFile(filepath.Join(dir, name), 6379); err == nil || user.values.Priority != 7 {
			t.Errorf("%s: %v, want an error, and what could be read", name, err)
		}
	}
}

// TestServerThatRestartsKnowsUsersBeforeItsAgentComes: the file has hashes, and no password.
func TestServerThatRestartsKnowsUsersBeforeItsAgentComes(t *testing.T) {
	env := testEnvironment(t)
	env.KeysDir = t.TempDir()
	g := keys.Release("any").Group("ns", "redis", 1)
	for name, text := range map[string]string{
		contract.KeyReplication + g.ID: g.Replication(), contract.KeyObserver + g.ID: g.Observer(), contract.KeyMonitor + g.ID: keys.Hash("sentinels"),
	} {
		if err := os.WriteFile(filepath.Join(env.KeysDir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := newConfiguration(env, "agents", nil); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(env.ConfigDir, "redis.conf"))
	if err != nil {
		t.Fatal(err)
	}
	for what, password := range map[string]string{"agent": "agents", "replicas": g.Replication(), "observers": g.Observer(), "Sentinels": "sentinels"} {
		if strings.Contains(string(raw), password+"\n") || strings.Contains(string(raw), password+" ") || !strings.Contains(string(raw), "#"+keys.Hash(password)) {
			t.Errorf("%s: the file has the password, or not its hash", what)
		}
	}
}
