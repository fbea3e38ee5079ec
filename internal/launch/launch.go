// SPDX-License-Identifier: Apache-2.0

package launch

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/image"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

// Launch is how a container starts its server.
type Launch struct {
	// Invocation is what the server is told. Of a script with several servers it is what they have in common.
	redisconf.Invocation
	// Files are where the image looks for the user's own configuration by itself: it loads the first that is there.
	Files []string
	// Before are options that come before what is included, where that is not Whole.
	Before []redisconf.Option
	// Whole is that of Files which stands for all that the image would write; empty where it cannot be there.
	Whole string
	// PasswordFile has the clients' password; empty where no file has it.
	PasswordFile string
	// WorkingDir is where a script has gone before it starts the server; empty where it stays.
	WorkingDir string
	// Place is where the image's script looks for a configuration file, which the generated one has to be; empty where the command line
	// names it.
	Place string
	// ByImage reports whether it is the image's own start that is followed.
	ByImage bool
	// Overruled are options that name a master in one branch of a script, and are taken out: the agent chooses it.
	Overruled []string

	command, args []string
	// first is the index of the server's command in command and args together.
	first int
	// script is nil where the server stands in the command line itself.
	script *script
}

// script is a script in the command line that starts the server, once in each of its branches.
type script struct {
	index  int // in command and args together
	text   text
	starts []start
	read   []redisconf.Invocation
}

// OfImage reads how a container of a known image starts. Mounted reports whether something may be mounted at a file.
func OfImage(f image.Family, command, args []string, v Variables, mounted func(file string) bool) (Launch, error) {
	switch f.Start {
	case image.ByEnvironment:
		more, ok := startsByEnvironment(command, args)
		l := Launch{ByImage: true}
		translated := l.ofEnvironment(f, v, more, mounted)
		if ok {
			return l, translated
		}
		if len(command) == 0 && strings.HasPrefix(args[0], "-") {
			return l, errors.Join(translated, &redisconf.ArgumentError{
				Kind: redisconf.ErrOption, Subject: "args", What: "the image's start takes no options", Remedy: "say them in env, as " + f.Prefix + "EXTRA_FLAGS, and remove args",
			})
		}
		e := environment{family: f, v: v}
		e.replication()
		l, err := Of(command, args, v)
		return l, errors.Join(err, errors.Join(e.problems...))
	case image.ByFile:
		switch {
		case len(command) > 0:
		case len(args) == 0, len(args) == 1 && args[0] == "/entrypoint.sh": // which is the image's own
			l, err := ofFile(f, v)
			l.args = args
			return l, err
		case strings.HasPrefix(args[0], "-"):
			l, err := ofFile(f, v)
			return l, errors.Join(err, &redisconf.ArgumentError{
				Kind: redisconf.ErrOption, Subject: "args", What: "the image takes them for a program, and options are none", Remedy: "remove them, and say options in env, as " + f.Prefix + "ARGS",
			})
		}
	case image.ByArguments:
		if f.Flags != "" && v.Declared(f.Flags) && runsEntrypoint(command) {
			return ofFlags(f, command, args, v)
		}
	case image.Unknown:
	}
	l, err := Of(command, args, v)
	l.Server = f.Server
	return l, err
}

// ofFlags reads arguments, and the variable whose words the image's entrypoint puts behind them. Nothing can be taken out of that.
func ofFlags(f image.Family, command, args []string, v Variables) (Launch, error) {
	words, err := flagsOf(v, f.Flags)
	own, problem := Of(command, args, v)
	if err != nil || problem != nil || own.script != nil || len(words) == 0 { // a shell takes what follows its script for parameters
		own.Server = f.Server
		return own, errors.Join(err, problem)
	}
	if !isOption(words[0]) {
		return own, &redisconf.ArgumentError{Kind: redisconf.ErrOption, Subject: f.Flags, What: "does not begin with an option", Remedy: "say the configuration file in args"}
	}
	l, err := Of(command, slices.Concat(args, words), v)
	l.args, l.Server = args, f.Server
	problems := []error{err}
	flags, _ := redisconf.Parse(words)
	for _, name := range flags.Dropped() {
		problems = append(problems, &redisconf.ArgumentError{
			Kind: redisconf.ErrOption, Subject: f.Flags, What: "has --" + name, Remedy: "say it in args, where the agent can read it and leave it out, or remove it",
		})
	}
	return l, errors.Join(problems...)
}

