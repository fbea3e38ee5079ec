// SPDX-License-Identifier: Apache-2.0

package launch

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/image"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

const generated = "/g/redis.conf"

var variables = VariablesOf(&corev1.Container{Env: []corev1.EnvVar{
	{Name: "CONF", Value: "/env/redis.conf"},
	{Name: "PASSWORD", ValueFrom: &corev1.EnvVarSource{}},
	{Name: "OPTS", Value: "--maxmemory 1gb --appendonly yes"},
	{Name: "NOTHING", Value: ""},
}})

// TestScriptLoadsTheGeneratedFile: one word changes, whatever stands around it.
func TestScriptLoadsTheGeneratedFile(t *testing.T) {
	for name, c := range map[string]struct{ script, want, file string }{
		"the server alone":          {"redis-server", "redis-server /g/redis.conf", ""},
		"with a file":               {"redis-server /etc/redis.conf", "redis-server /g/redis.conf", "/etc/redis.conf"},
		"in its place":              {"exec redis-server /etc/redis.conf --port 7000", "exec redis-server /g/redis.conf --port 7000", "/etc/redis.conf"},
		"with options":              {"valkey-server --save '' --appendonly yes", "valkey-server /g/redis.conf --save '' --appendonly yes", ""},
		"a variable of the script":  {"CONFIG_FILE=\"/a/redis.conf\"\nexec redis-server \"$CONFIG_FILE\"\n", "CONFIG_FILE=\"/a/redis.conf\"\nexec redis-server /g/redis.conf\n", "/a/redis.conf"},
		"a variable of the pod":     {"exec redis-server $CONF", "exec redis-server /g/redis.conf", "/env/redis.conf"},
		"a reference of the pod":    {"exec redis-server $(CONF) --requirepass $(PASSWORD)", "exec redis-server /g/redis.conf --requirepass $(PASSWORD)", "/env/redis.conf"},
		"a value or its substitute": {"exec redis-server ${FILE_OF:-/d/redis.conf}", "", ""},
		"a password":                {`redis-server /c --requirepass "$PASSWORD" --masterauth "$PASSWORD" --hz 20`, `redis-server /g/redis.conf --requirepass "$PASSWORD" --hz 20`, "/c"},
		"a password that may be": {
			`exec redis-server --save 60 1 ${PASSWORD:+--requirepass "$PASSWORD"} --appendonly yes`,
			`exec redis-server /g/redis.conf --save 60 1 ${PASSWORD:+--requirepass "$PASSWORD"} --appendonly yes`, "",
		},
		"a password that is not": {`redis-server /c ${NOTHING:+--masterauth "$NOTHING"}`, `redis-server /g/redis.conf ${NOTHING:+--masterauth "$NOTHING"}`, "/c"},
		"a file before":          {"/scripts/setup.sh && exec redis-server /c", "/scripts/setup.sh && exec redis-server /g/redis.conf", "/c"},
		"what is read in before": {". /vault/secrets/redis && /bin/cp /a /b && redis-server /c", ". /vault/secrets/redis && /bin/cp /a /b && redis-server /g/redis.conf", "/c"},
		"by sudo":                {"sudo -u redis redis-server /c", "sudo -u redis redis-server /g/redis.conf", "/c"},
		"two lines":              {"redis-server /c \\\n  --appendonly yes \\\n  --masterauth x", "redis-server /g/redis.conf \\\n  --appendonly yes", "/c"},
		"what comes before":      {"set -e; echo 'redis-server /no' > /tmp/x\nsysctl -w net.core.somaxconn=512 || true\nexec redis-server /c", "set -e; echo 'redis-server /no' > /tmp/x\nsysctl -w net.core.somaxconn=512 || true\nexec redis-server /g/redis.conf", "/c"},
		"branches": {
			"if [ \"$HOSTNAME\" = redis-0 ]; then redis-server /c; else exec redis-server /c --hz 20; fi",
			"if [ \"$HOSTNAME\" = redis-0 ]; then redis-server /g/redis.conf; else exec redis-server /g/redis.conf --hz 20; fi", "/c",
		},
		"an end for each way":  {"if test -f /x; then\n exec redis-server /c\nfi\nexec redis-server /c\n", "if test -f /x; then\n exec redis-server /g/redis.conf\nfi\nexec redis-server /g/redis.conf\n", "/c"},
		"cases":                {"case $X in\n a) redis-server /c ;;\n *) redis-server /c --hz 1 ;;\nesac", "case $X in\n a) redis-server /g/redis.conf ;;\n *) redis-server /g/redis.conf --hz 1 ;;\nesac", "/c"},
		"a list":               {"chown -R redis /data && redis-server /c || exit 1", "chown -R redis /data && redis-server /g/redis.conf || exit 1", "/c"},
		"as another user":      {"exec gosu redis redis-server /c", "exec gosu redis redis-server /g/redis.conf", "/c"},
		"with a full path":     {"exec /usr/local/bin/redis-server /c", "exec /usr/local/bin/redis-server /g/redis.conf", "/c"},
		"with an environment":  {"LC_ALL=C exec env TZ=UTC redis-server /c", "LC_ALL=C exec env TZ=UTC redis-server /g/redis.conf", "/c"},
		"by the image's start": {"docker-entrypoint.sh redis-server /c", "docker-entrypoint.sh redis-server /g/redis.conf", "/c"},
		"with a dollar":        {"echo $$(date); redis-server /c", "echo $$(date); redis-server /g/redis.conf", "/c"},
		"into a log":           {"redis-server /c > /dev/stdout 2>&1", "redis-server /g/redis.conf > /dev/stdout 2>&1", "/c"},
		"in a group":           {"{ redis-server /c; }", "{ redis-server /g/redis.conf; }", "/c"},
		"a quoted word":        {"redis-server '/c d' --loglevel \"warning\"", "redis-server /g/redis.conf --loglevel \"warning\"", "/c d"},
		"what is nothing":      {"redis-server /c $NOTHING --hz 2", "redis-server /g/redis.conf $NOTHING --hz 2", "/c"},
		"a master in one branch": {
			"if [ \"$HOSTNAME\" = redis-0 ]; then redis-server /c --hz 9; else exec redis-server /c --slaveof redis-0.redis 6379 --hz 9; fi",
			"if [ \"$HOSTNAME\" = redis-0 ]; then redis-server /g/redis.conf --hz 9; else exec redis-server /g/redis.conf --hz 9; fi", "/c",
		},
		"a master before any file": {
			"[ -f /x ] && exec redis-server --hz 1\nredis-server --replicaof $M 6379", "[ -f /x ] && exec redis-server /g/redis.conf --hz 1\nredis-server /g/redis.conf", "",
		},
		"a master in all branches": {"if a; then redis-server --slaveof a 1; else redis-server --slaveof b 1; fi", "", ""},
		"only asked for":           {"command -v redis-server; redis-server --version && exec redis-server /c", "command -v redis-server; redis-server --version && exec redis-server /g/redis.conf", "/c"},
		"a notice at the end":      {"redis-server /c || /notify.sh", "redis-server /g/redis.conf || /notify.sh", "/c"},
		"on some cores":            {"exec taskset -c 0-3 setpriv --reuid 999 redis-server /c", "exec taskset -c 0-3 setpriv --reuid 999 redis-server /g/redis.conf", "/c"},
		"options in one variable":  {"redis-server /c $OPTS", "redis-server /g/redis.conf $OPTS", "/c"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := Of([]string{"sh", "-c"}, []string{c.script}, variables)
			if c.want == "" {
				if err == nil {
					t.Fatalf("it is taken in, with file %q and options %v", l.ConfigFile, l.Options)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			command, args, err := l.With(generated)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"sh", "-c", c.want}, append(command, args...)); diff != "" || l.ConfigFile != c.file {
				t.Errorf("file %q, want %q (-want +got)\n%s", l.ConfigFile, c.file, diff)
			}
		})
	}
}

