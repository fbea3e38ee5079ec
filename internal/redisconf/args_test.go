// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithLoadsTheGeneratedFileAndKeepsTheRest(t *testing.T) {
	const conf = "/g/redis.conf"
	type line struct{ Command, Args []string }
	for name, c := range map[string]struct {
		command, args []string
		want          line
		file          string
		program       Program
	}{
		"nothing at all":                           {nil, nil, line{nil, []string{"redis-server", conf}}, "", ProgramUnsaid},
		"the server alone":                         {nil, []string{"redis-server"}, line{nil, []string{"redis-server", conf}}, "", ProgramRedis},
		"the server with its file":                 {nil, []string{"redis-server", "/etc/my.conf"}, line{nil, []string{"redis-server", conf}}, "/etc/my.conf", ProgramRedis},
		"the server with options":                  {nil, []string{"redis-server", "--appendonly", "yes"}, line{nil, []string{"redis-server", conf, "--appendonly", "yes"}}, "", ProgramRedis},
		"file and options":                         {nil, []string{"redis-server", "/etc/my.conf", "--save", ""}, line{nil, []string{"redis-server", conf, "--save", ""}}, "/etc/my.conf", ProgramRedis},
		"options alone":                            {nil, []string{"--maxmemory", "$(MAX)"}, line{nil, []string{"redis-server", conf, "--maxmemory", "$(MAX)"}}, "", ProgramUnsaid},
		"a file alone":                             {nil, []string{"/etc/my.conf"}, line{nil, []string{"redis-server", conf}}, "/etc/my.conf", ProgramUnsaid},
		"the server as command":                    {[]string{"redis-server"}, nil, line{[]string{"redis-server"}, []string{conf}}, "", ProgramRedis},
		"the server as command, file in args":      {[]string{"/usr/bin/redis-server"}, []string{"my.conf", "--hz", "20"}, line{[]string{"/usr/bin/redis-server"}, []string{conf, "--hz", "20"}}, "my.conf", ProgramRedis},
		"everything in command":                    {[]string{"redis-server", "my.conf", "--hz", "20"}, nil, line{[]string{"redis-server", conf, "--hz", "20"}, nil}, "my.conf", ProgramRedis},
		"options in command":                       {[]string{"redis-server", "--hz", "20"}, []string{"--save", ""}, line{[]string{"redis-server", conf, "--hz", "20"}, []string{"--save", ""}}, "", ProgramRedis},
		"the entrypoint as command":                {[]string{"docker-entrypoint.sh"}, []string{"redis-server"}, line{[]string{"docker-entrypoint.sh"}, []string{"redis-server", conf}}, "", ProgramRedis},
		"the entrypoint alone":                     {[]string{"/usr/local/bin/docker-entrypoint.sh"}, nil, line{[]string{"/usr/local/bin/docker-entrypoint.sh"}, []string{"redis-server", conf}}, "", ProgramUnsaid},
		"an init process":                          {[]string{"/sbin/tini", "-s", "--"}, []string{"redis-server", "--hz", "20"}, line{[]string{"/sbin/tini", "-s", "--"}, []string{"redis-server", conf, "--hz", "20"}}, "", ProgramRedis},
		"valkey":                                   {nil, []string{"valkey-server", "/v.conf"}, line{nil, []string{"valkey-server", conf}}, "/v.conf", ProgramRedis},
		"a sentinel":                               {nil, []string{"redis-sentinel", "/s.conf"}, line{nil, []string{"redis-sentinel", conf}}, "/s.conf", ProgramSentinel},
		"a sentinel by option":                     {[]string{"redis-server"}, []string{"/s.conf", "--sentinel"}, line{[]string{"redis-server"}, []string{conf, "--sentinel"}}, "/s.conf", ProgramSentinel},
		"a sentinel by option before another":      {nil, []string{"redis-server", "/s.conf", "--sentinel", "--port", "5000"}, line{nil, []string{"redis-server", conf, "--sentinel", "--port", "5000"}}, "/s.conf", ProgramSentinel},
		"what is harmless":                         {nil, []string{"redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--daemonize", "no", "--tls-port", "0"}, line{nil, []string{"redis-server", conf, "--bind", "0.0.0.0", "--protected-mode", "no", "--daemonize", "no", "--tls-port", "0"}}, "", ProgramRedis},
		"a password":                               {nil, []string{"redis-server", "--requirepass", "$(PASSWORD)"}, line{nil, []string{"redis-server", conf, "--requirepass", "$(PASSWORD)"}}, "", ProgramRedis},
		"what a replica presents":                  {[]string{"redis-server", "--masterauth", "secret"}, []string{"--masteruser", "bob", "--hz", "20"}, line{[]string{"redis-server", conf}, []string{"--hz", "20"}}, "", ProgramRedis},
		"a file with users":                        {nil, []string{"redis-server", "/my.conf", "--aclfile", "/u.acl", "--hz", "20"}, line{nil, []string{"redis-server", conf, "--hz", "20"}}, "/my.conf", ProgramRedis},
		"a user":                                   {nil, []string{"redis-server", "--user", "bob on >secret ~* +@all"}, line{nil, []string{"redis-server", conf, "--user", "bob on >secret ~* +@all"}}, "", ProgramRedis},
		"the line of a container that was changed": {nil, []string{"redis-server", conf, "--hz", "20"}, line{nil, []string{"redis-server", conf, "--hz", "20"}}, conf, ProgramRedis},
	} {
		t.Run(name, func(t *testing.T) {
			inv, err := Parse(c.command, c.args)
			if err != nil {
				t.Fatal(err)
			}
			command, args := inv.With(conf)
			if diff := cmp.Diff(c.want, line{command, args}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if inv.ConfigFile != c.file || inv.Program != c.program {
				t.Errorf("file %q program %q, want %q and %q", inv.ConfigFile, inv.Program, c.file, c.program)
			}
		})
	}
}

