// SPDX-License-Identifier: Apache-2.0

package launch

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// start is a command of a script that starts a server.
type start struct {
	// words begin with the server's name.
	words []word
	// gone are words of it that are overruled.
	gone []word
	line int
	// way is how the script comes to it.
	way way
	// replaces reports whether the server takes the shell's place, so that nothing comes after it.
	replaces bool
	// dir is where the script has gone before.
	dir string
}

// way is how a script comes to one of its commands.
type way struct {
	// last reports whether nothing is done after it.
	last bool
	// goesOn reports whether something is, where it succeeds: what stands before && does not end a script that goes well.
	goesOn bool
	// hides names what keeps the command from being a server in the foreground: empty where nothing does.
	hides string
}

func (w way) not() way { w.last = false; return w }

func (w way) in(what string) way {
	if w.hides == "" {
		w.hides = what
	}
	return w
}

// reader finds the servers of a script.
type reader struct {
	starts []start
	// files are scripts that it runs, or reads in.
	files []string
	// ends are other programs in which one of its ways ends.
	ends []string
}

// scriptOf reads a script. The reader stops at nothing but a script that no shell could read.
func scriptOf(text, shell string, outer Variables) (*reader, error) {
	file, err := syntax.NewParser(syntax.Variant(variantOf(shell))).Parse(strings.NewReader(text), "")
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller says of what
	}
	r := &reader{}
	r.all(file.Stmts, &scope{outer: outer, set: map[string]string{}}, way{last: true})
	return r, nil
}

func variantOf(shell string) syntax.LangVariant {
	if shell == "bash" || shell == "zsh" {
		return syntax.LangBash
	}
	return syntax.LangPOSIX
}

func (r *reader) all(list []*syntax.Stmt, s *scope, w way) {
	for i, st := range list {
		on := w
		if i+1 < len(list) {
			on = w.not()
		}
		r.statement(st, s, on)
	}
}

func (r *reader) statement(st *syntax.Stmt, s *scope, w way) {
	if st.Background || st.Coprocess || st.Disown {
		w = w.in("in the background")
	}
	for _, redirect := range st.Redirs {
		r.within(redirect.Word, s)
	}
	switch c := st.Cmd.(type) {
	case *syntax.CallExpr:
		r.call(c, s, w)
	case *syntax.DeclClause:
		r.assign(c.Args, s)
	case *syntax.Block:
		r.all(c.Stmts, s, w)
	case *syntax.Subshell:
		r.all(c.Stmts, s.copy(), w)
	case *syntax.IfClause:
		r.branches(c, s, w)
	case *syntax.CaseClause:
		ways := []*scope{s.copy()}
		for _, item := range c.Items {
			one := s.copy()
			r.all(item.Stmts, one, w)
			ways = append(ways, one)
		}
		s.join(ways...)
	case *syntax.WhileClause:
		r.loop(s, w, c.Cond, c.Do)
	case *syntax.ForClause:
		r.loop(s, w, c.Do)
	case *syntax.BinaryCmd:
		r.binary(c, s, w)
	case *syntax.FuncDecl:
		// Its parameters are whatever it is called with.
		inside := s.copy()
		inside.forget()
		r.statement(c.Body, inside, w.in("in a function"))
		s.forget()
	case *syntax.TimeClause:
		if c.Stmt != nil {
			r.statement(c.Stmt, s, w)
		}
	case *syntax.CoprocClause:
		r.statement(c.Stmt, s, w.in("in the background"))
	}
}

// branches reads an if with all that belongs to it.
func (r *reader) branches(c *syntax.IfClause, s *scope, w way) {
	var ways []*scope
	closed := false
	for at := s.copy(); c != nil; c = c.Else {
		r.all(c.Cond, at, w.not())
		one := at.copy()
		r.all(c.Then, one, w)
		ways = append(ways, one)
		if closed = c.Else == nil && len(c.Cond) == 0; c.Else == nil && !closed {
			ways = append(ways, at)
		}
	}
	s.join(ways...)
}

// loop reads what may run several times, or never.
func (r *reader) loop(s *scope, w way, lists ...[]*syntax.Stmt) {
	inside := s.copy()
	inside.forget()
	for _, list := range lists {
		r.all(list, inside, w.not().in("in a loop"))
	}
	s.forget()
}

// binary reads a pipe or a list, and returns what is known where all of a list succeeded.
func (r *reader) binary(c *syntax.BinaryCmd, s *scope, w way) *scope {
	if c.Op == syntax.Pipe || c.Op == syntax.PipeAll {
		r.statement(c.X, s.copy(), w)
		r.statement(c.Y, s.copy(), w)
		return s
	}
	// What comes after a server in such a list runs when that has ended, as the container is about to.
	starts, ends := len(r.starts), len(r.ends)
	through := s
	first := w
	first.goesOn = w.goesOn || c.Op == syntax.AndStmt
	if inner, ok := c.X.Cmd.(*syntax.BinaryCmd); ok && c.Op == syntax.AndStmt && inner.Op == syntax.AndStmt {
		through = r.binary(inner, s, first)
	} else {
		r.statement(c.X, s, first)
	}
	starts = len(r.starts) - starts
	maybe := through.copy()
	r.statement(c.Y, maybe, w)
	if s.join(s.copy(), maybe); starts > 0 {
		r.ends = r.ends[:ends]
	}
	return maybe
}