// TestWhatHidesTheServerIsNamed.
func TestWhatHidesTheServerIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		line  []string
		names string
	}{
		"a file":              {[]string{"sh", "/scripts/start.sh"}, "/scripts/start.sh"},
		"a file in a script":  {[]string{"bash", "-ec", "/opt/start-master.sh"}, "/opt/start-master.sh"},
		"a file after others": {[]string{"sh", "-c", "mkdir -p /x; . /env.sh; /start.sh"}, "/start.sh"},
		"nothing":             {[]string{"sh", "-c", "sleep 10"}, "starts no redis-server"},
		"the background":      {[]string{"sh", "-c", "redis-server /c &\nwait"}, "in the background"},
		"a loop":              {[]string{"sh", "-c", "while true; do redis-server /c; done"}, "in a loop"},
		"a function":          {[]string{"sh", "-c", "run() { redis-server /c; }; run"}, "in a function"},
		"a substitution":      {[]string{"sh", "-c", "X=$(redis-server /c)"}, "in a substitution"},
		"it goes on":          {[]string{"sh", "-c", "redis-server /c; redis-cli save"}, "goes on"},
		"different files":     {[]string{"sh", "-c", "if a; then redis-server /a; else redis-server /b; fi"}, "configuration files"},
		"different ports":     {[]string{"sh", "-c", "if a; then redis-server --port 1; else redis-server --port 2; fi"}, "ports"},
		"a hidden file":       {[]string{"sh", "-c", "redis-server \"$HIDDEN\""}, "hidden"},
		"its arguments":       {[]string{"sh", "-c", "exec redis-server \"$@\"", "x", "--port", "1"}, "$(@)"},
		"a variable is read":  {[]string{"sh", "-c", "C=/c; . /env.sh; redis-server $C"}, "$(C)"},
		"a broken script":     {[]string{"sh", "-c", "if redis-server; then"}, "cannot be read"},
		"no script":           {[]string{"sh"}, "no script"},
		"an option":           {[]string{"sh", "-c", "redis-server --port 99999999"}, "--port"},
		"another program":     {[]string{"sh", "-c", "if a; then exec /other.sh; fi\nexec redis-server /c"}, "ends in /other.sh"},
		"another at the end":  {[]string{"sh", "-c", "if a; then redis-server /c; else /other.sh; fi"}, "ends in /other.sh"},
		"somebody's home":     {[]string{"sh", "-c", "exec redis-server ~/redis.conf"}, "$(…)"},
		"a hidden directory":  {[]string{"sh", "-c", "cd $HIDDEN && exec redis-server /c"}, "the directory to which"},
		"a directory perhaps": {[]string{"sh", "-c", "[ -d /x ] && cd /x\nexec redis-server /c"}, "the directory to which"},
		"directories":         {[]string{"sh", "-c", "if a; then cd /x; exec redis-server /c; fi; exec redis-server /c"}, "different directories"},
		"a shell in a shell":  {[]string{"sh", "-c", "bash -c 'redis-server /c'"}, "bash -c"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Of(c.line, nil, variables)
			var refused *redisconf.ArgumentError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.names) || refused.Remedy == "" {
				t.Errorf("got %v, want something about %q", err, c.names)
			}
		})
	}
}

