// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"errors"
	"fmt"
	"time"

	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/decide"
	"github.com/redis-sentinel/redis-sentinel-webhook/internal/bootstrap/model"
)

// The times of a handover.
const (
	// prepareTime is how long the successor's agent may take to read the offer. It looks at the whole group first, and waits for what is
	// silent there. Nothing is held back meanwhile.
	prepareTime = 1500 * time.Millisecond
	// catchUpTime bounds the wait for the successor to have everything that was written; the first pause outlasts it.
	catchUpTime = time.Second
	// firstPause stays below the smallest down-after: a paused master answers PING late, because hellos wait with the writes.
	firstPause = 1500 * time.Millisecond
	// longPause covers the word and the claim, for which there is wholeTime, and a minute more: it ends by itself, also where the agent
	// has died or the server hangs, and whoever leads by then must have had the time to demote my Redis. Sentinels do that within ten
	// seconds. Refusing the writes would be surer, and clients would see it: a refusal comes before the pause.
	longPause = wholeTime + time.Minute
	// wholeTime is when the outcome of a handover must be known, and at most a second before Sentinels take the paused master for
	// down; leastTime is less than which nobody could decide in.
	wholeTime = 6 * time.Second
	leastTime = 2 * time.Second
	// acceptTime is how long the successor has to claim and promote.
	acceptTime = time.Second
	// announceTime is how long clients are kept so that Sentinels can name the successor.
	announceTime = time.Second
	// rerouteTime is how long clients that come through the Service are kept so that it can lead to the successor. The API server has to
	// be told, and proxies on nodes follow changes at most once a second.
	rerouteTime = 1500 * time.Millisecond
	// askEvery is how often a server is asked while writes are held back, and prepareEvery how often the successor's agent is asked
	// before that, which waits itself before it says no.
	askEvery     = 5 * time.Millisecond
	prepareEvery = 50 * time.Millisecond
)

var (
	// ErrNotPrepared ends a handover whose successor's agent has not said in time that it would accept. Writes were not held back.
	ErrNotPrepared = fmt.Errorf("the successor's agent did not say in time that it would accept: %w", decide.ErrNothingHeld)
	// ErrNotCaughtUp ends a handover whose successor did not get everything that was written in time. Writes go on.
	ErrNotCaughtUp = errors.New("the successor did not catch up in time")
	// ErrElected ends a handover in which a Sentinel was elected to replace my Redis: two successors would be one too many. Writes that
	// are held back stay so until that is over.
	ErrElected = errors.New("a Sentinel was elected to replace the master")
	// ErrNotAccepted ends a handover whose successor did not accept the mastership in time.
	ErrNotAccepted = errors.New("the successor did not accept the mastership in time; it was taken back")
)

// Next takes one step.
func (h State) Next(v View) (Step, State) {
	step, next := h.step(v)
	if next.stage != h.stage && next.began[next.stage].IsZero() {
		next.began[next.stage] = v.Now
	}
	return step, next
}

func (h State) step(v View) (Step, State) {
	switch h.stage {
	case starting:
		h.stage, h.pausedBy = offering, v.Now.Add(h.calm)
		return Step{Record: h.withOffer(), Notify: h.successor.Address}, h
	case offering:
		if v.Written != Accepted { // should the offer stand, nobody can accept it
			return Step{Done: true, Err: v.Err}, h
		}
		h.stage, h.until = preparing, v.Now.Add(prepareTime)
		return Step{}, h
	case preparing:
		return h.prepare(v)
	case catchingUp:
		return h.catchUp(v)
	case extending:
		switch {
		case v.Elected:
			return h.end(ErrElected)
		case v.Err != nil:
			return h.resume(v.Err)
		}
		h.stage = telling
		return Step{Tell: h.word}, h
	case telling:
		if v.Told == Refused {
			return h.withdraw(v)
		}
		h.stage, h.until = awaiting, h.soonest(v.Now.Add(acceptTime))
		return Step{}, h
	case awaiting:
		return h.await(v)
	case withdrawing:
		if v.Written == Accepted {
			return h.resume(ErrNotAccepted)
		}
		h.refused = v.Written == Refused
		return h.awaitStill(v)
	case awaitingStill:
		switch {
		case accepted(v):
			return h.announce(v)
		case h.refused && v.Record.Version != h.tried && h.names(v.Record): // somebody wrote something else into it
			return h.withdraw(v)
		case !v.Now.Before(h.until):
			return h.serveNobody(ErrNotAccepted)
		}
		return Step{Recheck: askEvery}, h
	case announcing:
		if !v.Announced && v.Now.Before(h.until) { // late Sentinels cost clients a retry
			return Step{Recheck: askEvery}, h
		}
		return h.reroute(v)
	case rerouting:
		return h.awaitRoute(v)
	case ending:
		return h.part(v)
	case parting:
		return h.sendRestAway(v)
	case stages:
	}
	return Step{Done: true, Err: errors.Join(h.outcome, v.Err)}, h
}

