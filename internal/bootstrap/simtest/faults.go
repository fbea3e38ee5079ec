// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// The kinds of faults.
const (
	planned   = "planned"
	crashes   = "crashes"
	network   = "network"
	sentinels = "sentinels"
	meddling  = "meddling"
)

type fault struct {
	kind string
	do   func(w *World, who int, long time.Duration)
}

// faults is everything that can happen to a group, by the name that it has in scripts.
var faults = map[string]fault{
	"delete-pod":  {planned, func(w *World, who int, _ time.Duration) { w.remove(w.podOf(who)) }},
	"delete-lead": {planned, func(w *World, _ int, _ time.Duration) { w.remove(w.leader()) }},
	"rolling":     {planned, func(w *World, _ int, _ time.Duration) { w.rolling = w.Nodes }},
	"scale":       {planned, (*World).scale},
	"request":     {planned, (*World).request},

	"kill-redis":          {crashes, func(w *World, who int, long time.Duration) { w.killRedis(w.podOf(who), long/4) }},
	"kill-lead":           {crashes, func(w *World, _ int, long time.Duration) { w.killRedis(w.leader(), long/8) }},
	"kill-agent":          {crashes, func(w *World, who int, long time.Duration) { w.killAgent(w.podOf(who), long) }},
	"kill-agent-deciding": {crashes, func(w *World, who int, _ time.Duration) { mark(w.podOf(who), func(p *pod) { p.dieBefore = true }) }},
	"crash-pod":           {crashes, func(w *World, who int, _ time.Duration) { w.crash(w.podOf(who)) }},
	"crash-lead":          {crashes, func(w *World, _ int, _ time.Duration) { w.crash(w.leader()) }},
	"force-pod":           {crashes, func(w *World, who int, long time.Duration) { w.forceDelete(w.podOf(who), long) }},
	"force-lead":          {crashes, func(w *World, _ int, long time.Duration) { w.forceDelete(w.leader(), long) }},
	"lose-pod":            {crashes, func(w *World, who int, _ time.Duration) { w.losePod(who) }},
	"all-pods":            {crashes, func(w *World, _ int, _ time.Duration) { w.allPods(false) }},
	"all-pods-lost":       {crashes, func(w *World, _ int, _ time.Duration) { w.allPods(true) }},
	"everything":          {crashes, func(w *World, _ int, _ time.Duration) { w.allPods(false); w.allSentinels(true) }},
	"taken-address":       {crashes, (*World).takeAddress},
	"slow-load":           {crashes, func(w *World, _ int, long time.Duration) { w.slowLoad = long }},
	"hang-pod": {crashes, func(w *World, who int, long time.Duration) {
		mark(w.podOf(who), func(p *pod) { w.hang(p.server, long) })
	}},
	"hang-lead":    {crashes, func(w *World, _ int, long time.Duration) { mark(w.leader(), func(p *pod) { w.hang(p.server, long) }) }},
	"script-lead":  {crashes, func(w *World, _ int, long time.Duration) { mark(w.leader(), func(p *pod) { w.script(p, long) }) }},
	"slow-replica": {crashes, func(w *World, who int, long time.Duration) { mark(w.podOf(who), func(p *pod) { w.slowDown(p, long) }) }},
	"flushall":     {crashes, func(w *World, _ int, _ time.Duration) { w.flushAll() }},
	"twice":        {planned, func(w *World, who int, _ time.Duration) { mark(w.podOf(who), func(p *pod) { p.actTwice = true }) }},

	"cut-pod": {network, func(w *World, who int, long time.Duration) { mark(w.podOf(who), func(p *pod) { w.isolate(p, long) }) }},
	"island": {network, func(w *World, _ int, long time.Duration) {
		mark(w.leader(), func(p *pod) { w.isolate(p, long); w.addClient(p) })
	}},
	"overlay":     {network, func(w *World, _ int, long time.Duration) { mark(w.leader(), func(p *pod) { w.overlay(p, long) }) }},
	"cut-pair":    {network, (*World).cutPair},
	"cut-half":    {network, (*World).cutHalf},
	"freeze-pod":  {network, func(w *World, who int, long time.Duration) { mark(w.podOf(who), func(p *pod) { w.freezePod(p, long) }) }},
	"freeze-lead": {network, func(w *World, _ int, long time.Duration) { mark(w.leader(), func(p *pod) { w.freezePod(p, long) }) }},
	"zombie":      {network, (*World).zombie},
	"cut-api":     {network, func(w *World, who int, long time.Duration) { mark(w.podOf(who), func(p *pod) { w.cutAPI(p, long) }) }},
	"api-down":    {network, (*World).downAPI},
	"slow-watch":  {network, func(w *World, who int, long time.Duration) { mark(w.podOf(who), func(p *pod) { w.slowWatch(p, long) }) }},
	"lost-reply": {planned, func(w *World, who int, _ time.Duration) {
		mark(w.podOf(who), func(p *pod) { p.watch.loseReply = true })
	}},
	"lost-lead": {planned, func(w *World, _ int, _ time.Duration) { mark(w.leader(), func(p *pod) { p.watch.loseReply = true }) }},
	"lost-claim": {network, func(w *World, _ int, _ time.Duration) {
		for _, p := range w.pods {
			p.watch.loseRequest = p != w.leader()
		}
	}},
	"lost-request": {network, func(w *World, who int, _ time.Duration) {
		mark(w.podOf(who), func(p *pod) { p.watch.loseRequest = true })
	}},
	"clock": {network, func(w *World, who int, long time.Duration) { mark(w.podOf(who), func(p *pod) { w.jumpClock(p, long) }) }},

	"kill-sentinel":   {sentinels, func(w *World, who int, long time.Duration) { w.killSentinel(w.sentinelOf(who), false, long) }},
	"blank-sentinel":  {sentinels, func(w *World, who int, long time.Duration) { w.killSentinel(w.sentinelOf(who), true, long) }},
	"blank-all":       {sentinels, func(w *World, _ int, _ time.Duration) { w.allSentinels(true) }},
	"freeze-sentinel": {sentinels, (*World).freezeSentinel},
	"cut-sentinel":    {sentinels, (*World).cutSentinel},
	"kill-watcher":    {sentinels, func(w *World, who int, long time.Duration) { w.crashSentinelAgent(w.sentinelOf(who), long) }},
	"kill-master":     {sentinels, func(w *World, _ int, _ time.Duration) { w.crash(w.leader()) }},

	"demote":    {meddling, func(w *World, who int, _ time.Duration) { w.demoteByHand(who) }},
	"promote":   {meddling, func(w *World, who int, _ time.Duration) { w.promoteByHand(who) }},
	"force":     {meddling, func(w *World, who int, _ time.Duration) { w.meddled = true; w.forceFailover(w.sentinelOf(who)) }},
	"one-epoch": {meddling, func(w *World, who int, _ time.Duration) { w.oneEpoch(who) }},
	"reset":     {meddling, func(w *World, who int, _ time.Duration) { w.reset(w.sentinelOf(who)) }},
	"spoof":     {meddling, (*World).spoof},
}

