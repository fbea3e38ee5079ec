// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"time"
)

// The kinds of faults.
const (
	planned   = "planned"
	crashes   = "crashes"
	network   = "network"
	sentinels = "sentinels"
	meddling  = "meddling"
	// acts are what agents do, each going wrong alone, and hangs are those with which a server hangs, or the API.
	acts  = "acts"
	hangs = "hangs"
	// staleness is of one watch alone, and limits are those of servers and of the API: connections, disks and what is let in.
	staleness = "staleness"
	limits    = "limits"
)

type fault struct {
	kind string
	do   func(w *World, who int, long time.Duration)
}

// excuses reports whether acknowledged writes may be lost by a fault. That one act goes wrong, or one watch stands still, is no reason.
func (f fault) excuses() bool { return f.kind != planned && f.kind != acts && f.kind != staleness }

// mixes reports whether a fault is among those of scripts with all kinds.
func (f fault) mixes() bool {
	return f.kind == planned || f.kind == crashes || f.kind == network || f.kind == sentinels
}

// faults is everything that can happen to a group, by the name that it has in scripts.
var faults = withStaleness(withMishaps(map[string]fault{
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
	"reset":     {meddling, func(w *World, who int, _ time.Duration) { w.overruled = true; w.reset(w.sentinelOf(who)) }},
	"spoof":     {meddling, (*World).spoof},

	"full-pod": {limits, func(w *World, who int, long time.Duration) {
		mark(w.podOf(who), func(p *pod) { w.fill(p.server, 2*long) })
	}},
	"full-lead":      {limits, func(w *World, _ int, long time.Duration) { mark(w.leader(), func(p *pod) { w.fill(p.server, 2*long) }) }},
	"disk-pod":       {limits, func(w *World, who int, long time.Duration) { mark(w.podOf(who), func(p *pod) { w.fillDisk(p, long) }) }},
	"disk-lead":      {limits, func(w *World, _ int, long time.Duration) { mark(w.leader(), func(p *pod) { w.fillDisk(p, long) }) }},
	"refused-leases": {limits, (*World).refuseLeases},
	"read-only":      {limits, (*World).readOnly},
	"restored":       {limits, (*World).restoreRecord},
}))

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