func TestASentinelWithoutAnyArgument(t *testing.T) {
	inv, err := Parse(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	inv.Program = ProgramSentinel
	if _, args := inv.With("/s.conf"); !cmp.Equal(args, []string{"redis-sentinel", "/s.conf"}) {
		t.Errorf("got %q", args)
	}
}

func TestOptionsAreReadAsTheServerReadsThem(t *testing.T) {
	inv, err := Parse(nil, []string{"redis-server", "--PORT 6380", "--dir", "/d", "--save", "60", "1", "--port", "7000"})
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
		"a shell":                       {"sh -c exec_redis-server", ErrShell, "args:"},
		"a shell by path":               {"/bin/bash /scripts/run.sh", ErrShell, "ConfigMap"},
		"a shell behind the entrypoint": {"docker-entrypoint.sh sh -c x", ErrShell, "shell"},
		"an unknown program":            {"/run.sh", ErrProgram, "/run.sh"},
		"another program":               {"redis-cli ping", ErrProgram, "redis-cli"},
		"help":                          {"redis-server --help", ErrProgram, "--help"},
		"a short flag":                  {"redis-server -v", ErrProgram, "-v"},
		"standard input":                {"redis-server -", ErrOption, "standard input"},
		"a hidden file":                 {"redis-server $(CONF)", ErrOption, "variable"},
		"a hidden option":               {"redis-server --$(OPT) x", ErrOption, "variable"},
		"a hidden port":                 {"redis-server --port $(PORT)", ErrOption, "number"},
		"port 0":                        {"redis-server --port 0", ErrOption, "number"},
		"replicaof":                     {"redis-server --replicaof a 1", ErrOption, "master"},
		"slaveof no one":                {"redis-server --slaveof no one", ErrOption, "master"},
		"upper case":                    {"redis-server --REPLICAOF a 1", ErrOption, "master"},
		"cluster":                       {"redis-server --cluster-enabled yes", ErrOption, "Cluster"},
		"daemonize":                     {"redis-server --daemonize yes", ErrOption, "process"},
		"bind":                          {"redis-server --bind 127.0.0.1", ErrOption, "addresses"},
		"protected mode":                {"redis-server --protected-mode yes", ErrOption, "connect"},
		"TLS":                           {"redis-server --tls-cert-file /c", ErrOption, "TLS"},
		"a TLS port":                    {"redis-server --tls-port 6379", ErrOption, "TLS"},
		"an announced address":          {"redis-server --replica-announce-ip 1.2.3.4", ErrOption, "announces"},
		"a priority":                    {"redis-server --replica-priority 0", ErrOption, "configuration file"},
		"stale data":                    {"redis-server --replica-serve-stale-data no", ErrOption, "configuration file"},
		"writable replicas":             {"redis-server --replica-read-only no", ErrOption, "lost"},
		"min replicas":                  {"redis-server --min-replicas-to-write 1", ErrOption, "redis-sentinel.dev/min-replicas-to-write"},
		"include":                       {"redis-server --include /x", ErrOption, "first argument"},
		"a renamed command":             {"redis-server --rename-command CONFIG ", ErrOption, "names"},
		"a renamed command's name":      {"redis-server --rename-command CONFIG secret", ErrOption, "names"},
		"a key's password":              {"redis-server --tls-key-file-pass secret", ErrOption, "TLS"},
		"a Sentinel's password":         {"redis-sentinel --sentinel auth-pass m secret", ErrOption, "themselves"},
		"an option as first value":      {"redis-server --logfile --replicaof a 1", ErrOption, "master"},
		"sentinel settings":             {"redis-sentinel --sentinel monitor a b 1 2", ErrOption, "themselves"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(nil, strings.Split(c.line, " "))
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

func TestALineBreakHidesNoOption(t *testing.T) {
	if _, err := Parse(nil, []string{"redis-server", "--hz 20\nreplicaof a 1"}); err == nil {
		t.Error("no error")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("redis-server", "/etc/redis.conf --port 7000")
	f.Add("", "--appendonly yes")
	f.Add("tini -- redis-server --sentinel", "")
	f.Fuzz(func(t *testing.T, command, args string) {
		inv, err := Parse(strings.Fields(command), strings.Fields(args))
		if err != nil {
			return
		}
		gotCommand, gotArgs := inv.With("/g.conf")
		again, err := Parse(gotCommand, gotArgs)
		if err != nil || again.ConfigFile != "/g.conf" || again.Port != inv.Port || !cmp.Equal(again.Options, inv.Options) {
			t.Errorf("%q %q became %q %q: %v", command, args, gotCommand, gotArgs, err)
		}
	})
}
