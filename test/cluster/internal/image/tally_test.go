// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestTallyIsSavedAndReplicated loads the module into Debian's Redis. What it
// keeps survives a restart and comes to replicas that have the module. One that
// has not dies of it.
func TestTallyIsSavedAndReplicated(t *testing.T) {
	for _, program := range []string{"redis-server", "redis-cli", "gcc"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatal("it builds a module, and loads it into this machine's Redis; make cluster-up installs both:", err)
		}
	}
	module := filepath.Join(t.TempDir(), "tally.so")
	if err := buildTally(t.Context(), "../..", module); err != nil {
		t.Fatal(err)
	}
	master := redisAt{t.TempDir(), freePort(t)}
	stop := master.start(t, "--loadmodule", module, "--repl-diskless-sync-delay", "0")
	master.ask(t, "OK", "SET", "text", "x")
	master.ask(t, "5", "TALLY.ADD", "n", "5")
	master.ask(t, "-2", "TALLY.ADD", "n", "-7")
	master.ask(t, "", "TALLY.GET", "none")
	master.ask(t, "WRONGTYPE the key holds no tally", "TALLY.ADD", "text", "1")
	master.ask(t, "ERR not an integer", "TALLY.ADD", "n", "one")
	master.ask(t, "OK", "SAVE")
	stop()
	master.start(t, "--loadmodule", module, "--repl-diskless-sync-delay", "0")
	master.ask(t, "-2", "TALLY.GET", "n")

	of := []string{"--replicaof", "127.0.0.1 " + master.port}
	replica := redisAt{t.TempDir(), freePort(t)}
	replica.start(t, append(of, "--loadmodule", module)...)
	replica.ask(t, "-2", "TALLY.GET", "n")
	master.ask(t, "40", "TALLY.ADD", "n", "42")
	replica.ask(t, "40", "TALLY.GET", "n")

	bare := redisAt{t.TempDir(), freePort(t)}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	said, err := output(ctx, "redis-server", bare.arguments(of...)...)
	if err != nil || !strings.Contains(said, "no matching module type") { // it looks through the file, finds it whole, and ends well
		t.Errorf("a replica without the module: %v; it said:\n%s", err, said)
	}
}

// redisAt is a server at a port of this machine.
type redisAt struct{ dir, port string }

func (r redisAt) arguments(more ...string) []string {
	return append([]string{"--bind", "127.0.0.1", "--port", r.port, "--dir", r.dir, "--save", ""}, more...)
}

// start starts it and returns what ends it, at the latest with the test.
func (r redisAt) start(t *testing.T, more ...string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "redis-server", r.arguments(more...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		cancel()
		_ = cmd.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// ask waits until it answers a command like this.
func (r redisAt) ask(t *testing.T, want string, command ...string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		got, err := output(t.Context(), "redis-cli", append([]string{"-p", r.port}, command...)...)
		if got = strings.TrimSpace(got); err == nil && got == want {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%q: got %q, %v; want %q", command, got, err, want)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// freePort is a port that nobody uses.
func freePort(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}
