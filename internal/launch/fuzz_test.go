// SPDX-License-Identifier: Apache-2.0

package launch

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"mvdan.cc/sh/v3/syntax"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// blanks stand round what ends a command.
var blanks = regexp.MustCompile(` *([;&|()<>]) *`)

// skeleton is a script without the arguments of its servers: what may not change.
func skeleton(t *testing.T, script string) string {
	t.Helper()
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), "")
	if err != nil {
		t.Fatalf("%q cannot be read any more: %v", script, err)
	}
	syntax.Walk(file, func(node syntax.Node) bool {
		call, ok := node.(*syntax.CallExpr)
		if !ok {
			return true
		}
		s := &scope{set: map[string]string{}}
		var words []word
		for _, arg := range call.Args {
			words = append(words, s.word(arg))
		}
		if at, _ := skipped(words); at < len(words) && redisconf.IsServer(words[at].text) {
			call.Args = call.Args[:at+1]
		}
		return true
	})
	var b strings.Builder
	if err := syntax.NewPrinter(syntax.Minify(true)).Print(&b, file); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(strings.ReplaceAll(b.String(), "\\\n", " ")), " ") // where lines break is nothing to a shell
	return blanks.ReplaceAllString(text, "$1")
}

// optionsOf are the options that stay.
func optionsOf(inv redisconf.Invocation) []redisconf.Option {
	return slices.DeleteFunc(slices.Clone(inv.Options), func(o redisconf.Option) bool { return slices.Contains(inv.Dropped(), o.Name) })
}

// FuzzScript: whatever a script does besides stays, in its order; its servers load the generated file, and keep their other options. Done
// again, it changes nothing.
func FuzzScript(f *testing.F) {
	for _, seed := range []string{
		"redis-server", "exec redis-server /c --port 7000", "a=1; b=$a; exec redis-server \"$b\"", "if a; then redis-server /c; else exec valkey-server /c --hz 1; fi",
		"set -e\nchown x /data && redis-server /c || exit 1\n", "case $X in a) redis-server --slaveof a 1;; *) redis-server;; esac", "f() { echo hi; }; f; redis-server '/c d' --save ''",
		"cat <<E > /tmp/x\nredis-server /no\nE\nexec redis-server /c --masterauth x --hz 2", "redis-server /c > /dev/stdout 2>&1", "exec gosu redis redis-server $OPTS $NOTHING",
		"echo $(redis-cli ping); redis-server \\\n --hz 3 # end", "for i in 1 2; do echo $i; done; exec env A=b redis-server /c", "(redis-server /c)", "{ redis-server /c; }", "$(CONF) redis-server $(CONF)",
		". /v && /bin/cp a b && redis-server /c ${PASSWORD:+--requirepass \"$PASSWORD\"} ${OPTS:+--hz 20} --port 7000", "su redis -c 'redis-server' || redis-server ${X:+--masterauth \"$X\"}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		l, err := Of([]string{"sh", "-c", script}, nil, variables)
		if err != nil {
			return
		}
		command, args, err := l.With(generated)
		if err != nil {
			return
		}
		if len(args) > 0 || len(command) != 3 || command[0] != "sh" || command[1] != "-c" {
			t.Fatalf("%q became %q %q", script, command, args)
		}
		for _, s := range l.script.starts {
			if w := s.words[0]; l.script.text.expanded[w.from:w.to] != w.text {
				return // a name that is put together is not found again below
			}
		}
		before, after := expanded(script, variables).expanded, expanded(command[2], variables).expanded
		if diff := cmp.Diff(skeleton(t, before), skeleton(t, after)); diff != "" {
			t.Errorf("%q became %q (-want +got)\n%s", script, command[2], diff)
		}
		again, err := Of(command, nil, variables)
		if err != nil {
			t.Fatalf("%q became %q: %v", script, command[2], err)
		}
		if again.ConfigFile != generated || again.Program != l.Program || again.Port != l.Port || len(again.Dropped()) > 0 {
			t.Errorf("%q became %q: %+v", script, command[2], again.Invocation)
		}
		if diff := cmp.Diff(optionsOf(l.Invocation), optionsOf(again.Invocation), cmpopts.EquateEmpty()); diff != "" && len(l.script.starts) == 1 {
			t.Errorf("%q became %q: options (-want +got)\n%s", script, command[2], diff)
		}
		if twice, _, err := again.With(generated); err != nil || !slices.Equal(twice, command) {
			t.Errorf("%q became %q, and then %q: %v", script, command[2], twice, err)
		}
	})
}

// FuzzLine: a line without a shell keeps each element where it stood.
func FuzzLine(f *testing.F) {
	f.Add("redis-server /c", "--hz 20")
	f.Add("", "--appendonly yes")
	f.Add("/sbin/tini -s --", "valkey-server --masterauth x")
	f.Fuzz(func(t *testing.T, first, second string) {
		command, args := strings.Fields(first), strings.Fields(second)
		l, err := Of(command, args, variables)
		if err != nil || l.script != nil {
			return
		}
		newCommand, newArgs, err := l.With(generated)
		if err != nil {
			t.Fatal(err)
		}
		var added []string
		old := slices.Concat(command, args)
		at := 0
		for _, element := range slices.Concat(newCommand, newArgs) {
			for at < len(old) && old[at] != element { // what was taken out
				at++
				if at == len(old) {
					break
				}
			}
			if at < len(old) {
				at++
				continue
			}
			added = append(added, element)
		}
		again, err := Of(newCommand, newArgs, variables)
		if err != nil || again.ConfigFile != generated || again.Port != l.Port {
			t.Errorf("%q %q became %q %q: %v", command, args, newCommand, newArgs, err)
		}
		for _, element := range added {
			if element != generated && !redisconf.IsServer(path.Base(element)) && !slices.Contains(old, element) {
				t.Errorf("%q %q became %q %q: %q is of nobody", command, args, newCommand, newArgs, element)
			}
		}
	})
}