// assign takes over what a script says of variables.
func (r *reader) assign(all []*syntax.Assign, s *scope) {
	for _, a := range all {
		switch {
		case a.Name == nil:
			s.forget()
		case a.Naked:
		case a.Value == nil && a.Array == nil:
			s.set[a.Name.Value] = ""
		case a.Append || a.Index != nil || a.Array != nil:
			s.set[a.Name.Value] = reference(a.Name.Value)
		default:
			r.within(a.Value, s)
			s.set[a.Name.Value] = s.word(a.Value).text
		}
	}
}

// call reads a command.
func (r *reader) call(c *syntax.CallExpr, s *scope, w way) {
	for _, arg := range c.Args {
		r.within(arg, s)
	}
	if len(c.Args) == 0 {
		r.assign(c.Assigns, s)
		return
	}
	words := make([]word, len(c.Args))
	for i, arg := range c.Args {
		if words[i] = s.word(arg); i > 0 {
			words[i].after = words[i-1].to
		}
	}
	at, replaces := skipped(words)
	if at == len(words) || onlyAsks(words, at) {
		return
	}
	name := words[at].text
	serves := redisconf.IsServer(name) && !hides(name)
	files := len(r.files)
	defer func() {
		if !serves && (replaces || w.last && !w.goesOn && len(r.files) > files) {
			r.ends = append(r.ends, name)
		}
	}()
	if serves {
		r.starts = append(r.starts, start{words: words[at:], line: int(c.Pos().Line()), way: w, replaces: replaces, dir: s.dir}) //nolint:gosec // a line of a text
		return
	}
	r.other(name, words[at+1:], s)
}

// other reads a command that is no server: what it does to variables and directories, and which files it runs.
func (r *reader) other(name string, rest []word, s *scope) {
	switch base := path.Base(name); {
	case base == "cd" || base == "pushd" || base == "popd":
		s.enter(texts(rest))
	case slices.Contains(shells, base):
		if file, _, ok := shellLine(texts(rest)); !ok && file != "" {
			r.files = append(r.files, file)
		} else {
			r.files = append(r.files, name+" -c")
		}
	case base == "su" || base == "runuser":
		r.files = append(r.files, name+" -c")
	case base == "." || base == "source" || base == "eval":
		if len(rest) > 0 && base != "eval" {
			r.files = append(r.files, rest[0].text)
		}
		s.forget()
	case base == "read" || base == "getopts" || base == "unset" || base == "local" || base == "export":
		for _, other := range rest {
			variable, value, given := strings.Cut(other.text, "=")
			if s.set[variable] = reference(variable); given {
				s.set[variable] = value
			}
		}
	case strings.Contains(name, "/") || strings.HasSuffix(name, ".sh") || hides(name):
		r.files = append(r.files, name)
	}
}

// onlyAsks reports whether a command asks for a program or its version, and starts nothing.
func onlyAsks(words []word, at int) bool {
	if path.Base(words[0].text) == "command" && len(words) > 1 && strings.HasPrefix(strings.ToLower(words[1].text), "-v") {
		return true
	}
	return redisconf.IsServer(words[at].text) && at+1 < len(words) && slices.Contains([]string{"-v", "--version", "-h", "--help"}, words[at+1].text)
}

// within finds servers in what a word runs to become a text.
func (r *reader) within(w *syntax.Word, s *scope) {
	if w == nil {
		return
	}
	syntax.Walk(w, func(node syntax.Node) bool {
		switch sub := node.(type) {
		case *syntax.CmdSubst:
			r.all(sub.Stmts, s.copy(), way{hides: "in a substitution"})
			return false
		case *syntax.ProcSubst:
			r.all(sub.Stmts, s.copy(), way{hides: "in a substitution"})
			return false
		}
		return true
	})
}

// wrappers start what follows them, after options of their own and this many operands.
var wrappers = map[string]int{
	"exec": 0, "command": 0, "nohup": 0, "env": 0, "nice": 0, "ionice": 0, "gosu": 1, "su-exec": 1, "setpriv": 0, "stdbuf": 0,
	"numactl": 0, "taskset": 1, "chrt": 1, "setsid": 0, "prlimit": 0, "sudo": 0, "chpst": 0, "s6-setuidgid": 1,
	"tini": 0, "tini-static": 0, "dumb-init": 0, "catatonit": 0, "docker-entrypoint.sh": 0,
}

// takesValue are options of wrappers whose value is a word of its own.
var takesValue = map[string][]string{
	"exec": {"-a"}, "nice": {"-n"}, "ionice": {"-c", "-n"}, "env": {"-u", "--unset", "-C", "--chdir"}, "tini": {"-p", "-e"}, "stdbuf": {"-i", "-o", "-e"},
	"dumb-init": {"-r", "--rewrite"}, "setpriv": {"--reuid", "--regid", "--groups", "--inh-caps", "--ambient-caps", "--bounding-set"},
	"numactl": {"-N", "-m", "-C", "-i", "-p"}, "sudo": {"-u", "-g", "--user", "--group"}, "chpst": {"-u", "-U", "-e", "-o", "-m", "-n"},
}

// skipped is where the command begins that wrappers start, and whether one of them leaves nothing to come back to.
func skipped(words []word) (at int, replaces bool) {
	for at < len(words) {
		name := path.Base(words[at].text)
		operands, ok := wrappers[name]
		if !ok {
			return at, replaces
		}
		replaces = replaces || name == "exec"
		for at++; at < len(words); at++ {
			text := words[at].text
			switch {
			case text == "--":
				at++
			case slices.Contains(takesValue[name], text):
				at++
				continue
			case strings.HasPrefix(text, "-") && name != "docker-entrypoint.sh", name == "env" && strings.Contains(text, "="):
				continue
			case operands > 0:
				operands--
				continue
			}
			break
		}
	}
	return len(words), replaces
}

func texts(words []word) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w.text
	}
	return out
}
