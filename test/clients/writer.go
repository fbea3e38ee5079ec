// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// line is what a program tells of one write.
type line struct {
	Number int64 `json:"n"`
	// At is when the program knew what became of it, in milliseconds since 1970; programs run on this machine.
	At float64 `json:"at"`
	// Error is empty where the write was acknowledged.
	Error string `json:"error"`
}

// writer is a program that writes.
type writer struct {
	client        client
	way, settings string
	// name is what its connections are called; its keys begin with prefix.
	name, prefix string

	process *exec.Cmd
	said    bytes.Buffer // on its error stream
	read    sync.WaitGroup

	mu    sync.Mutex
	lines []line
	ended bool
}

// target is what a program is told of the group: addresses of the Sentinels' Service and of the master's, as host and port.
type target struct{ sentinel, service, master, password string }

// start starts a program. The same writer may be started again once it has ended.
func (w *writer) start(ctx context.Context, to target) error {
	server := to.sentinel
	if w.way == "service" {
		server = to.service
	}
	w.process = exec.CommandContext(ctx, w.client.command[0], w.client.command[1:]...)
	w.process.Env = append(os.Environ(), w.client.environment...)
	w.process.Env = append(w.process.Env, "SERVER="+server, "MASTER="+to.master, "PASSWORD="+to.password, "NAME="+w.name, "PREFIX="+w.prefix,
		"RATE="+strconv.Itoa(w.client.rate), "WAY="+w.way, "SETTINGS="+w.settings)
	// A group of its own: a script has children.
	w.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	w.process.Cancel = func() error { return syscall.Kill(-w.process.Process.Pid, syscall.SIGTERM) }
	w.process.WaitDelay = 5 * time.Second
	w.process.Stderr = &w.said
	told, err := w.process.StdoutPipe()
	if err != nil {
		return fmt.Errorf("starting %s: %w", w.name, err)
	}
	w.ended = false
	if err := w.process.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", w.name, err)
	}
	w.read.Go(func() { w.listen(told) })
	return nil
}

func (w *writer) listen(told io.Reader) {
	lines := bufio.NewScanner(told)
	for lines.Scan() {
		var one line
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			one = line{At: float64(time.Now().UnixMilli()), Error: "not a line of the program: " + lines.Text()}
		}
		w.mu.Lock()
		w.lines = append(w.lines, one)
		w.mu.Unlock()
	}
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
}

// stop ends the program and its children, and waits.
func (w *writer) stop() error {
	if err := syscall.Kill(-w.process.Process.Pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("ending %s: %w", w.name, err)
	}
	w.read.Wait()
	_ = w.process.Wait() // it was told to end
	return nil
}

// since are the lines from an index on, by time, and whether the program has ended by itself.
func (w *writer) since(index int) ([]line, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines := slices.Clone(w.lines[index:])
	slices.SortStableFunc(lines, func(a, b line) int { return int(a.At - b.At) })
	return lines, w.ended
}

// count is how many lines there are.
func (w *writer) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.lines)
}

// acknowledgedAfter counts the writes that were acknowledged after a moment, of the lines from an index on.
func (w *writer) acknowledgedAfter(index int, moment time.Time) int {
	lines, _ := w.since(index)
	count := 0
	for _, one := range lines {
		if one.Error == "" && one.At > float64(moment.UnixMilli()) {
			count++
		}
	}
	return count
}

// writers are all clients in both ways with both settings.
func writers(clients []client) []*writer {
	var all []*writer
	for _, c := range clients {
		for _, way := range []string{"sentinel", "service"} {
			for _, settings := range []string{"defaults", "recommended"} {
				name := strings.Join([]string{strings.ReplaceAll(c.name, " ", "-"), way, settings}, "-")
				all = append(all, &writer{client: c, way: way, settings: settings, name: name, prefix: name + ":"})
			}
		}
	}
	return all
}