// catchUp waits until the successor has everything that I have.
func (h State) catchUp(v View) (Step, State) {
	own, to := &v.Own, &v.Successor
	switch {
	case v.Elected:
		return h.end(ErrElected)
	case v.Err != nil: // it is unknown whether writes are paused; the pause ends by itself soon
		return Step{Done: true, Err: v.Err}, h
	case !v.Now.Before(h.until): // before all else: the first pause could be over before the second one reaches the server
		return h.resume(ErrNotCaughtUp)
	case own.Answer == model.Up && to.Answer == model.Up && to.ReplID == own.ReplID && to.Offset >= own.Offset && to.RunID == h.successor.Redis.RunID:
		h.stage = extending
		return Step{Commands: []decide.Command{{Do: decide.PauseWrites, For: longPause}, {Do: decide.NeedNoReplicas}}}, h
	}
	return Step{Recheck: askEvery}, h
}

// withOffer is the record with the sealed offer.
func (h State) withOffer() *model.Record {
	next, to := h.record, &h.successor.Redis
	next.Offer = &model.Offer{PodUID: h.successor.UID, RunID: to.RunID, ReplID: to.ReplID, Offset: to.Offset, Reason: string(h.reason), Seal: h.Seal()}
	return &next
}

// prepare waits until the successor's agent has read the offer and would accept it. What is wrong with it shows before clients wait.
func (h State) prepare(v View) (Step, State) {
	switch {
	case v.Elected:
		return h.giveUp(v, ErrElected)
	case !v.Now.Before(h.pausedBy):
	case v.Prepared && h.mayRest(v):
		h.until = v.Now.Add(prepareTime) // one answer that is late ends nothing
		return Step{Recheck: restEvery}, h
	case v.Prepared:
		h.service = v.Service
		h.stage, h.until, h.deadline = catchingUp, v.Now.Add(catchUpTime), v.Now.Add(h.whole)
		return Step{Commands: []decide.Command{{Do: decide.PauseWrites, For: firstPause}}}, h
	case v.Now.Before(h.until):
		return Step{Recheck: prepareEvery}, h
	}
	return h.giveUp(v, ErrNotPrepared)
}

// giveUp takes the offer back, whose word nobody knows, before anything was held back.
func (h State) giveUp(v View, why error) (Step, State) {
	h.stage, h.outcome = ending, why
	return Step{Record: withoutOffer(v.Record)}, h
}

func withoutOffer(r model.Record) *model.Record {
	r.Offer = nil
	return &r
}

// await waits for the successor's promotion, and takes back the offer if it does not come.
func (h State) await(v View) (Step, State) {
	switch {
	case accepted(v):
		return h.announce(v)
	case v.Now.Before(h.until):
		return Step{Recheck: askEvery}, h
	case !h.names(v.Record): // it was accepted
		return h.awaitStill(v)
	}
	return h.withdraw(v)
}

// names reports whether a record names my Redis still, at the epoch of its mastership.
func (h State) names(r model.Record) bool {
	return r.PodUID == h.self && r.Epoch == h.record.Epoch
}

func (h State) withdraw(v View) (Step, State) {
	h.stage, h.tried, h.refused = withdrawing, v.Record.Version, false
	return Step{Record: withoutOffer(v.Record)}, h
}

func (h State) awaitStill(v View) (Step, State) {
	h.stage, h.until = awaitingStill, h.soonest(v.Now.Add(acceptTime))
	return Step{}, h
}

// announce waits until clients can find the successor, which leads.
func (h State) announce(v View) (Step, State) {
	h.stage, h.until = announcing, h.soonest(v.Now.Add(announceTime))
	return Step{}, h
}

// resume lets writes go on where they were.
func (h State) resume(why error) (Step, State) {
	return h.end(why, decide.Command{Do: decide.ResumeWrites})
}

// serveNobody leaves the question which pod leads to the record. A Redis that cannot be fenced stays paused.
func (h State) serveNobody(why error) (Step, State) {
	return h.end(why, decide.Command{Do: decide.ReplicateFrom, Master: model.FenceAddress}, decide.Command{Do: decide.DisconnectClients}, decide.Command{Do: decide.ResumeWrites})
}

func (h State) end(outcome error, commands ...decide.Command) (Step, State) {
	h.stage, h.outcome = ending, outcome
	return Step{Commands: commands}, h
}

// soonest is an instant, or the deadline where that comes first.
func (h State) soonest(at time.Time) time.Time {
	if h.deadline.Before(at) {
		return h.deadline
	}
	return at
}

// accepted reports whether the successor answers as master.
func accepted(v View) bool {
	return v.Successor.Answer == model.Up && v.Successor.Role == model.Master
}
