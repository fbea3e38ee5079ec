// SPDX-License-Identifier: Apache-2.0

package simtest

import "time"

// hang stops a process for some time, while its machine and its agent live. What it is told meanwhile waits in its sockets, and is
// carried out when it goes on: after the writes that it had begun to hold back, because those it has read already.
func (w *World) hang(s *server, long time.Duration) {
	s.hung = w.now + long
	run := s.run
	w.on(s.host, long, func() {
		if !s.alive || s.run != run || w.now < s.hung || s.hung == 0 {
			return
		}
		if w.now >= s.paused {
			w.letGo(s)
		}
		inbox := s.inbox
		s.inbox = nil
		for _, do := range inbox {
			do()
		}
	})
	if s.pod != nil {
		s.pod.disturbed = s.hung
	}
}

// runScript keeps a process for some time. What the script writes is acknowledged to its client when it ends.
func (w *World) runScript(c *client, s *server, long time.Duration) {
	s.busy = w.now + long
	run := s.run
	if s.pod != nil {
		s.pod.disturbed = s.busy
	}
	w.on(s.host, long, func() {
		if s.alive && s.run == run {
			// Nobody can tell it that it was replaced while it was cut off.
			c.acked = append(c.acked, w.write(s, keysOf(s.data)+1).write)
			w.wakePod(s.pod)
		}
	})
}

// whenItGoesOn puts off what a process is told that hangs, and reports whether it does.
func (w *World) whenItGoesOn(s *server, do func()) bool {
	if w.now >= s.hung {
		return false
	}
	s.inbox = append(s.inbox, do)
	return true
}
