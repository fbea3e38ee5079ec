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

// ofEnvironment reads the variables of an image that makes a configuration of them. Passwords stay references: the kubelet puts them in.
// Where the user's own configuration may be mounted, which the image would load instead, only what a variable says itself is an option.
func (l *Launch) ofEnvironment(f image.Family, v Variables, more []string, mounted func(string) bool) error {
	e := environment{family: f, v: v}
	name := strings.TrimSuffix(f.Server, "-server")
	config := "/opt/bitnami/" + name + "/mounted-etc/" + name + ".conf"
	overrides := cmp.Or(e.text("OVERRIDES_FILE"), path.Dir(config)+"/overrides.conf")
	for _, file := range []string{config, overrides} {
		if mounted(file) {
			l.Files = append(l.Files, file)
		}
	}
	if mounted(config) {
		l.Whole = config
	}
	if v.Open() {
		e.problem("*", "variables may come with envFrom, where nobody can see them", "name them in env, with valueFrom")
	}
	e.given("port", "PORT_NUMBER")
	e.given("dir", "DATA_DIR")
	e.given("aclfile", "ACLFILE") // which the agent has to know, to put its users into it
	e.password()
	always := len(e.arguments)
	if e.text("DATA_DIR") == "" {
		e.option("dir", f.Data)
	}
	e.option("appendonly", cmp.Or(e.text("AOF_ENABLED"), "yes"))
	e.save()
	e.given("io-threads", "IO_THREADS")
	e.given("io-threads-do-reads", "IO_THREADS_DO_READS")
	for _, command := range strings.FieldsFunc(e.text("DISABLE_COMMANDS"), func(r rune) bool { return r == ',' || r == ' ' }) {
		e.arguments = append(e.arguments, "--rename-command", command, "")
	}
	if len(l.Files) > 0 {
		l.before(&e, always)
	}
	e.replication()
	e.tls()
	e.arguments = append(e.arguments, e.flags("EXTRA_FLAGS")...)
	l.PasswordFile = e.passwordFile
	l.command, l.args = []string{f.Server}, append(e.arguments, more...)
	inv, err := redisconf.Parse(append(slices.Clone(l.command), l.args...))
	l.Invocation = inv
	if l.PasswordFile != "" {
		l.HasPassword, l.NamesDefault = true, true
	}
	return errors.Join(errors.Join(e.problems...), err)
}

// before moves what the image would write into its configuration out of the options: where the user's own file is there, the image writes
// none of it, and what the user puts over it comes behind it. Only the agent sees which of them is there.
func (l *Launch) before(e *environment, from int) {
	inv, err := redisconf.Parse(append([]string{e.family.Server}, e.arguments[from:]...))
	if err != nil {
		return // it is said again, of all of them
	}
	l.Before = inv.Options
	e.arguments = e.arguments[:from]
}

// startsByEnvironment reports whether a container leaves the start to the image's script, and with which arguments beside the variables.
func startsByEnvironment(command, args []string) (more []string, ok bool) {
	line := slices.Concat(command, args)
	if len(line) > 0 && path.Base(line[0]) == "entrypoint.sh" {
		line = line[1:]
	}
	if len(line) == 0 {
		return nil, len(command) == 0
	}
	if path.Base(line[0]) == "run.sh" {
		return line[1:], true
	}
	return nil, false
}

// environment is a translation in progress.
type environment struct {
	family    image.Family
	v         Variables
	arguments []string
	// passwordFile has the clients' password; empty where no file has it.
	passwordFile string
	problems     []error
}

func (e *environment) problem(variable, what, remedy string) {
	e.problems = append(e.problems, &redisconf.ArgumentError{Kind: redisconf.ErrOption, Subject: e.family.Prefix + variable, What: what, Remedy: remedy})
}

// text is what a variable of the image says; empty where it is not there. One whose value nobody can see is a problem.
func (e *environment) text(name string) string {
	text, known := e.v.Value(e.family.Prefix + name)
	if !known && e.v.Declared(e.family.Prefix+name) {
		e.problem(name, "its value cannot be seen here", remedyVisible)
	}
	if e.v.Declared(e.family.Prefix + name + "_FILE") {
		e.problem(name+"_FILE", "what the file says cannot be seen here", "say "+e.family.Prefix+name+" itself")
	}
	return text
}

