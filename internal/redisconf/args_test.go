// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOptionsAreReadAsTheServerReadsThem(t *testing.T) {
	inv, err := Parse([]string{"redis-server", "--PORT 6380", "--dir", "/d", "--save", "60", "1", "--port", "7000"})
	if err != nil {
		t.Fatal(err)
	}
	want := []Option{{"port", []string{"6380"}}, {"dir", []string{"/d"}}, {"save", []string{"60", "1"}}, {"port", []string{"7000"}}}
	if diff := cmp.Diff(want, inv.Options); diff != "" || inv.Port != 7000 || inv.Dir != "/d" {
		t.Errorf("port %d dir %q (-want +got)\n%s", inv.Port, inv.Dir, diff)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		line string
		kind Kind
		want string
	}{
		"an unknown program":       {"/run.sh", ErrProgram, "/run.sh"},
		"another program":          {"redis-cli ping", ErrProgram, "redis-cli"},
		"help":                     {"redis-server --help", ErrProgram, "--help"},
		"a short flag":             {"redis-server -v", ErrProgram, "-v"},
		"standard input":           {"redis-server -", ErrOption, "standard input"},
		"a hidden file":            {"redis-server $(CONF)", ErrOption, "variable"},
		"a hidden option":          {"redis-server --$(OPT) x", ErrOption, "variable"},
		"a hidden port":            {"redis-server --port $(PORT)", ErrOption, "number"},
		"port 0":                   {"redis-server --port 0", ErrOption, "number"},
		"replicaof":                {"redis-server --replicaof a 1", ErrOption, "master"},
		"slaveof no one":           {"redis-server --slaveof no one", ErrOption, "master"},
		"upper case":               {"redis-server --REPLICAOF a 1", ErrOption, "master"},
		"cluster":                  {"redis-server --cluster-enabled yes", ErrOption, "Cluster"},
		"daemonize":                {"redis-server --daemonize yes", ErrOption, "process"},
		"bind":                     {"redis-server --bind 127.0.0.1", ErrOption, "addresses"},
		"protected mode":           {"redis-server --protected-mode yes", ErrOption, "connect"},
		"TLS":                      {"redis-server --tls-cert-file /c", ErrOption, "TLS"},
		"a TLS port":               {"redis-server --tls-port 6379", ErrOption, "TLS"},
		"an announced address":     {"redis-server --replica-announce-ip 1.2.3.4", ErrOption, "announces"},
		"a priority":               {"redis-server --replica-priority 0", ErrOption, "configuration file"},
		"stale data":               {"redis-server --replica-serve-stale-data no", ErrOption, "configuration file"},
		"writable replicas":        {"redis-server --replica-read-only no", ErrOption, "lost"},
		"min replicas":             {"redis-server --min-replicas-to-write 1", ErrOption, "redis-sentinel.dev/min-replicas-to-write"},
		"include":                  {"redis-server --include /x", ErrOption, "first argument"},
		"a renamed command":        {"redis-server --rename-command CONFIG ", ErrOption, "its name"},
		"a renamed command's name": {"redis-server --rename-command CONFIG secret", ErrOption, "its name"},
		"a key's password":         {"redis-server --tls-key-file-pass secret", ErrOption, "TLS"},
		"a Sentinel's password":    {"redis-sentinel --sentinel auth-pass m secret", ErrOption, "themselves"},
		"an option as first value": {"redis-server --logfile --replicaof a 1", ErrOption, "master"},
		"sentinel settings":        {"redis-sentinel --sentinel monitor a b 1 2", ErrOption, "themselves"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(strings.Split(c.line, " "))
			var refusal *ArgumentError
			if !errors.As(err, &refusal) || refusal.Kind != c.kind || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s with %q", err, c.kind, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("%v shows a password", err)
			}
		})
	}
}

// TestNobodysCommandMayBeRenamed: what neither agents nor replicas nor Sentinels call.
func TestNobodysCommandMayBeRenamed(t *testing.T) {
	if _, err := Parse([]string{"redis-server", "--rename-command", "FLUSHALL", "", "--rename-command KEYS x"}); err != nil {
		t.Error(err)
	}
}

func TestALineBreakHidesNoOption(t *testing.T) {
	if _, err := Parse([]string{"redis-server", "--hz 20\nreplicaof a 1"}); err == nil {
		t.Error("no error")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("redis-server /etc/redis.conf --port 7000")
	f.Add("--appendonly yes")
	f.Add("redis-server --sentinel")
	f.Fuzz(func(t *testing.T, line string) {
		words := strings.Fields(line)
		inv, err := Parse(words)
		if err != nil {
			return
		}
		c := inv.Load("/g.conf")
		var changed []string
		for i := range len(words) + 1 {
			if i == c.At {
				changed = append(changed, c.Insert...)
			}
			if i < len(words) && !c.Drop[i] {
				changed = append(changed, words[i])
			}
		}
		again, err := Parse(changed)
		if err != nil || again.ConfigFile != "/g.conf" || again.Port != inv.Port {
			t.Errorf("%q became %q: %v", line, changed, err)
		}
	})
}
