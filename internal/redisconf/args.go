// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"errors"
	"path"
	"strconv"
	"strings"
)

// Program is the server that a command line starts.
type Program string

// Programs.
const (
	// ProgramUnsaid is a line that names no server: the image's entrypoint starts Redis.
	ProgramUnsaid Program = ""
	// ProgramRedis is redis-server or valkey-server.
	ProgramRedis Program = "redis-server"
	// ProgramSentinel is redis-sentinel, or redis-server with --sentinel.
	ProgramSentinel Program = "redis-sentinel"
)

// Invocation is the command line of a container, as the official image's entrypoint and then the server read it:
// the server, a configuration file, and options, of which the last one of a name wins over the file.
type Invocation struct {
	// Program is what the line starts.
	Program Program
	// Server is the name under which With starts the server where the line names none; empty means the Program's own.
	Server string
	// ConfigFile is the configuration file that the user named; empty if there is none.
	ConfigFile string
	// Options are the user's options, in order.
	Options []Option
	// Port is what --port says; 0 if it is absent.
	Port int
	// Dir is what --dir says; empty if it is absent.
	Dir string
	// ACLFile is what --aclfile says; empty if it is absent.
	ACLFile string
	// HasPassword reports whether an option gives clients a password, or users.
	HasPassword bool
	// NamesDefault reports whether an option gives the default user a password, or names that user.
	NamesDefault bool

	// server is the index of the server's name in the words, config that of the configuration file; both are negative where there is
	// none. first is where the server's own arguments begin.
	server, config, first int
	// elements are, for each option, at which word it begins; ends is where the last one ends.
	elements []int
	ends     int
}

// Option is one --name with its values, the name in lower case.
type Option struct {
	Name   string
	Values []string
}

// Parse reads the words of a command, which begin with the name of a server, or, where an entrypoint puts that before them, with its
// arguments. A part of a word that is not known is a reference, as the kubelet writes it: $(NAME). The error joins all that is wrong, each
// of type *ArgumentError.
func Parse(line []string) (Invocation, error) {
	inv := Invocation{server: -1, config: -1}
	if len(line) > 0 && !beginsOptions(line[0]) {
		program, err := programOf(line[0])
		if err != nil {
			return Invocation{}, err
		}
		inv.Program, inv.server, inv.first = program, 0, 1
	}
	var problems []error
	rest := line[inv.first:]
	if len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		if strings.Contains(rest[0], "$(") {
			problems = append(problems, hidden("configuration file", rest[0]))
		}
		inv.ConfigFile, inv.config, rest = rest[0], inv.first, rest[1:]
	}
	inv.ends = len(line)
	problems = append(problems, inv.readOptions(rest)...)
	problems = append(problems, inv.checkOptions()...)
	return inv, errors.Join(problems...)
}

// beginsOptions reports whether the entrypoint puts the server's name before this first argument itself.
func beginsOptions(first string) bool {
	return strings.HasPrefix(first, "-") || strings.HasSuffix(first, ".conf")
}

// IsServer reports whether a word is the name of a server, whatever directory it is in.
func IsServer(name string) bool {
	_, err := programOf(name)
	return err == nil
}

func programOf(element string) (Program, error) {
	switch path.Base(element) {
	case "redis-server", "valkey-server":
		return ProgramRedis, nil
	case "redis-sentinel", "valkey-sentinel":
		return ProgramSentinel, nil
	case "keydb-server", "dragonfly":
		return "", &ArgumentError{Kind: ErrProgram, Subject: element, Remedy: "it is not supported: use redis-server or valkey-server"}
	default:
		return "", &ArgumentError{
			Kind: ErrProgram, Subject: element,
			Remedy: `start the server itself, like args: ["redis-server", "--appendonly", "yes"]; if another container runs Redis, name it with the annotation redis-sentinel.dev/container`,
		}
	}
}

// readOptions groups arguments as the server does: an element that begins with two dashes starts an option, unless the
// option before it still wants its first value. Such a value is looked at as an option too when options are checked,
// because servers before 7.0.1 took it for one.
func (inv *Invocation) readOptions(rest []string) []error {
	var problems []error
	for i, element := range rest {
		switch {
		case strings.HasPrefix(element, "--"):
			for line := range strings.Lines(element[2:]) {
				if err := inv.startOption(line); err != nil {
					problems = append(problems, err)
				}
				for len(inv.elements) < len(inv.Options) {
					inv.elements = append(inv.elements, inv.ends-len(rest)+i)
				}
			}
		case element == "-":
			problems = append(problems, &ArgumentError{Kind: ErrOption, Subject: "-", Remedy: "name a configuration file: the standard input of a container is empty"})
		case len(inv.Options) == 0:
			problems = append(problems, &ArgumentError{Kind: ErrProgram, Subject: element, Remedy: "this does not start a server; remove it"})
		default:
			last := &inv.Options[len(inv.Options)-1]
			last.Values = append(last.Values, element)
		}
	}
	return problems
}

func (inv *Invocation) startOption(line string) error {
	fields := strings.Fields(line)
	if len(fields) == 0 {
		return nil
	}
	name := strings.ToLower(fields[0])
	if strings.Contains(name, "$(") {
		return hidden("option", "--"+fields[0])
	}
	switch name {
	case "version", "help", "test-memory", "check-system", "check-rdb", "check-aof":
		return &ArgumentError{Kind: ErrProgram, Subject: "--" + name, Remedy: "this does not start a server; remove it"}
	case "sentinel":
		inv.Program = ProgramSentinel
	}
	option := Option{Name: name}
	for _, value := range fields[1:] {
		option.Values = append(option.Values, strings.Trim(value, `"'`))
	}
	inv.Options = append(inv.Options, option)
	return nil
}

// checkOptions refuses what contradicts, and notes port and directory.
func (inv *Invocation) checkOptions() []error {
	var problems []error
	for i, o := range inv.Options {
		if err := inv.Program.check(o); err != nil {
			problems = append(problems, err)
		}
		if inv.Program != ProgramSentinel {
			if err := inv.noteUsers(i, o); err != nil {
				problems = append(problems, err)
			}
		}
		switch value := strings.Join(o.Values, " "); o.Name {
		case "port":
			port, err := strconv.Atoi(value)
			if err != nil || port < 1 || port > 65535 {
				problems = append(problems, &ArgumentError{Kind: ErrOption, Subject: "--port " + value, Remedy: "write a number from 1 to 65535: replicas and Sentinels connect to it"})
				continue
			}
			inv.Port = port
		case "dir":
			if strings.Contains(value, "$(") {
				problems = append(problems, hidden("directory", "--dir "+value))
			}
			inv.Dir = value
		}
	}
	return problems
}
