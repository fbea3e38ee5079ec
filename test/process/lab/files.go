// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// File is what a file of the pod holds; empty where there is none.
func (p *Pod) File(path string) string {
	text, _ := os.ReadFile(filepath.Join(p.root, path))
	return string(text)
}

// Overwrite replaces what a file of the pod holds.
func (p *Pod) Overwrite(path, text string) error {
	return os.WriteFile(filepath.Join(p.root, path), []byte(text), 0o666)
}

// AgentMemory is how many bytes of memory the agent has taken up at most.
func (p *Pod) AgentMemory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.agent.current().cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading what memory the agent of %s takes: %w", p.Name, err)
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "VmHWM:" {
			kib, err := strconv.ParseInt(words[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("the kernel does not say what memory a process takes")
}

// SentinelStarts starts a Sentinel from a file, on the machine's own loopback, until it answers or ends. The error has what it said.
func (s *Scene) SentinelStarts(ctx context.Context, conf string, port int) error {
	root, err := os.MkdirTemp(s.dir, "sentinel-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root) //nolint:errcheck // it is in memory, and goes with the lab
	dir := filepath.Join(root, "sentinel")
	if err = errors.Join(os.Chmod(root, 0o755), linkTree(s.Server.root, root), os.Mkdir(dir, 0o777), os.Chmod(dir, 0o777)); err != nil {
		return err
	}
	file := filepath.Join(dir, "sentinel.conf")
	if err = errors.Join(os.WriteFile(file, []byte(conf), 0o666), os.Chmod(file, 0o666)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var said strings.Builder
	cmd := exec.CommandContext(ctx, "/usr/bin/"+s.Server.Sentinel, "/sentinel/sentinel.conf")
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", []string{"PATH=/usr/bin"}, &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: serverUser, Gid: serverUser}, Setpgid: true}
	if err = cmd.Start(); err != nil {
		return fmt.Errorf("starting a Sentinel: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err = <-ended:
			return fmt.Errorf("the Sentinel ended: %w: %s", err, said.String())
		case <-time.After(5 * time.Millisecond):
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			_ = conn.Close()
			cancel()
			<-ended //nolint:errcheck // it was killed
			return nil
		}
	}
}
