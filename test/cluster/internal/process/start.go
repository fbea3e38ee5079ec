// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Command is a program to start in the background.
type Command struct {
	Name   string   // what it is called in records and messages
	Path   string   // the program
	Args   []string // its arguments, without its name
	Env    []string // more environment
	Log    string   // file for its output
	Cgroup []string // cgroup.procs files that it enters before it begins
}

// Start starts the command in a session of its own, so that it outlives this
// process, its terminal and ctx, and records it in dir.
func Start(ctx context.Context, c Command, dir string) (Record, error) {
	log, err := os.OpenFile(c.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return Record{}, fmt.Errorf("starting %s: %w", c.Name, err)
	}
	defer log.Close()
	// The shell enters the cgroups and becomes the program: whatever the
	// program starts is inside them from its beginning.
	const enter = `while [ "$1" != -- ]; do echo $$ >"$1" || exit 1; shift; done; shift; exec "$@"`
	args := append([]string{"-c", enter, c.Name}, c.Cgroup...)
	args = append(append(args, "--", c.Path), c.Args...)
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "/bin/sh", args...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err = cmd.Start(); err != nil {
		return Record{}, fmt.Errorf("starting %s: %w", c.Name, err)
	}
	go func() { _ = cmd.Wait() }() // or a dead child stays a zombie while this process lives
	record, err := Of(c.Name, cmd.Process.Pid)
	if err != nil {
		return Record{}, fmt.Errorf("starting %s: it ended at once: %w", c.Name, err)
	}
	return record, record.Save(dir)
}