func mark(p *pod, do func(*pod)) {
	if p != nil {
		do(p)
	}
}

// leader is the pod that the record names, if it lives.
func (w *World) leader() *pod {
	for _, p := range w.pods {
		if !p.gone && p.uid == w.api().record.PodUID {
			return p
		}
	}
	return w.podOf(0)
}

func (w *World) sentinelOf(who int) *sentinel { return w.sentinels[who%len(w.sentinels)] }

func (w *World) scale(_ int, long time.Duration) {
	if w.Nodes < 2 {
		return
	}
	w.change(func(s *state) { s.replicas = w.Nodes - 1 })
	w.remove(w.podOf(w.Nodes - 1))
	w.in(long, func() { w.change(func(s *state) { s.replicas = w.Nodes }) })
}

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

func (w *World) flushAll() {
	if p := w.leader(); p != nil && w.accepts(p.server) {
		w.write(p.server, 0)
	}
}

func (w *World) isolate(p *pod, long time.Duration) {
	w.zone(p.host, long)
	p.disturbed = w.now + long
}

// zone moves a host out of the network for some time.
func (w *World) zone(h *host, long time.Duration) {
	w.hosts++
	zone := w.hosts
	h.zone = zone
	w.in(long, func() {
		if h.zone == zone {
			h.zone = 0
		}
	})
}

func (w *World) block(a, b *host, long time.Duration) {
	w.blocked[pair{a.id, b.id}] = true
	w.in(long, func() { delete(w.blocked, pair{a.id, b.id}) })
}