// TestCommandLineLoadsTheGeneratedFile: everything else stays, each element where it stood.
func TestCommandLineLoadsTheGeneratedFile(t *testing.T) {
	const conf = "/g/redis.conf"
	type line struct{ Command, Args []string }
	for name, c := range map[string]struct {
		command, args []string
		want          line
		file          string
		program       redisconf.Program
	}{
		"nothing at all":                           {nil, nil, line{nil, []string{"redis-server", conf}}, "", redisconf.ProgramUnsaid},
		"the server alone":                         {nil, []string{"redis-server"}, line{nil, []string{"redis-server", conf}}, "", redisconf.ProgramRedis},
		"the server with its file":                 {nil, []string{"redis-server", "/etc/my.conf"}, line{nil, []string{"redis-server", conf}}, "/etc/my.conf", redisconf.ProgramRedis},
		"the server with options":                  {nil, []string{"redis-server", "--appendonly", "yes"}, line{nil, []string{"redis-server", conf, "--appendonly", "yes"}}, "", redisconf.ProgramRedis},
		"file and options":                         {nil, []string{"redis-server", "/etc/my.conf", "--save", ""}, line{nil, []string{"redis-server", conf, "--save", ""}}, "/etc/my.conf", redisconf.ProgramRedis},
		"options alone":                            {nil, []string{"--maxmemory", "$(MAX)"}, line{nil, []string{"redis-server", conf, "--maxmemory", "$(MAX)"}}, "", redisconf.ProgramUnsaid},
		"a file alone":                             {nil, []string{"/etc/my.conf"}, line{nil, []string{"redis-server", conf}}, "/etc/my.conf", redisconf.ProgramUnsaid},
		"the server as command":                    {[]string{"redis-server"}, nil, line{[]string{"redis-server"}, []string{conf}}, "", redisconf.ProgramRedis},
		"the server as command, file in args":      {[]string{"/usr/bin/redis-server"}, []string{"my.conf", "--hz", "20"}, line{[]string{"/usr/bin/redis-server"}, []string{conf, "--hz", "20"}}, "my.conf", redisconf.ProgramRedis},
		"everything in command":                    {[]string{"redis-server", "my.conf", "--hz", "20"}, nil, line{[]string{"redis-server", conf, "--hz", "20"}, nil}, "my.conf", redisconf.ProgramRedis},
		"options in command":                       {[]string{"redis-server", "--hz", "20"}, []string{"--save", ""}, line{[]string{"redis-server", conf, "--hz", "20"}, []string{"--save", ""}}, "", redisconf.ProgramRedis},
		"the entrypoint as command":                {[]string{"docker-entrypoint.sh"}, []string{"redis-server"}, line{[]string{"docker-entrypoint.sh"}, []string{"redis-server", conf}}, "", redisconf.ProgramRedis},
		"the entrypoint alone":                     {[]string{"/usr/local/bin/docker-entrypoint.sh"}, nil, line{[]string{"/usr/local/bin/docker-entrypoint.sh"}, []string{"redis-server", conf}}, "", redisconf.ProgramUnsaid},
		"an init process":                          {[]string{"/sbin/tini", "-s", "--"}, []string{"redis-server", "--hz", "20"}, line{[]string{"/sbin/tini", "-s", "--"}, []string{"redis-server", conf, "--hz", "20"}}, "", redisconf.ProgramRedis},
		"valkey":                                   {nil, []string{"valkey-server", "/v.conf"}, line{nil, []string{"valkey-server", conf}}, "/v.conf", redisconf.ProgramRedis},
		"a sentinel":                               {nil, []string{"redis-sentinel", "/s.conf"}, line{nil, []string{"redis-sentinel", conf}}, "/s.conf", redisconf.ProgramSentinel},
		"a sentinel by option":                     {[]string{"redis-server"}, []string{"/s.conf", "--sentinel"}, line{[]string{"redis-server"}, []string{conf, "--sentinel"}}, "/s.conf", redisconf.ProgramSentinel},
		"a sentinel by option before another":      {nil, []string{"redis-server", "/s.conf", "--sentinel", "--port", "5000"}, line{nil, []string{"redis-server", conf, "--sentinel", "--port", "5000"}}, "/s.conf", redisconf.ProgramSentinel},
		"what is harmless":                         {nil, []string{"redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--daemonize", "no", "--tls-port", "0"}, line{nil, []string{"redis-server", conf, "--bind", "0.0.0.0", "--protected-mode", "no", "--daemonize", "no", "--tls-port", "0"}}, "", redisconf.ProgramRedis},
		"a password":                               {nil, []string{"redis-server", "--requirepass", "$(PASSWORD)"}, line{nil, []string{"redis-server", conf, "--requirepass", "$(PASSWORD)"}}, "", redisconf.ProgramRedis},
		"what a replica presents":                  {[]string{"redis-server", "--masterauth", "secret"}, []string{"--masteruser", "bob", "--hz", "20"}, line{[]string{"redis-server", conf}, []string{"--hz", "20"}}, "", redisconf.ProgramRedis},
		"a file with users":                        {nil, []string{"redis-server", "/my.conf", "--aclfile", "/u.acl", "--hz", "20"}, line{nil, []string{"redis-server", conf, "--hz", "20"}}, "/my.conf", redisconf.ProgramRedis},
		"a user":                                   {nil, []string{"redis-server", "--user", "bob on >secret ~* +@all"}, line{nil, []string{"redis-server", conf, "--user", "bob on >secret ~* +@all"}}, "", redisconf.ProgramRedis},
		"the line of a container that was changed": {nil, []string{"redis-server", conf, "--hz", "20"}, line{nil, []string{"redis-server", conf, "--hz", "20"}}, conf, redisconf.ProgramRedis},
	} {
		t.Run(name, func(t *testing.T) {
			inv, err := Of(c.command, c.args, variables)
			if err != nil {
				t.Fatal(err)
			}
			command, args, err := inv.With(conf)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, line{command, args}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if inv.ConfigFile != c.file || inv.Program != c.program {
				t.Errorf("file %q program %q, want %q and %q", inv.ConfigFile, inv.Program, c.file, c.program)
			}
		})
	}
}

