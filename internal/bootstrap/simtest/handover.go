// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"errors"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
)

var errNoClaim = errors.New("the heir did not take the mastership in time")

// handing is one handover on its way; the steps are those of internal/bootstrap/act.
type handing struct {
	w          *World
	p          *pod
	v          decide.View
	d          decide.Decision
	generation int
	run        string
}

func (w *World) handOver(p *pod, v decide.View, d decide.Decision) {
	h := &handing{w: w, p: p, v: v, d: d, generation: p.generation, run: p.server.run}
	p.server.paused = w.now + decide.HandoverFirstPause
	h.poll(decide.HandoverCatchUp, h.caughtUp, h.offer, func() { h.resume(errNoClaim) })
}

// poll asks until the answer is yes or the time is over; a dead agent asks no more.
func (h *handing) poll(most time.Duration, yes func() bool, then, otherwise func()) {
	end := h.w.now + most
	var ask func()
	ask = func() {
		switch {
		case h.p.generation != h.generation:
		case yes():
			then()
		case h.w.now >= end:
			otherwise()
		default:
			h.w.on(h.p.host, decide.HandoverPollEvery, ask)
		}
	}
	ask()
}

func (h *handing) heir() decide.Redis { return h.w.info(h.p.host, h.w.listeners[h.d.Successor.Address]) }

func (h *handing) caughtUp() bool {
	own, heir := h.p.server, h.heir()
	return own.up(h.w.now) && heir.Answer == decide.Up && heir.ReplID == own.replID && heir.Offset >= own.offset && heir.RunID == h.d.Successor.Redis.RunID
}

func (h *handing) offer() {
	own, heir := h.p.server, h.heir()
	own.paused = h.w.now + decide.HandoverLongPause
	next := h.v.Record
	next.Offer = &decide.Offer{PodUID: h.d.Successor.UID, RunID: heir.RunID, ReplID: heir.ReplID, Offset: heir.Offset}
	if h.w.Deciders.NamesHeir { // the design that PROTOCOL forbids
		next.Holder, next.PodUID, next.Address = h.d.Successor.Name, h.d.Successor.UID, h.d.Successor.Address
		next.Epoch = decide.NextEpoch(h.v.Now, next.Epoch)
		next.Offer = nil
	}
	switch err := h.w.write1(h.p, h.v, next); {
	case errors.Is(err, errConflict), err != nil && h.w.Deciders.UnpausesBlindly:
		h.resume(err)
		return
	case err != nil:
		h.stepDown(err)
		return
	}
	h.w.wakePod(h.w.podOf(h.d.Successor.Ordinal))
	h.poll(decide.HandoverClaimTime, h.promoted, h.move, func() { h.withdraw(next) })
}

func (h *handing) promoted() bool {
	heir := h.heir()
	return heir.Answer == decide.Up && heir.Role == decide.Master
}

// withdraw takes the offer back; where that fails it may have been taken.
func (h *handing) withdraw(offered decide.Record) {
	w, p := h.w, h.p
	now := w.recordOf(&p.watch)
	if now.PodUID == p.uid && now.Epoch == offered.Epoch {
		next := now
		next.Offer = nil
		if written, err := w.swap(p.host, &p.watch, now, next); err == nil {
			p.watch.learned = written
			h.resume(errNoClaim)
			return
		}
	}
	h.poll(decide.HandoverClaimTime, h.promoted, h.move, func() { h.stepDown(errNoClaim) })
}

// move follows the heir, and keeps the clients until Sentinels name it.
func (h *handing) move() {
	if h.p.server.run == h.run && h.p.server.alive {
		h.w.checkFollow(h.p, h.d.Successor.Address, h.d.Reason)
		h.w.point(h.p.server, h.d.Successor.Address, true)
	}
	named := func() bool {
		n := 0
		for _, s := range h.w.sentinels {
			if a := h.w.askSentinel(h.p.host, s); a.Answered && a.Address == h.d.Successor.Address {
				n++
			}
		}
		return n > len(h.w.sentinels)/2
	}
	h.poll(decide.HandoverMoveTime, named, func() { h.resume(nil) }, func() { h.resume(nil) })
}

// stepDown serves nobody.
func (h *handing) stepDown(err error) {
	if h.p.server.run == h.run && h.p.server.alive {
		h.w.point(h.p.server, decide.FenceAddress, true)
	}
	h.resume(err)
}

// resume ends the pause and the turn.
func (h *handing) resume(err error) {
	if h.p.server.run == h.run {
		h.p.server.paused = 0
	}
	h.w.finish(h.p, h.v, h.d, err)
}
