// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// What ends at once: processes, pods, volumes and Sentinels.

func (w *World) killRedis(p *pod, after time.Duration) {
	if p == nil || !p.server.alive {
		return
	}
	p.disturbed = w.now
	w.die(p.server, false)
	w.noteLost()
	w.on(p.host, max(after, 15*time.Millisecond), func() {
		if !p.gone && !p.server.alive {
			w.boot(p.server)
		}
	})
}

func (w *World) killAgent(p *pod, after time.Duration) {
	if p != nil && p.agent {
		w.crashAgent(p, min(after, 5*time.Second))
	}
}

// crash ends a pod as if its machine had lost power; the controller makes another one.
func (w *World) crash(p *pod) {
	if p == nil || p.gone {
		return
	}
	w.end(p)
}

// forceDelete removes the pod's object at once; its processes go on until the kubelet has heard of it.
func (w *World) forceDelete(p *pod, long time.Duration) {
	if p == nil || p.gone {
		return
	}
	w.disks[p.ordinal] = p.server.disk.copied()
	w.forget(p)
	w.on(p.host, 200*time.Millisecond+long/8, func() {
		w.stopAgent(p)
		w.die(p.server, false)
		p.host.gone = true
		w.noteLost()
	})
}

func (w *World) losePod(who int) {
	w.crash(w.podOf(who))
	w.loseClaim(who)
}

func (w *World) allPods(volumes bool) {
	for o := range w.Nodes {
		w.crash(w.podOf(o))
		if volumes {
			w.loseClaim(o)
		}
	}
}

const foreignRoot = "another group's"

// takeAddress crashes a pod, and starts another group's Redis at its address.
func (w *World) takeAddress(who int, long time.Duration) {
	p := w.podOf(who)
	if p == nil {
		return
	}
	w.crash(p)
	address := p.server.address
	w.in(2*time.Second+long/3, func() {
		w.writes++
		foreign := &version{root: foreignRoot, keys: 1000, write: w.writes}
		s := &server{host: w.newHost(), address: address, disk: &disk{kept: foreign}, alive: true, run: "server-of-another-group", loading: w.now}
		s.role, s.data, s.replID, s.replID2, s.offset, s.hadReplica = model.Master, foreign, w.freshID(), noID, 5000, true
		w.servers = append(w.servers, s)
		w.listeners[address] = s
	})
}

// zombie deletes a pod by force while it is cut off, so that it is recreated elsewhere; the old one comes back into the network
// later.
func (w *World) zombie(who int, long time.Duration) {
	p := w.podOf(who)
	if p == nil {
		return
	}
	w.hosts++
	p.host.zone = w.hosts
	w.disks[who] = p.server.disk.copied()
	w.forget(p)
	w.noteLost()
	w.in(long, func() {
		p.host.zone = 0
		w.in(5*time.Second, func() {
			w.stopAgent(p)
			w.die(p.server, false)
			p.host.gone = true
		})
	})
}

// copied returns a copy: the old pod's machine goes on writing into what it has mounted, and the new pod has what was there.
func (d *disk) copied() *disk { c := *d; return &c }

func (w *World) killSentinel(s *sentinel, blank bool, long time.Duration) {
	s.alive = false
	s.life++
	if !blank {
		w.on(s.host, min(long, 5*time.Second), func() {
			if !s.alive {
				w.bootSentinel(s, false)
			}
		})
		return
	}
	w.crashSentinelAgent(s, min(long, 5*time.Second))
	w.on(s.host, min(long, 5*time.Second), func() { w.seed(s) })
}

func (w *World) allSentinels(blank bool) {
	for _, s := range w.sentinels {
		w.killSentinel(s, blank, w.between(0, 4*time.Second))
	}
}
