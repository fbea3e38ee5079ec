// SPDX-License-Identifier: Apache-2.0

package launch

import (
	"cmp"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/image"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/redisconf"
)

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