// runsEntrypoint reports whether a command is left to the image's entrypoint, or names it.
func runsEntrypoint(command []string) bool {
	return len(command) == 0 || path.Base(command[0]) == "docker-entrypoint.sh"
}

// ofFile reads the variables of an image whose script loads a configuration file from a place of its own, and puts options behind it.
func ofFile(f image.Family, v Variables) (Launch, error) {
	l := Launch{Place: f.Config, ByImage: true}
	dir, _ := v.Text(f.Prefix + "DATA_DIR")
	words, err := flagsOf(v, f.Prefix+"ARGS")
	inv, problem := redisconf.Parse(slices.Concat([]string{f.Server, "--dir", cmp.Or(dir, f.Data)}, words))
	l.Invocation = inv
	problems := []error{err, problem}
	for _, name := range inv.Dropped() {
		problems = append(problems, &redisconf.ArgumentError{
			Kind: redisconf.ErrOption, Subject: f.Prefix + "ARGS", What: "has --" + name, Remedy: "remove it: the agent says how a replica presents itself, and writes the users",
		})
	}
	if slices.ContainsFunc(inv.Options, func(o redisconf.Option) bool {
		return o.Name == "dir" && o.Values != nil && strings.Contains(inv.Dir, "$(")
	}) {
		problems = append(problems, &redisconf.ArgumentError{Kind: redisconf.ErrOption, Subject: f.Prefix + "DATA_DIR", What: "its value cannot be seen here", Remedy: remedyVisible})
	}
	return l, errors.Join(problems...)
}

// Of reads command and args of a container. Where they name no server, the image's entrypoint has to put it before them. All errors are of
// type *redisconf.ArgumentError.
func Of(command, args []string, v Variables) (Launch, error) {
	l := Launch{command: command, args: args}
	original := slices.Concat(command, args)
	words := make([]word, len(original))
	line := make([]string, len(original))
	for i, element := range original {
		line[i], _ = v.expand(element)
		words[i].text = line[i]
	}
	l.first, _ = skipped(words)
	rest := line[l.first:]
	if len(rest) > 0 && isShell(path.Base(rest[0])) {
		return l, l.readShell(original, rest, v)
	}
	var err error
	l.Invocation, err = redisconf.Parse(rest)
	return l, err
}

// readShell reads a line that begins with a shell.
func (l *Launch) readShell(original, rest []string, v Variables) error {
	shell := path.Base(rest[0])
	file, at, ok := shellLine(rest[1:])
	if !ok {
		if file == "" {
			return hiding(shell, "it is given no script", `start the server itself, like args: ["redis-server"]`)
		}
		return hiding(shell, fmt.Sprintf("what %s does "+Unseen, file), remedyFile)
	}
	s := &script{index: l.first + 1 + at}
	if s.text = expanded(original[s.index], v); len(s.text.expanded) > longest {
		return hiding(shell, fmt.Sprintf("its script is longer than %d KiB", longest>>10), "shorten it, or put what comes before the server into an init container")
	}
	r, err := scriptOf(s.text.expanded, shell, v)
	if err != nil {
		return hiding(shell, fmt.Sprintf("its script cannot be read (%s)", err), "mend it")
	}
	if s.starts, err = r.servers(shell); err != nil {
		return err
	}
	l.Overruled = overrule(s.starts)
	for i := range s.starts {
		inv, problem := s.starts[i].invocation()
		if problem != nil {
			return problem
		}
		s.read = append(s.read, inv)
	}
	l.script = s
	l.Invocation, err = common(s.read)
	if l.WorkingDir = s.starts[0].dir; err == nil && hides(l.WorkingDir) {
		err = hiding(shell, "the directory to which its script goes "+Unseen, "write it out, like cd /data")
	}
	return err
}

