// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"sync"
	"syscall"
	"time"
)

// container is one program of a pod that is restarted when it ends, at once, as the kubelet does the first time.
type container struct {
	start    func() (*Process, error)
	mu       sync.Mutex
	process  *Process
	restarts int
	held     bool
	ended    bool
	released chan struct{}
	over     chan struct{}
}

// run starts the program and keeps it running until end. The first start happens before it returns.
func (c *container) run() error {
	c.released, c.over = make(chan struct{}, 1), make(chan struct{})
	process, err := c.start()
	if err != nil {
		close(c.over)
		return err
	}
	c.process = process
	go c.supervise(process)
	return nil
}

func (c *container) supervise(process *Process) {
	defer close(c.over)
	for {
		<-process.done
		for c.isHeld() {
			<-c.released
		}
		c.mu.Lock()
		if c.ended {
			c.mu.Unlock()
			return
		}
		next, err := c.start()
		if err == nil {
			c.process, process = next, next
			c.restarts++
		}
		c.mu.Unlock()
		if err != nil {
			time.Sleep(100 * time.Millisecond) // no file descriptor or no memory for a moment
		}
	}
}

// restarted is how often the program was started again.
func (c *container) restarted() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.restarts
}

func (c *container) isHeld() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held && !c.ended
}

func (c *container) current() *Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.process
}

// crash kills the program; it is restarted at once, or when released.
func (c *container) crash(hold bool) {
	c.mu.Lock()
	c.held = hold
	process := c.process
	c.mu.Unlock()
	if process != nil {
		process.kill()
	}
}

// release lets a held program start.
func (c *container) release() {
	c.mu.Lock()
	c.held = false
	c.mu.Unlock()
	c.wake()
}

func (c *container) wake() {
	select {
	case c.released <- struct{}{}:
	default:
	}
}

// end ends the program for good; without a grace period it is killed.
func (c *container) end(grace time.Duration) {
	c.mu.Lock()
	c.ended = true
	process := c.process
	c.mu.Unlock()
	if process == nil {
		return
	}
	c.wake()
	if grace > 0 {
		process.end(grace)
	} else {
		process.kill()
	}
	<-c.over
}

func (c *container) signal(signal syscall.Signal) {
	if process := c.current(); process != nil {
		process.Signal(signal)
	}
}