// given is an option whose variable has a value.
func (e *environment) given(option, variable string) {
	if value := e.text(variable); value != "" {
		e.option(option, value)
	}
}

func (e *environment) option(name, value string) {
	e.arguments = append(e.arguments, "--"+name, value)
}

// flags are the options that a variable holds, one after the other.
func (e *environment) flags(name string) []string {
	words, err := flagsOf(e.v, e.family.Prefix+name)
	if err != nil {
		e.problems = append(e.problems, err)
	}
	return words
}

// flagsOf are the words of a variable that the image's script puts behind its own, split at blanks.
func flagsOf(v Variables, name string) ([]string, error) {
	if !v.Declared(name) {
		return nil, nil
	}
	text, said := v.Text(name)
	if !said {
		return nil, &redisconf.ArgumentError{Kind: redisconf.ErrOption, Subject: name, What: "its value cannot be seen here", Remedy: remedyVisible}
	}
	words := strings.Fields(text)
	for i, w := range words {
		if hides(w) && (i == 0 || !isOption(words[i-1])) {
			return nil, &redisconf.ArgumentError{Kind: redisconf.ErrOption, Subject: name, What: "its part " + w + " may be any number of options", Remedy: remedyVisible}
		}
	}
	return words, nil
}

// save is when the image saves: as the server does by itself, but where it is told.
func (e *environment) save() {
	policy := e.text("RDB_POLICY")
	if policy == "" && isYes(e.v, e.family.Prefix+"RDB_POLICY_DISABLED") {
		e.option("save", "")
	}
	for _, rule := range strings.Fields(policy) {
		after, changes, _ := strings.Cut(rule, "#")
		e.arguments = append(e.arguments, "--save", after, changes)
	}
}

// password is what clients need. The image does not start without one, unless it is told to.
func (e *environment) password() {
	prefix := e.family.Prefix
	switch {
	case e.v.Declared(prefix + "PASSWORD_FILE"):
		e.passwordFile, _ = e.v.Value(prefix + "PASSWORD_FILE")
		if e.passwordFile == "" {
			e.problem("PASSWORD_FILE", "its value cannot be seen here", remedyVisible)
		}
	case e.v.Declared(prefix + "PASSWORD"):
		if text, known := e.v.Value(prefix + "PASSWORD"); !known || text != "" {
			e.option("requirepass", reference(prefix+"PASSWORD"))
		}
	case isYes(e.v, "ALLOW_EMPTY_PASSWORD"):
	case e.v.Open(): // which is a problem of its own
	default:
		e.problem("PASSWORD", "the image does not start without a password", "set it, or say ALLOW_EMPTY_PASSWORD=yes")
	}
}

func isYes(v Variables, name string) bool {
	text, _ := v.Value(name)
	return slices.Contains([]string{"yes", "true", "1"}, strings.ToLower(text))
}

// replication is for the agent to say.
func (e *environment) replication() {
	prefix := e.family.Prefix
	mode, _ := e.v.Value(prefix + "REPLICATION_MODE")
	if mode == "slave" || mode == "replica" {
		variable := prefix + "MASTER_HOST"
		if e.v.Declared(prefix + "PRIMARY_HOST") {
			variable = prefix + "PRIMARY_HOST"
		}
		host, _ := e.v.Value(variable)
		e.problem("REPLICATION_MODE", fmt.Sprintf("%s follows %s %s outside the group", mode, variable, host),
			"remove both, and label the StatefulSet that holds the data instead, with more replicas")
	}
}

func (e *environment) tls() {
	const name = "TLS_ENABLED"
	if _, known := e.v.Value(e.family.Prefix + name); e.v.Declared(e.family.Prefix+name) && !known {
		e.problem(name, "its value cannot be seen here", remedyVisible)
	} else if isYes(e.v, e.family.Prefix+name) {
		e.problem(name, "TLS is not supported yet", "remove it")
	}
}
