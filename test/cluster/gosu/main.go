// SPDX-License-Identifier: Apache-2.0

// Gosu becomes another user and then another program: "gosu USER PROGRAM ...".
// Unlike su it leaves no process of its own behind, so that the program is the
// first process of its container and gets the signals.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "gosu: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return errors.New("usage: gosu USER PROGRAM [ARGUMENT...]")
	}
	account, err := user.Lookup(args[0])
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(account.Gid)
	if err != nil {
		return err
	}
	program, err := exec.LookPath(args[1])
	if err != nil {
		return err
	}
	// The user last: without root the groups could not be changed any more.
	if err := syscall.Setgroups([]int{gid}); err != nil {
		return fmt.Errorf("setting groups: %w", err)
	}
	if err := syscall.Setgid(gid); err != nil {
		return fmt.Errorf("setting group: %w", err)
	}
	if err := syscall.Setuid(uid); err != nil {
		return fmt.Errorf("setting user: %w", err)
	}
	if err := os.Setenv("HOME", account.HomeDir); err != nil {
		return err
	}
	return syscall.Exec(program, args[1:], os.Environ())
}