// Unseen ends what is said of a script that is in a file.
const Unseen = "cannot be seen here"

const (
	remedyFile    = `start the server itself, like command: ["redis-server", "/etc/redis/redis.conf"], and let an init container do what has to be done before it`
	remedyLast    = "start it in the foreground, as the last command of the script: exec redis-server /etc/redis/redis.conf"
	remedyVisible = "write it out, or give the variable a value in the container's env"
)

func hiding(shell, what, remedy string) error {
	return &redisconf.ArgumentError{Kind: redisconf.ErrShell, Subject: shell, What: what, Remedy: remedy}
}

// servers are the servers that a script starts, if each of its ways ends in one of them.
func (r *reader) servers(shell string) ([]start, error) {
	if len(r.starts) == 0 {
		what := "its script starts no redis-server or valkey-server"
		if len(r.files) > 0 {
			what += fmt.Sprintf(", and what %s does "+Unseen, r.files[len(r.files)-1])
		}
		return nil, hiding(shell, what, remedyFile)
	}
	if len(r.ends) > 0 {
		return nil, hiding(shell, fmt.Sprintf("one of its ways ends in %s, and what that does "+Unseen, r.ends[0]), remedyFile)
	}
	for _, s := range r.starts {
		if s.dir != r.starts[0].dir {
			return nil, hiding(shell, "its script starts servers in different directories", "go to the same before each")
		}
		if s.way.hides != "" {
			return nil, hiding(shell, fmt.Sprintf("line %d of its script starts %s %s", s.line, s.words[0].text, s.way.hides), remedyLast)
		}
		if !s.way.last && !s.replaces {
			return nil, hiding(shell, fmt.Sprintf("its script goes on after %s, in line %d, has ended", s.words[0].text, s.line), remedyLast)
		}
	}
	return r.starts, nil
}

// invocation reads the words of a command that starts a server.
func (s *start) invocation() (redisconf.Invocation, error) {
	var words []word
	for i, w := range s.words {
		switch {
		case !w.splits:
			words = append(words, w)
		case len(w.perhaps) > 0 && isOption(w.perhaps[0]) && (i+1 == len(s.words) || beginsOption(s.words[i+1])): // whatever follows is no value of it
			for _, one := range w.perhaps {
				if name := strings.TrimPrefix(strings.ToLower(one), "--"); isOption(one) && redisconf.IsDropped(name) {
					return redisconf.Invocation{}, &redisconf.ArgumentError{
						Kind: redisconf.ErrOption, Subject: one, What: fmt.Sprintf("line %d of the script has it only where a variable has a value", s.line),
						Remedy: "take it out of there: the agent says how a replica presents itself, and reads files with users",
					}
				}
				words = append(words, word{text: one, from: w.from, to: w.to, after: w.after, splits: true})
			}
		case !hides(w.text):
			for _, one := range strings.Fields(w.text) {
				words = append(words, word{text: one, from: w.from, to: w.to, after: w.after, splits: true})
			}
		case i > 1 && isOption(s.words[i-1].text): // the value of an option
			words = append(words, w)
		default:
			return redisconf.Invocation{}, &redisconf.ArgumentError{
				Kind: redisconf.ErrOption, Subject: w.text,
				What:   fmt.Sprintf("line %d of the script has an argument that may be any number of them", s.line),
				Remedy: remedyVisible,
			}
		}
	}
	s.words = words
	return redisconf.Parse(texts(words))
}

// masters are options that name a master.
var masters = []string{"--replicaof", "--slaveof"}

// overrule takes options that name a master out of the servers that have them, where another branch of the script starts one without: so
// each pod of a set decides what it is. Where all have them, they follow somebody outside of the group, and that is refused elsewhere.
func overrule(starts []start) []string {
	has := func(s start) bool {
		return slices.ContainsFunc(s.words, func(w word) bool { return slices.Contains(masters, strings.ToLower(w.text)) })
	}
	if !slices.ContainsFunc(starts, func(s start) bool { return !has(s) }) {
		return nil
	}
	var names []string
	for i := range starts {
		if s := &starts[i]; has(*s) {
			names = append(names, fmt.Sprintf("line %d: %s", s.line, s.leaveMaster()))
		}
	}
	return names
}