// cutPair separates two pods, or a pod and a Sentinel.
func (w *World) cutPair(who int, long time.Duration) {
	p := w.podOf(who)
	if p == nil {
		return
	}
	p.disturbed = w.now + long
	if q := w.podOf((who + 1) % w.Nodes); q != nil && q != p && w.chance(60) {
		q.disturbed = w.now + long
		w.block(p.host, q.host, long)
		return
	}
	w.block(p.host, w.sentinelOf(w.rng.IntN(len(w.sentinels))).host, long)
}

// cutHalf cuts off a pod and a Sentinel together; they reach each other.
func (w *World) cutHalf(who int, long time.Duration) {
	p := w.podOf(who)
	if p == nil {
		return
	}
	w.isolate(p, long)
	s := w.sentinelOf(who)
	w.zone(s.host, long)
	s.disturbed = w.now + long
	s.host.zone = p.host.zone
	w.in(long, func() { s.host.zone = 0 })
}

func (w *World) freezePod(p *pod, long time.Duration) {
	w.freeze(p.host)
	p.disturbed = w.now + long
	w.in(long, func() { w.thaw(p.host) })
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

func (w *World) cutAPI(p *pod, long time.Duration) {
	p.host.noAPI, p.disturbed = true, w.now+long
	w.in(long, func() { p.host.noAPI = false })
}

func (w *World) downAPI(_ int, long time.Duration) {
	w.apiDown = true
	for _, p := range w.pods {
		p.disturbed = w.now + long
	}
	w.in(long, func() { w.apiDown, w.apiBack = false, w.now })
}

func (w *World) slowWatch(p *pod, long time.Duration) {
	p.watch.lag, p.disturbed = long, w.now+2*long
	w.in(long, func() { p.watch.lag = 20 * time.Millisecond })
}

func (w *World) jumpClock(p *pod, long time.Duration) {
	if w.chance(50) {
		long = -long
	}
	p.host.skew += 20 * long
}

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

func (w *World) freezeSentinel(who int, long time.Duration) {
	s := w.sentinelOf(who)
	s.disturbed = w.now + long
	w.freeze(s.host)
	w.in(long, func() { w.thaw(s.host) })
}

func (w *World) cutSentinel(who int, long time.Duration) {
	s := w.sentinelOf(who)
	s.disturbed = w.now + long
	w.zone(s.host, long)
}

func (w *World) demoteByHand(who int) {
	w.meddled = true
	p, q := w.podOf(who), w.podOf((who+1)%w.Nodes)
	if p != nil && q != nil && p != q && p.server.up(w.now) {
		w.point(p.server, q.server.address, false)
	}
}

func (w *World) promoteByHand(who int) {
	w.meddled = true
	if p := w.podOf(who); p != nil && p.server.up(w.now) {
		w.promote(p.server, false)
	}
}

// oneEpoch makes a Sentinel name a replica at the very epoch of the record, as after an election that met a claim.
func (w *World) oneEpoch(who int) {
	w.meddled = true
	s, p := w.sentinelOf(who), w.podOf((w.leader().ordinal+1)%w.Nodes)
	if s.alive && s.monitors && p != nil && p != w.leader() {
		s.configEpoch = w.api().record.Epoch
		w.switchTo(s, p.server.address)
	}
}

// spoof publishes a hello that names an address which no pod has.
func (w *World) spoof(who int, _ time.Duration) {
	w.meddled = true
	s := w.sentinelOf(who)
	if s.alive && s.monitors {
		w.hearHello(s, w.newAddress(), s.configEpoch+1, s.current+1)
	}
}

// overlay cuts a pod off from all other pods and from clients elsewhere; it keeps the API. A client beside it goes on writing.
func (w *World) overlay(p *pod, long time.Duration) {
	p.disturbed = w.now + long
	for _, q := range w.pods {
		if q != p {
			w.block(p.host, q.host, long)
		}
	}
	for _, x := range w.sentinels {
		w.block(p.host, x.host, long)
	}
	w.block(p.host, w.client.host, long)
	w.addClient(p)
}

// script keeps a pod's server with a script of a client beside it.
func (w *World) script(p *pod, long time.Duration) {
	if w.accepts(p.server) {
		w.runScript(&client{host: p.host, stays: p}, p.server, long)
	}
}

// slowDown delays what a replica gets from its master, for some time.
func (w *World) slowDown(p *pod, long time.Duration) {
	p.server.slow = long
	w.in(long, func() { p.server.slow = 0 })
}
