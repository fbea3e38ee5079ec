// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Process is one running program of a pod.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// program says what to run, where, and as which user.
type program struct {
	port *Port
	root string
	dir  string
	args []string
	env  []string
	user uint32
	// umask is the program's; servers of the official images have 0077, so that their files are theirs alone.
	umask int
	log   string
}

// Spawner starts programs from one thread that lives as long as the lab: the kernel ends them when that thread ends, so that
// nothing is left behind whatever happens to the test.
type Spawner struct{ requests chan func(home *os.File) }

// NewSpawner starts the thread.
func NewSpawner() (*Spawner, error) {
	s := &Spawner{requests: make(chan func(*os.File))}
	opened := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		home, err := os.Open("/proc/thread-self/ns/net")
		if err == nil {
			err = unix.Unshare(unix.CLONE_FS) // a umask of its own
		}
		opened <- err
		for request := range s.requests {
			request(home)
		}
	}()
	if err := <-opened; err != nil {
		return nil, fmt.Errorf("finding the machine's own network, and parting from its umask: %w", err)
	}
	return s, nil
}

// start runs a program inside a pod.
func (s *Spawner) start(p program) (*Process, error) {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening a log: %w", err)
	}
	defer log.Close() //nolint:errcheck // the program has its own
	cmd := &exec.Cmd{
		Path: p.args[0], Args: p.args, Env: p.env, Dir: p.dir, Stdout: log, Stderr: log,
		SysProcAttr: &syscall.SysProcAttr{
			Chroot: p.root, Credential: &syscall.Credential{Uid: p.user, Gid: p.user}, Pdeathsig: syscall.SIGKILL, Setpgid: true,
		},
	}
	result := make(chan error, 1)
	s.requests <- func(home *os.File) {
		result <- inside(p.port, home, func() error {
			unix.Umask(p.umask)
			return cmd.Start()
		})
	}
	if err := <-result; err != nil {
		return nil, fmt.Errorf("starting %s in %s: %w", p.args[0], p.root, err)
	}
	started := &Process{cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(started.done)
	}()
	return started, nil
}

// inside calls f with this thread in the network of a pod.
func inside(port *Port, home *os.File, f func() error) error {
	namespace, err := os.Open(port.path())
	if err != nil {
		return fmt.Errorf("finding the pod's network: %w", err)
	}
	defer namespace.Close() //nolint:errcheck // read only
	if err = unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("entering the pod's network: %w", err)
	}
	err = f()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		panic(back) // every program from here on would start in the wrong network
	}
	return err
}

// Signal sends a signal; a process that has ended needs none.
func (p *Process) Signal(signal syscall.Signal) {
	_ = p.cmd.Process.Signal(signal)
}

// Ended reports whether it has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// end asks it to end, and kills it after the grace period.
func (p *Process) end(grace time.Duration) {
	p.Signal(syscall.SIGTERM)
	p.Signal(syscall.SIGCONT)
	select {
	case <-p.done:
	case <-time.After(grace):
		p.kill()
	}
}

// kill ends it as a crash does, and waits for the end.
func (p *Process) kill() {
	p.Signal(syscall.SIGKILL)
	<-p.done
}