// leaveMaster takes the options out of one command, and returns how it wrote them.
func (s *start) leaveMaster() string {
	var kept []word
	var gone []string
	going := false
	for _, w := range s.words {
		if isOption(w.text) {
			going = slices.Contains(masters, strings.ToLower(w.text))
		}
		if !going {
			kept = append(kept, w)
			continue
		}
		gone = append(gone, w.text)
		s.gone = append(s.gone, w)
	}
	s.words = kept
	return strings.Join(gone, " ")
}

// beginsOption reports whether a word begins an option, or is one where it is anything.
func beginsOption(w word) bool {
	return isOption(w.text) || len(w.perhaps) > 0 && isOption(w.perhaps[0])
}

func isOption(word string) bool { return strings.HasPrefix(word, "--") && len(word) > 2 }

// common is what the servers of a script have in common. What decides how a group is kept has to be the same in all of them.
func common(all []redisconf.Invocation) (redisconf.Invocation, error) {
	inv := all[0]
	for _, other := range all[1:] {
		for _, differ := range []struct {
			what string
			it   bool
		}{
			{"programs", other.Program != inv.Program},
			{"configuration files", other.ConfigFile != inv.ConfigFile},
			{"ports", other.Port != inv.Port},
			{"directories", other.Dir != inv.Dir},
			{"files with users", other.ACLFile != inv.ACLFile},
		} {
			if differ.it {
				return inv, hiding("sh", "its script starts servers with different "+differ.what, "give all of them the same")
			}
		}
		inv.HasPassword = inv.HasPassword && other.HasPassword
		inv.NamesDefault = inv.NamesDefault || other.NamesDefault
	}
	return inv, nil
}

// With is the command line that loads a file instead of the user's own. What is not about that stays as the user wrote it.
func (l Launch) With(file string) (command, args []string, err error) {
	command, args = slices.Clone(l.command), slices.Clone(l.args)
	if l.script != nil {
		text, ok := l.script.with(l.at(l.script.index), file)
		if !ok {
			return nil, nil, hiding("sh", "the command that starts the server is in a variable", remedyVisible)
		}
		if i := l.script.index; i < len(command) {
			command[i] = text
		} else {
			args[i-len(command)] = text
		}
		return command, args, nil
	}
	if l.Place != "" {
		return command, args, nil
	}
	c := l.Load(file)
	var before, after []string
	for i := range len(l.command) + len(l.args) {
		into := &before
		if i >= len(l.command) {
			into = &after
		}
		if i == l.first+c.At {
			*into = append(*into, c.Insert...)
		}
		if i < l.first || !c.Drop[i-l.first] {
			*into = append(*into, l.at(i))
		}
	}
	if l.first+c.At == len(l.command)+len(l.args) {
		after = append(after, c.Insert...)
	}
	return before, after, nil
}

// at is an element of command and args together.
func (l Launch) at(i int) string {
	if i < len(l.command) {
		return l.command[i]
	}
	return l.args[i-len(l.command)]
}

// with is the script whose servers load a file.
func (s *script) with(original, file string) (string, bool) {
	var edits []edit
	for i, start := range s.starts {
		for _, w := range start.gone {
			edits = append(edits, s.text.without(w))
		}
		c := s.read[i].Load(file)
		for at, w := range start.words {
			if at == c.At {
				end := start.words[at-1].to
				edits = append(edits, edit{from: end, to: end, with: " " + file})
			}
			if !c.Drop[at] {
				continue
			}
			if w.splits && w.text != s.text.expanded[w.from:w.to] { // only a part of what stands there
				return "", false
			}
			edits = append(edits, s.text.without(w))
		}
		if c.At == len(start.words) {
			end := start.words[len(start.words)-1].to
			edits = append(edits, edit{from: end, to: end, with: " " + file})
		}
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	return s.text.apply(original, edits)
}
