// SPDX-License-Identifier: Apache-2.0

// Package process starts programs that outlive the command that started them,
// and later finds exactly those again.
//
// A pid alone names a different process after a reboot or once the pids have
// wrapped around, so a Record also holds the boot and the time at which the
// process started; only all three together are "the process that we started".
package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Record identifies one process.
type Record struct {
	Name  string `json:"name"`
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks between boot and start
	Boot  string `json:"boot"`  // the kernel's id of this boot
}

// Of returns the record of the living process pid.
func Of(name string, pid int) (Record, error) {
	stat, err := readStat(pid)
	if err != nil {
		return Record{}, fmt.Errorf("identifying %s: %w", name, err)
	}
	boot, err := bootID()
	if err != nil {
		return Record{}, fmt.Errorf("identifying %s: %w", name, err)
	}
	return Record{Name: name, PID: pid, Start: stat.start, Boot: boot}, nil
}

// Alive reports whether this very process still runs. A zombie does not run.
func (r Record) Alive() bool {
	if r.PID <= 1 {
		return false
	}
	boot, err := bootID()
	if err != nil || boot != r.Boot {
		return false
	}
	stat, err := readStat(r.PID)
	return err == nil && stat.start == r.Start && stat.state != 'Z' && stat.state != 'X'
}

// Kill ends the process at once and waits until it is gone.
func (r Record) Kill(timeout time.Duration) error {
	for end := time.Now().Add(timeout); r.Alive(); time.Sleep(10 * time.Millisecond) {
		if err := syscall.Kill(r.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("killing %s (pid %d): %w", r.Name, r.PID, err)
		}
		if time.Now().After(end) {
			return fmt.Errorf("killing %s (pid %d): it is still there after %s", r.Name, r.PID, timeout)
		}
	}
	return nil
}

// Save writes the record into dir, as NAME.json.
func (r Record) Save(dir string) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("recording %s: %w", r.Name, err)
	}
	if err := os.WriteFile(filepath.Join(dir, r.Name+".json"), data, 0o600); err != nil {
		return fmt.Errorf("recording %s: %w", r.Name, err)
	}
	return nil
}

// Load reads all records in dir. Where there is no dir there are no records, and
// a record that was cut off while it was written names no process.
func Load(dir string) ([]Record, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("listing process records: %w", err)
	}
	var records []Record
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading a process record: %w", err)
		}
		var r Record
		if json.Unmarshal(data, &r) == nil {
			records = append(records, r)
		}
	}
	return records, nil
}

// stat is what this package needs of /proc/PID/stat.
type stat struct {
	state byte
	start uint64
}

func readStat(pid int) (stat, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, fmt.Errorf("reading the state of pid %d: %w", pid, err)
	}
	return parseStat(string(data))
}

// parseStat reads a line of /proc/PID/stat. The program's name in it can hold
// spaces and parentheses, so the fields are counted from its last parenthesis.
func parseStat(line string) (stat, error) {
	const startTime = 22 - 3 // field 22 of the line; field 3 is the first after the name
	_, rest, found := cutLast(line, ")")
	fields := strings.Fields(rest)
	if !found || len(fields) <= startTime {
		return stat{}, fmt.Errorf("not a line of /proc/PID/stat: %q", line)
	}
	start, err := strconv.ParseUint(fields[startTime], 10, 64)
	if err != nil {
		return stat{}, fmt.Errorf("start time in /proc/PID/stat: %w", err)
	}
	return stat{state: fields[0][0], start: start}, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func bootID() (string, error) {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(data)), err
}