// TestNothingIsReadWithoutEnd: values in values, and scripts in scripts, take what they take, and not what their writer wants.
// TestFlagsComeBehindTheArguments: of an image whose entrypoint puts a variable's words there, if it runs.
func TestFlagsComeBehindTheArguments(t *testing.T) {
	f, _, _ := image.Table{}.Find("valkey/valkey:8")
	v := VariablesOf(&corev1.Container{Env: []corev1.EnvVar{{Name: "VALKEY_EXTRA_FLAGS", Value: "--port 7000"}}})
	for name, c := range map[string]struct {
		command, args []string
		port          int
		want          []string
	}{
		"nothing":        {nil, nil, 7000, []string{"valkey-server", generated}},
		"options":        {nil, []string{"--hz", "20"}, 7000, []string{"valkey-server", generated, "--hz", "20"}},
		"the entrypoint": {[]string{"docker-entrypoint.sh"}, []string{"valkey-server", "/c"}, 7000, []string{"docker-entrypoint.sh", "valkey-server", generated}},
		"the server":     {[]string{"valkey-server"}, []string{"--hz", "20"}, 0, []string{"valkey-server", generated, "--hz", "20"}},
		"a script":       {nil, []string{"sh", "-c", "exec valkey-server"}, 0, []string{"sh", "-c", "exec valkey-server " + generated}},
	} {
		l, err := OfImage(f, c.command, c.args, v, func(string) bool { return false })
		if err != nil || l.Port != c.port {
			t.Errorf("%s: port %d, %v", name, l.Port, err)
		}
		command, args, err := l.With(generated)
		if got := append(command, args...); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestNothingIsReadWithoutEnd(t *testing.T) {
	c := &corev1.Container{Env: []corev1.EnvVar{{Name: "V0", Value: strings.Repeat("x", 1000)}}}
	script := "S0=" + strings.Repeat("x", 1000) + "\n"
	for i := range 40 {
		c.Env = append(c.Env, corev1.EnvVar{Name: fmt.Sprintf("V%d", i+1), Value: fmt.Sprintf("$(V%d)$(V%d)", i, i)})
		script += fmt.Sprintf("S%d=$S%d$S%d\n", i+1, i, i)
	}
	v := VariablesOf(c)
	if text, known := v.Value("V40"); known {
		t.Errorf("a value of %d bytes", len(text))
	}
	for name, script := range map[string]string{
		"variables": script + "redis-server $S40",
		"of values": strings.Repeat("$(V4)", 100_000),
		"in one":    script + "redis-server \"" + strings.Repeat("$S5", 5000) + "\"",
		"deep":      strings.Repeat("$(", longest/2-1),
		"deeper":    strings.Repeat("{ ", longest),
		"open":      strings.Repeat("if a; then ", longest/12),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Of([]string{"sh", "-c", script}, nil, v)
		runtime.ReadMemStats(&after)
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; err == nil || took > 64 {
			t.Errorf("%s: %d MiB, %v", name, took, err)
		} else {
			t.Logf("%s: %d MiB", name, took)
		}
	}
}

// TestScriptGoesElsewhere: data is where the script has gone before it starts the server.
func TestScriptGoesElsewhere(t *testing.T) {
	for script, want := range map[string]string{
		"exec redis-server":                                   "",
		"cd /a && exec redis-server":                          "/a",
		"mkdir -p /a/b && cd /a && cd b && exec redis-server": "/a/b",
		"set -e\ncd /a || exit 1\nredis-server":               "/a",
		"(cd /a && make); exec redis-server":                  "",
		"D=/a; cd $D/b; redis-server":                         "/a/b",
	} {
		if l, err := Of([]string{"sh", "-c", script}, nil, variables); err != nil || l.WorkingDir != want {
			t.Errorf("%q: %q %v, want %q", script, l.WorkingDir, err, want)
		}
	}
}
