// SPDX-License-Identifier: Apache-2.0

package process

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const numbers = " 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 1000 200"
	for name, test := range map[string]struct {
		line  string
		state byte
		start uint64
		bad   bool
	}{
		"a plain name":                       {line: "12 (etcd) S" + numbers, state: 'S', start: 4711},
		"a name with blanks and parentheses": {line: "12 (a) b (c)) Z" + numbers, state: 'Z', start: 4711},
		"a line that is cut off":             {line: "12 (etcd) S 1 2", bad: true},
		"no line at all":                     {line: "", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat(test.line)
			if test.bad {
				if err == nil {
					t.Fatalf("no error, but %+v", got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.state != test.state || got.start != test.start {
				t.Errorf("got state %q and start %d, want %q and %d", got.state, got.start, test.state, test.start)
			}
		})
	}
}

func TestARecordNamesOneProcessOnly(t *testing.T) {
	self, err := Of("self", os.Getpid())
	if err != nil {
		t.Fatal("processes are told apart by /proc:", err)
	}
	if !self.Alive() {
		t.Error("the running test does not count as alive")
	}
	for name, change := range map[string]func(*Record){
		"another process got the pid":     func(r *Record) { r.Start++ },
		"the machine was started again":   func(r *Record) { r.Boot = "another" },
		"a record without a process":      func(r *Record) { r.PID = 0 },
		"a record that would name init":   func(r *Record) { r.PID = 1 },
		"a record that would name groups": func(r *Record) { r.PID = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			other := self
			change(&other)
			if other.Alive() {
				t.Errorf("%+v counts as alive", other)
			}
			if err := other.Kill(time.Second); err != nil {
				t.Errorf("killing what is not there: %v", err)
			}
		})
	}
}

func TestStartedProcessesAreFoundAgainAndKilled(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Fatal("processes are told apart by /proc:", err)
	}
	dir := t.TempDir()
	entered := filepath.Join(dir, "cgroup.procs")
	started, err := Start(t.Context(), Command{
		Name: "sleeper", Path: "/bin/sh", Args: []string{"-c", "echo $WHAT; exec sleep 600"},
		Env: []string{"WHAT=hello"}, Log: filepath.Join(dir, "log"), Cgroup: []string{entered},
	}, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err = os.WriteFile(filepath.Join(dir, "broken.json"), []byte(`{"name":`), 0o600); err != nil {
		t.Fatal(err)
	}
	records, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 1 || records[0] != started {
		t.Fatalf("found %+v, want only %+v", records, started)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if log, _ := os.ReadFile(filepath.Join(dir, "log")); string(log) == "hello\n" {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the process has not written into its log")
		}
	}
	if data, err := os.ReadFile(entered); err != nil || len(data) == 0 {
		t.Errorf("the process did not enter its cgroup: %q, %v", data, err)
	}
	if err := records[0].Kill(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	if records[0].Alive() {
		t.Error("alive after it was killed")
	}
}
