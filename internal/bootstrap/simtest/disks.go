// SPDX-License-Identifier: Apache-2.0

package simtest

import "time"

// What a server writes down, and when it cannot.

// appends reports whether servers write down every write.
func (w *World) appends() bool { return w.Persistence == AOF || w.Persistence == Everysec }

// save is what a write does to the disk: the append-only file has it at once, or within a second; a snapshot is as old as the last write
// that made one.
func (w *World) save(s *server) {
	if w.Persistence == AOF || w.Persistence == RDB && (s.data == nil || s.disk.kept == nil || s.data.write%8 == 0 || s.link != nil) {
		w.keep(s)
	}
}

// keep brings the disk up to date, where there is room.
func (w *World) keep(s *server) {
	if w.now < s.diskFull {
		w.bites["disk-full"]++
		return
	}
	s.disk.kept, s.disk.replID, s.disk.offset = s.data, s.replID, s.offset
}

// fillDisk leaves a server no room for some time: nothing is written down, and a master refuses writes.
func (w *World) fillDisk(p *pod, long time.Duration) {
	if !w.keeps() {
		return
	}
	p.server.diskFull = w.now + long
	w.in(long, func() {
		if p.server.alive && w.now >= p.server.diskFull {
			w.keep(p.server)
		}
	})
}

// misconf reports whether a server has failed to write down what it holds. It refuses writes then, and PING as well: Sentinels take it for
// down, and no replica can begin to follow it. INFO and CONFIG it answers.
func (w *World) misconf(s *server) bool { return w.keeps() && w.now < s.diskFull }

// cannotTake reports whether a replica cannot write down what its master sends. It ends itself then, as Redis does unless it is told
// otherwise, and its container comes up again.
func (w *World) cannotTake(r *server) bool {
	if !w.misconf(r) || r.pod == nil {
		return false
	}
	w.bites["replica-ends-itself"]++
	w.killRedis(r.pod, 500*time.Millisecond)
	return true
}
