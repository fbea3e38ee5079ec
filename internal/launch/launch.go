// SPDX-License-Identifier: Apache-2.0

package launch

import (
	"fmt"
	"path"
	"slices"

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
